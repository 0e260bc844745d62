"""The fixture itself: is what the other tests lean on really there?"""

from __future__ import annotations

import socket
import ssl
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.real.orthanc import missing_software, orthanc_behind_tls

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(bool(missing_software()), reason=missing_software()),
]


def test_orthanc_answers_dicomweb_over_tls_1_3_and_is_gone_afterwards(tmp_path: Path) -> None:
    with orthanc_behind_tls(tmp_path) as server:
        trusting = ssl.create_default_context(cafile=str(server.ca_file))
        address = urlsplit(server.dicomweb_url)
        assert address.port is not None
        with (
            socket.create_connection(("127.0.0.1", address.port), timeout=10) as plain,
            trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.version() == "TLSv1.3"
        with urllib.request.urlopen(  # noqa: S310 -- https, our own server
            f"{server.dicomweb_url}/studies", context=trusting, timeout=30
        ) as answer:
            assert answer.read().strip() == b"[]"
        assert server.sop_instance_uids() == []
    with pytest.raises(ConnectionRefusedError, match="refused"):
        socket.create_connection(("127.0.0.1", address.port), timeout=10)
