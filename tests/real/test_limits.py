"""What nginx, as most fronts are, says to a request that is announced and not sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.probe.asking import only_trouble, probed
from tests.real.front import free_port, front, program

pytestmark = pytest.mark.skipif(
    program("nginx") is None, reason="no nginx: apt-get install nginx-light"
)


def _passed_on() -> str:
    """Bodies are taken in for a server that is not there; a question is answered at once."""
    upstream = f"http://127.0.0.1:{free_port()}"
    return f"if ($request_method = GET) {{ return 404; }} proxy_pass {upstream};"


@pytest.mark.parametrize("asks_to_sign_in", [True, False])
async def test_the_limit_of_an_ingress_that_nobody_set_is_found_without_sending_anything(
    asks_to_sign_in: bool, tmp_path: Path
) -> None:
    """1 MB, unless the cluster says otherwise (upv-node.md 2.2); it shows before any sign-in."""
    location = "return 401;" if asks_to_sign_in else _passed_on()
    with front(tmp_path, location=location, max_body_bytes=1 << 20) as node:
        results = await probed(node.url, node.ca_file, upload_bytes=16 << 20)
    trouble = only_trouble(results, "warn")
    assert trouble.check == "limits"
    assert trouble.message == "The node refuses requests of 16 MiB and takes 1 MiB."


async def test_a_front_that_takes_a_batch_says_so(tmp_path: Path) -> None:
    with front(tmp_path, location=_passed_on(), max_body_bytes=64 << 20) as node:
        results = await probed(node.url, node.ca_file, upload_bytes=16 << 20)
    assert {result.state for result in results} == {"ok"}
    (limits,) = [result for result in results if result.check == "limits"]
    assert limits.message == "The node takes requests of 16 MiB, but none of 1 GiB."
    assert "clock" in [result.check for result in results]
