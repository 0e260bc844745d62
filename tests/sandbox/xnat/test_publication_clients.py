"""What this program published, read back by the clients that researchers and owners use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.xnat.model import Project
from tests.adapters.xnat.publishing_place import Place, place_at
from tests.sandbox.xnat.clients import RealClient, installed
from transfer.publication.values import Stage

pytestmark = pytest.mark.timeout(900)

TEXTS = {
    "title": ("Lung CT <stage II & III>",),
    "description": ('Before treatment;\n"José", 東京',),
    "keywords": ("lung", "breast cancer"),
    "pi_first_name": ("Ann",),
    "pi_last_name": ("O'Lee",),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_at(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def projects(place: Place) -> dict[str, Project]:
    """One that this program made protected, with its texts, and one that it made public."""
    made = {level: place.project() for level in ("protected", "public")}

    async def publish() -> None:
        node = place.node()
        try:
            for level, project in made.items():
                publisher = node.publisher(project.id)
                if level == "protected":
                    await publisher.edit(project.id, TEXTS)
                shown = await publisher.show(project.id, level, place.leave())
                assert shown.stage is Stage.PUBLISHED
        finally:
            await node.aclose()

    asyncio.run(publish())
    return made


def client(name: str, request: pytest.FixtureRequest, place: Place, folder: Path) -> RealClient:
    cache = request.config.cache
    assert cache is not None, "pytest always has one"
    return RealClient(installed(name, Path(cache.mkdir("xnat-clients"))), place.sandbox, folder)


def test_xnatpy_reads_accessibility_and_texts(
    request: pytest.FixtureRequest, place: Place, projects: dict[str, Project], tmp_path: Path
) -> None:
    protected, public = projects["protected"].id, projects["public"].id
    told = client("xnatpy", request, place, tmp_path).script(
        f"""
import xnat
with xnat.connect(url, user=user, password=password) as connection:
    levels = [connection.get(f'/data/projects/{{key}}/accessibility').text
              for key in ({protected!r}, {public!r})]
    one = connection.projects[{protected!r}]
    tell(levels=levels, name=one.name, description=one.description, keywords=one.keywords,
         pi=[one.pi.firstname, one.pi.lastname])
"""
    )
    assert told == {
        "levels": ["protected", "public"],
        "name": "Lung CT <stage II & III>",
        "description": 'Before treatment;\n"José", 東京',
        "keywords": "lung, breast cancer",
        "pi": ["Ann", "O'Lee"],
    }


def test_pyxnat_reads_accessibility_and_texts(
    request: pytest.FixtureRequest, place: Place, projects: dict[str, Project], tmp_path: Path
) -> None:
    protected, public = projects["protected"].id, projects["public"].id
    told = client("pyxnat", request, place, tmp_path).script(
        f"""
import pyxnat
interface = pyxnat.Interface(server=url, user=user, password=password)
one, two = (interface.select.project(key) for key in ({protected!r}, {public!r}))
levels = [project.accessibility() for project in (one, two)]
tell(levels=[level.decode() if isinstance(level, bytes) else level for level in levels],
     owners=one.owners(), keywords=one.attrs.get('xnat:projectData/keywords'))
"""
    )
    assert told == {
        "levels": ["protected", "public"],
        "owners": ["ingester"],
        "keywords": "lung, breast cancer",
    }


def test_xnatctl_reads_accessibility_and_the_title(
    request: pytest.FixtureRequest, place: Place, projects: dict[str, Project], tmp_path: Path
) -> None:
    xnatctl = client("xnatctl", request, place, tmp_path)
    assert xnatctl.command("auth", "login").returncode == 0
    levels = {
        level: xnatctl.json("project", "access", project.id)["accessibility"]
        for level, project in projects.items()
    }
    assert levels == {"protected": "protected", "public": "public"}
    shown = xnatctl.json("project", "show", projects["protected"].id)
    assert shown["name"] == "Lung CT <stage II & III>"
