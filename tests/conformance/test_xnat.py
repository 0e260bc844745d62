"""The XNAT adapter on the stand-in: a server of either version family."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.registry import open_node
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.xnat.site import PROJECT, SiteOptions
from adapters.secrets import SecretStore
from tests.conformance.clinical import ClinicalPlace, FileConformance, SubjectConformance
from tests.conformance.made import data_set
from tests.conformance.suite import NodeConformance, Site
from transfer.node import Node
from transfer.values import SOPInstanceUID

# Port 9 (discard) of loopback: nobody listens there.
NOWHERE = "https://127.0.0.1:9"
_numbers = itertools.count(1)


def opener(home: Path, table: Mapping[str, str], password: str) -> Callable[[], Node]:
    """Opens a node by the configuration that an operator would write."""
    home.mkdir()
    lines = ["[nodes.one]", 'kind = "xnat"', *(f'{k} = "{v}"' for k, v in table.items())]
    (home / "config.toml").write_text("\n".join([*lines, f'destinations = ["{PROJECT}"]']))

    def opened() -> Node:
        store = SecretStore(home, environ={}, keyring=lambda: None)
        store.hold("one.password", password)
        return open_node(load_profiles(home)["one"], store, home=home)

    return opened


class _OnStandIn(NodeConformance):
    options = SiteOptions()

    @pytest.fixture(scope="class")
    def server(self) -> Iterator[Sandbox]:
        with in_thread(Options(xnat=self.options)) as running:
            yield running
            assert list(running.crashes) == []

    @pytest.fixture
    def site(self, server: Sandbox, tmp_path: Path) -> Site:
        table = {
            "url": server.xnat_url,
            "username": "ingester",
            "ca_file": str(server.ca_file),
        }
        at = tmp_path / "homes"
        at.mkdir()

        def stored(uid: SOPInstanceUID) -> bytes | None:
            held = server.xnat.archived_objects() | server.xnat.waiting_objects()
            return held[uid].path.read_bytes() if uid in held else None

        return Site(
            destination=PROJECT,
            open=opener(at / "ours", table, "ingester"),
            # An account that does not exist: a wrong password would lock the other one.
            stranger=opener(at / "stranger", table | {"username": "stranger"}, "not-the-one"),
            nowhere=opener(at / "nowhere", table | {"url": NOWHERE}, "ingester"),
            stored=stored,
            secrets=("not-the-one",),
            username="ingester",
            kept=data_set,
        )


class TestXnatOnStandIn(_OnStandIn):
    """1.8.10 and later."""


class TestOlderXnatOnStandIn(_OnStandIn):
    """1.8.9 and before, where visitors may browse: an expired session becomes a guest's."""

    options = SiteOptions(line="1.8", has_guests=True)


class _Clinical:
    options = SiteOptions()

    @pytest.fixture(scope="class")
    def server(self) -> Iterator[Sandbox]:
        with in_thread(Options(xnat=self.options)) as running:
            yield running
            assert list(running.crashes) == []

    @pytest.fixture
    def place(self, server: Sandbox, tmp_path: Path) -> ClinicalPlace:
        table = {
            "url": server.xnat_url,
            "username": "ingester",
            "ca_file": str(server.ca_file),
        }
        at = tmp_path / "homes"
        at.mkdir()

        def fresh_subject() -> str:
            label = f"SUBJ-{next(_numbers):04}"
            server.xnat.archive.add_subject(PROJECT, label)
            return label

        def refuse(subject: str) -> None:
            server.fault(f"xnat:refuse-file={subject}")

        return ClinicalPlace(
            destination=PROJECT,
            open=opener(at / "ours", table, "ingester"),
            stranger=opener(at / "stranger", table | {"username": "stranger"}, "not-the-one"),
            nowhere=opener(at / "nowhere", table | {"url": NOWHERE}, "ingester"),
            fresh_subject=fresh_subject,
            refuse=refuse,
            secrets=("not-the-one",),
        )


class TestClinicalSubjectsOnXnat(_Clinical, SubjectConformance):
    """1.8.10 and later: a resource of each subject."""


class TestClinicalFilesOnXnat(_Clinical, FileConformance):
    """The same, a resource of the project."""


class TestClinicalSubjectsOnXnatWithoutChecksums(_Clinical, SubjectConformance):
    """What is there is told by its bytes."""

    options = SiteOptions(has_checksums=False)


class TestClinicalFilesOnXnatWithoutChecksums(_Clinical, FileConformance):
    options = SiteOptions(has_checksums=False)


class TestClinicalSubjectsOnOlderXnat(_Clinical, SubjectConformance):
    """1.8.9 and before, where visitors may browse."""

    options = SiteOptions(line="1.8", has_guests=True)
