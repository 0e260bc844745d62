"""The pages hang together: what a page names is there, and every page is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.kinds import known_kinds, option_types

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
# Made for the site, out of the program's source.
_MADE = ("refusals.md", "words.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_leads_to_is_there(page: Path) -> None:
    named = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    targets = [one for one in named if "://" not in one and one not in _MADE]
    assert [one for one in targets if not (page.parent / one).exists()] == []


def test_the_landing_page_leads_to_pages_and_a_picture() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.count("](docs/") > 10
    assert text.count("](screenshots/") == 1
    assert len(text.splitlines()) < 100


def test_every_page_has_its_place_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    placed = re.findall(r"- ([a-z-]+\.md)$", nav, re.MULTILINE)
    assert sorted(placed) == sorted([*_MADE, *(page.name for page in DOCS.glob("*.md"))])


def test_the_screens_are_shown_at_the_size_that_a_server_has() -> None:
    text = (DOCS / "screens.md").read_text("utf-8")
    shown = set(re.findall(r"\(\.\./screenshots/([a-z-]+)\.png\)", text))
    assert {"home", "journey", "upload", "findings", "clinical", "dataset-draft"} <= shown
    assert [name for name in shown if name.endswith("-wide")] == []


def test_every_key_of_a_node_stands_on_the_page_of_configuration() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    keys = {key for kind in known_kinds() for key in option_types(kind)}
    assert "dicomweb_url" in keys
    assert sorted(key for key in keys if f"`{key}`" not in text) == []
