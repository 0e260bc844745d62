"""An answer that comes a byte at a time: each one is in time, and together they never end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
import requests

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sessions import Way, httpx_client, requests_session

_READ_TIMEOUT_S = 0.5
# Its head alone has more than a hundred bytes, and so takes half a minute.
_DRIP = "qido:drip=250"
_QUICKLY_S = 8.0


@pytest.fixture
def dripping() -> Iterator[Sandbox]:
    """A node that takes a quarter of a second for each byte of a listing."""
    with in_thread(Options(auth="none")) as sandbox:
        sandbox.fault(_DRIP)
        yield sandbox


def _way(sandbox: Sandbox) -> Way:
    return Way(ca_file=sandbox.ca_file, read_timeout_s=_READ_TIMEOUT_S)


async def test_a_dripping_answer_counts_as_silence_for_bulk_requests(dripping: Sandbox) -> None:
    began = time.monotonic()
    async with httpx_client(_way(dripping)) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"{dripping.endpoints.dicomweb_url}/studies")
    assert _READ_TIMEOUT_S <= time.monotonic() - began < _QUICKLY_S


def test_a_dripping_answer_counts_as_silence_for_the_libraries(dripping: Sandbox) -> None:
    url = dripping.endpoints.dicomweb_url
    began = time.monotonic()
    with (
        requests_session(url, _way(dripping)) as session,
        pytest.raises(requests.exceptions.ReadTimeout),
    ):
        session.get(f"{url}/studies")
    assert _READ_TIMEOUT_S <= time.monotonic() - began < _QUICKLY_S


def test_a_slow_answer_that_goes_on_is_waited_for() -> None:
    with in_thread(Options(auth="none")) as sandbox:
        url = sandbox.endpoints.dicomweb_url
        sandbox.fault("qido:drip=1")
        with requests_session(url, _way(sandbox)) as session:
            assert session.get(f"{url}/studies").json() == []
