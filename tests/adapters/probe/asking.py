"""One address probed as a node's doctor does it, and what came of it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.probe.target import Target
from adapters.probe.walk import probe
from adapters.proxies import rules_from
from adapters.sessions import Way
from adapters.tls import ClientCertificate
from transfer.node import CheckResult


async def probed(
    url: str,
    ca_file: Path | None = None,
    *,
    environ: dict[str, str] | None = None,
    password: str | None = None,
    seconds: float = 5.0,
    clock: Callable[[], float] = time.time,
    certificate: ClientCertificate | None = None,
    upload_bytes: int = 0,
    optional: str = "",
) -> list[CheckResult]:
    """Every line about one target, which is called "node"."""
    way = Way(
        node="n",
        ca_file=ca_file,
        client_certificate=certificate,
        proxies=rules_from(environ or {}, password),
        connect_timeout_s=seconds,
        read_timeout_s=seconds,
    )
    upload_url = f"{url}/upload" if upload_bytes else ""
    target = Target("node", f"{url}/question", upload_url, upload_bytes, optional=optional)
    return [result async for result in probe([target], way, clock=clock)]


def only_trouble(results: Sequence[CheckResult], state: str = "fail") -> CheckResult:
    """The one line that is not ok, told whole. What failed came last."""
    troubles = [result for result in results if result.state != "ok"]
    assert len(troubles) == 1, [(r.check, r.state, r.message) for r in results]
    (trouble,) = troubles
    assert trouble.state == state
    if state == "fail":
        assert results[-1] is trouble
        assert trouble.exit_code in (2, 5, 6)
    assert trouble.message
    assert trouble.remedy
    assert trouble.tried
    assert trouble.whom
    return trouble


def lines(results: Sequence[CheckResult]) -> list[tuple[str, str]]:
    return [(result.check, result.state) for result in results]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that neither takes nor refuses a connection: its queue is full, so that the kernel
    drops what comes, as a firewall does."""
    with contextlib.ExitStack() as open_ones:
        listener = socket.socket()
        open_ones.callback(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(8):
            filler = socket.socket()
            open_ones.callback(filler.close)
            filler.settimeout(0.2)
            try:
                filler.connect(address)
            except TimeoutError:
                break
        else:
            raise AssertionError("the queue took everything")
        yield address[1]


@contextmanager
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, kept so while the block runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
