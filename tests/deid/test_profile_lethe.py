"""`lethe` says the same as EUCAIM's script, element by element, in its own words."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree  # of a file that lies beside the repository

import pytest

from transfer.deid.profiles import load_profile
from transfer.deid.profiles.scripted import script_params, script_text

GOLDEN = Path(os.environ.get("EUCAIM_GOLDEN_DEID", "../shared/golden/deid"))
KEEP, REMOVE, EMPTY = "@keep()", "@remove()", "@empty()"


class Said:
    """What a script in XML says, brought to one form."""

    def __init__(self, text: bytes) -> None:
        root = ElementTree.fromstring(text)  # noqa: S314  our own text, or the golden folder's
        self.rules = {
            int(e.get("t", ""), 16): (e.text or "").strip()
            for e in root
            if e.tag == "e" and e.get("en") == "T"
        }
        self.kept = {int(k.get("t", ""), 16) for k in root if k.tag == "k"}
        self.switches = {r.get("t") for r in root if r.tag == "r"}

    def effect(self, tag: int) -> str:
        """What happens to an element of the root; one form for what CTP takes for the same."""
        rule = self.rules.get(tag)
        if rule is None:
            if tag >> 16 in self.kept | {0x0028, 0x7FE0}:
                return KEEP
            return REMOVE
        rule = rule or EMPTY
        if rule.startswith("hashuid("):
            return "@quarantine()"  # an `@` without a call behind it: CTP fails
        return rule.replace("@param(EUCAIM-)", "EUCAIM-").replace(
            "@param(^Anonymous)", "^Anonymous"
        )


@pytest.fixture(scope="module")
def original() -> Said:
    path = GOLDEN / "scripts" / "eucaim-anon.script"
    if not path.exists():
        pytest.skip("../shared is absent and $EUCAIM_GOLDEN_DEID is not set")
    return Said(path.read_bytes())


@pytest.fixture(scope="module")
def ours() -> Said:
    return Said(script_text(load_profile("lethe")))


def test_every_element_of_the_script_is_treated_the_same(original: Said, ours: Said) -> None:
    """4667 elements, whether we name them or leave them to a class."""
    assert len(original.rules) == 4667
    items = {0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD}  # no elements, and never met as such
    different = {
        f"{tag:08X}": (original.effect(tag), ours.effect(tag))
        for tag in original.rules
        if tag not in items and original.effect(tag) != ours.effect(tag)
    }
    assert different == {}


def test_elements_that_the_script_does_not_name_are_treated_the_same(
    original: Said, ours: Said
) -> None:
    """We name none that it does not, keep the same groups and remove the same classes."""
    assert set(ours.rules) - set(original.rules) == set()
    assert ours.kept == original.kept == {0x0018, 0x0020, 0x0028}
    assert ours.switches == original.switches
    assert len(ours.switches) == 4
    for tag in (0x00181203, 0x00181205, 0x00280020, 0x00090010, 0x60003000, 0x00101002, 0x7FE00003):
        assert ours.effect(tag) == original.effect(tag), f"{tag:08X}"


def test_parameters_are_those_of_lethe() -> None:
    """Reference, section 9."""
    assert script_params("019a39ba16da7edb9e906440a48e9ed32", "SITE-001") == {
        "SECRET_KEY": "019a39ba16da7edb9e906440a48e9ed32",
        "PROVIDERID": "4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef",
        "UIDROOT": "1.3.6.1.4.1.58108.2023",
    }
