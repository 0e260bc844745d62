"""The XNAT adapter's step 10 on the stand-in: a server of either version family."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.xnat.site import SiteOptions
from adapters.xnat.labels import subject_key
from tests.conformance.publication import PublicationConformance, PublicationPlace
from tests.conformance.test_xnat import NOWHERE, opener
from transfer.publication.values import Texts

TEXTS: Texts = {
    "description": ("Two lines\nof CT.",),
    "keywords": ("lung", "breast cancer"),
    "pi_title": ("Dr",),
    "pi_first_name": ("Ann",),
    "pi_last_name": ("Lee",),
    "pi_institution": ("North Hospital",),
}
SUBJECTS = ("SUBJ-1", "SUBJ-2")
_numbers = itertools.count(1)


class _OnStandIn(PublicationConformance):
    options = SiteOptions()

    @pytest.fixture(scope="class")
    def server(self) -> Iterator[Sandbox]:
        with in_thread(Options(xnat=self.options)) as running:
            yield running
            assert list(running.crashes) == []

    @pytest.fixture
    def place(self, server: Sandbox, tmp_path: Path) -> PublicationPlace:
        homes = tmp_path / "homes"
        homes.mkdir()
        table = {
            "url": server.xnat_url,
            "username": "ingester",
            "ca_file": str(server.ca_file),
        }
        key = f"PROJECT_{next(_numbers)}"

        async def draft() -> str:
            """The destination is the dataset."""
            archive = server.xnat.archive
            for label in SUBJECTS:
                subject = archive.add_subject(key, label)
                archive.add_session(subject, f"{label}_1", "xnat:ctSessionData")
            return key

        return PublicationPlace(
            destination=key,
            open=opener(homes / "ours", table, "ingester"),
            stranger=opener(homes / "stranger", table | {"username": "stranger"}, "not-the-one"),
            nowhere=opener(homes / "nowhere", table | {"url": NOWHERE}, "ingester"),
            draft=draft,
            subjects=[subject_key(label) for label in SUBJECTS],
            texts=TEXTS,
            secrets=("not-the-one",),
        )

    @pytest.fixture(autouse=True)
    def there(self, place: PublicationPlace, server: Sandbox) -> None:
        """A destination is there before a dataset is."""
        server.xnat.archive.add_project(place.destination, "ingester")


class TestXnatOnStandIn(_OnStandIn):
    """1.8.10 and later."""


class TestOlderXnatOnStandIn(_OnStandIn):
    """1.8.9 and before, where visitors may browse, and texts are kept with their signs written
    out."""

    options = SiteOptions(line="1.8", has_guests=True, escapes_texts=True)
