"""The UPV adapter: on Orthanc behind TLS 1.3, and on the stand-in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.registry import open_node
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.secrets import SecretStore
from tests.conformance.made import fresh_series, many
from tests.conformance.suite import NodeConformance, Site
from tests.real.orthanc import OrthancServer, missing_software, orthanc_behind_tls
from transfer.node import Batch, Node
from transfer.values import SOPInstanceUID

DESTINATION = "SANDBOX|MAIN"
# Port 9 (discard) of loopback: nobody listens there.
NOWHERE = "https://127.0.0.1:9/dicom-web"
TOKEN = "a-token-for-the-conformance-suite"


def opener(home: Path, table: Mapping[str, str], secrets: Mapping[str, str]) -> Callable[[], Node]:
    """Opens a node by the configuration that an operator would write."""
    home.mkdir()
    lines = ["[nodes.one]", 'kind = "upv"', *(f'{key} = "{value}"' for key, value in table.items())]
    (home / "config.toml").write_text("\n".join(lines))

    def opened() -> Node:
        store = SecretStore(home, environ={}, keyring=lambda: None)
        for name, value in secrets.items():
            store.hold(f"one.{name}", value)
        return open_node(load_profiles(home)["one"], store, home=home)

    return opened


@pytest.mark.orthanc
@pytest.mark.skipif(bool(missing_software()), reason=missing_software())
class TestUpvOnOrthanc(NodeConformance):
    """Real software: Debian's Orthanc, which wants a bearer token at its front."""

    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrthancServer]:
        with orthanc_behind_tls(tmp_path_factory.mktemp("orthanc"), bearer=TOKEN) as running:
            yield running

    @pytest.fixture
    def site(self, server: OrthancServer, tmp_path: Path) -> Site:
        table = {
            "dicomweb_url": server.dicomweb_url,
            "auth": "token",
            "ca_file": str(server.ca_file),
        }
        at = tmp_path / "homes"
        at.mkdir()

        def stored(uid: SOPInstanceUID) -> bytes | None:
            try:
                return server.stored_bytes(uid)
            except LookupError:
                return None

        return Site(
            destination=DESTINATION,
            open=opener(at / "ours", table, {"token": TOKEN}),
            stranger=opener(at / "stranger", table, {"token": "of-somebody-else"}),
            nowhere=opener(at / "nowhere", table | {"dicomweb_url": NOWHERE}, {"token": TOKEN}),
            stored=stored,
            secrets=(TOKEN, "of-somebody-else"),
        )


class TestUpvOnStandIn(NodeConformance):
    """The sandbox, which signs in by name and password as the node's realm does."""

    @pytest.fixture(scope="class")
    def record(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("record")

    @pytest.fixture(scope="class")
    def server(self, record: Path) -> Iterator[Sandbox]:
        with in_thread(Options(record=record)) as running:
            yield running
            assert list(running.crashes) == []

    @pytest.fixture
    def site(self, server: Sandbox, tmp_path: Path) -> Site:
        table = {
            "dicomweb_url": server.endpoints.dicomweb_url,
            "issuer_url": server.endpoints.issuer_url,
            "auth": "password",
            "username": "ingester",
            "ca_file": str(server.ca_file),
        }
        at = tmp_path / "homes"
        at.mkdir()

        def stored(uid: SOPInstanceUID) -> bytes | None:
            held = server.store.instance(uid)
            return held.path.read_bytes() if held else None

        return Site(
            destination=DESTINATION,
            open=opener(at / "ours", table, {"password": "ingester"}),
            # An account that does not exist: a wrong password would lock the other one.
            stranger=opener(
                at / "stranger", table | {"username": "stranger"}, {"password": "not-the-one"}
            ),
            nowhere=opener(
                at / "nowhere", table | {"dicomweb_url": NOWHERE}, {"password": "ingester"}
            ),
            stored=stored,
            secrets=("not-the-one",),
            username="ingester",
        )

    async def test_a_rehearsal_is_the_request_that_is_sent_but_for_boundary_and_credential(
        self, site: Site, node: Node, record: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "rehearsal"
        folder.mkdir()
        batch = Batch(5, DESTINATION, many(fresh_series(), 3))
        await node.rehearse(batch, folder)
        await node.send(batch, lambda _: None)
        rehearsed = (folder / "0005.http").read_bytes() + (folder / "0005.body").read_bytes()
        sent = _last_batch(record)
        assert _without_boundary(rehearsed) == _without_boundary(sent)
        written, real = _headers(rehearsed), _headers(sent)
        assert written.pop(b"authorization") == b"Bearer ***"
        assert real.pop(b"authorization").startswith(b"Bearer ey")
        assert written == real


def _last_batch(record: Path) -> bytes:
    """The newest STOW-RS request that the stand-in received."""
    return next(
        content
        for path in sorted(record.iterdir(), reverse=True)
        if (content := path.read_bytes()).startswith(b"POST /dicom-web/studies")
    )


def _without_boundary(request: bytes) -> bytes:
    """The body, with the boundary of this one request taken out."""
    found = re.search(rb"boundary=(\w+)", request)
    assert found is not None
    return request.split(b"\r\n\r\n", 1)[1].replace(found[1], b"")


def _headers(request: bytes) -> dict[bytes, bytes]:
    head = request.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]
    pairs = (line.split(b": ", 1) for line in head)
    return {name.lower(): value for name, value in pairs if name.lower() != b"content-type"}
