"""`lethe` on the golden files of EUCAIM's script: what Java gave, and what the script itself gives
in our engine. `eucaim` gives the same identity."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tests.deid.golden import Case, cases, differences, method_of, need_golden, run_case, wanted
from tests.deid.planted import header_of
from transfer.deid.header.tree import Unreadable
from transfer.deid.model import Element, Header, Method, Moment, Outcome, Quarantined, Rewritten
from transfer.deid.profiles import eucaim_method, lethe_method
from transfer.deid.profiles.walk import NO_PATIENT_ID

SCRIPT = "eucaim-anon.script"
SITE_ID = "SITE-001"
SITE = "4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef"

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def ours() -> list[Case]:
    """The cases of EUCAIM's script."""
    need_golden()
    found = [case for case in cases() if case.script_name == SCRIPT]
    assert len(found) > 10, os.environ.get("EUCAIM_GOLDEN_DEID")
    return found


@cache
def lethe(key: str) -> Method:
    return lethe_method(key, SITE_ID)


@cache
def eucaim(key: str) -> Method:
    return eucaim_method(key, SITE_ID)


def header_in(case: Case) -> Header | None:
    """The header of a case's file; None: it cannot be read at all."""
    try:
        return header_of(case.file())
    except Unreadable:
        return None


def test_lethe_gives_what_java_gave(ours: list[Case], tmp_path: Path) -> None:
    """Every value, at every depth, and every outcome."""
    found = []
    for case in ours:
        assert case.params["PROVIDERID"] == SITE
        mine = run_case(case, lethe(case.params["SECRET_KEY"]), tmp_path)
        found += [f"{case.name}: {line}" for line in differences(mine, wanted(case))]
    assert found == []


def test_lethe_gives_what_the_script_gives(ours: list[Case]) -> None:
    """Byte for byte, padding and order included, and every refusal."""
    compared = 0
    for case in ours:
        header = header_in(case)
        original = method_of(case)
        if header is None or original is None:
            continue
        moment = Moment(case.clock)
        one = original.apply(header, moment)
        two = lethe(case.params["SECRET_KEY"]).apply(header, moment)
        assert type(one) is type(two), case.name
        if isinstance(one, Rewritten):
            assert repr(one) == repr(two), case.name
            compared += 1
    assert compared > len(ours) // 2


def test_eucaim_gives_the_same_identity_as_lethe(ours: list[Case]) -> None:
    """Pseudonym, UIDs and site, wherever `lethe` could write them."""
    same = (0x00100020, 0x00080018, 0x0020000D, 0x0020000E, 0x00080080)
    compared = 0
    for case in ours:
        header = header_in(case)
        if header is None:
            continue
        key, moment = case.params["SECRET_KEY"], Moment(case.clock)
        one, two = lethe(key).apply(header, moment), eucaim(key).apply(header, moment)
        if isinstance(two, Quarantined):
            assert two.reason == NO_PATIENT_ID or "(0042,0011)" in two.reason, case.name
            continue
        if not isinstance(one, Rewritten):
            continue
        for tag in same:
            before = header.dataset.get(tag)
            if before is None or before.vr == "UN" or not before.value:
                continue
            assert bare(one, tag) == bare(two, tag), f"{case.name} {tag:08X}"
        compared += 1
    assert compared > 5


def bare(outcome: Outcome, tag: int) -> bytes:
    """A value without its padding."""
    assert isinstance(outcome, Rewritten)
    element: Element = outcome.header.dataset[tag]
    assert isinstance(element.value, bytes)
    return element.value.rstrip(b" \0")
