"""`lethe` gives on the golden files what EUCAIM's script gives in the same engine."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.deid.planted import header_of
from transfer.deid.ctp import ScriptMethod
from transfer.deid.model import Header, Label, Method, Moment, Rewritten
from transfer.deid.profiles import lethe_method
from transfer.deid.profiles.walk import NO_PATIENT_ID, ProfileMethod
from transfer.deid.script import parse_script
from transfer.deid.tree import Unreadable

GOLDEN = Path(os.environ.get("EUCAIM_GOLDEN_DEID", "../shared/golden/deid"))
SITE = "4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef"

pytestmark = pytest.mark.golden


def cases() -> Iterator[dict[str, Any]]:
    for path in sorted((GOLDEN / "cases").glob("*.eucaim.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


@cache
def lethe(key: str) -> Method:
    return lethe_method(key, "SITE-001")


def header_in(case: dict[str, Any]) -> Header | None:
    """The header of the source of a case; None: it cannot be read at all."""
    source = case["source"]
    if "package" in source:
        data = (Path(pydicom.__file__).parent / source["file"]).read_bytes()
    else:
        data = (GOLDEN / source["path"]).read_bytes()
        if source["path"].endswith(".gz"):
            data = gzip.decompress(data)
    try:
        return header_of(data)
    except Unreadable:
        return None


@pytest.fixture(scope="module")
def script() -> bytes:
    path = GOLDEN / "scripts" / "eucaim-anon.script"
    if not path.exists():
        pytest.skip("../shared is absent and $EUCAIM_GOLDEN_DEID is not set")
    return path.read_bytes()


def test_lethe_gives_what_the_script_gives(script: bytes) -> None:
    """Every element of every golden file, its value and VR, and every refusal."""
    original = parse_script(script, "eucaim-anon.script")
    theirs = cache(lambda *params: ScriptMethod(original, dict(params), None, Label("", "", "")))
    compared = 0
    for case in cases():
        header = header_in(case)
        if header is None:
            continue
        params = case["params"]
        assert params["PROVIDERID"] == SITE
        moment = Moment(dt.datetime.fromisoformat(case["clock"]))
        one = theirs(*params.items()).apply(header, moment)
        two = lethe(params["SECRET_KEY"]).apply(header, moment)
        assert type(one) is type(two), case["id"]
        if isinstance(one, Rewritten):
            assert repr(one) == repr(two), case["id"]
            compared += 1
    assert compared > 35


def test_eucaim_gives_the_same_identity_as_lethe(script: bytes) -> None:
    """Pseudonym, name, UIDs and the dates that both coarsen, where `lethe` could do its work."""
    from transfer.deid.profiles import eucaim_method

    same = (0x00100020, 0x00080018, 0x0020000D, 0x0020000E, 0x00080080)
    compared = 0
    for case in cases():
        header = header_in(case)
        if header is None:
            continue
        key = case["params"]["SECRET_KEY"]
        moment = Moment(dt.datetime.fromisoformat(case["clock"]))
        ours = eucaim_method(key, "SITE-001")
        assert isinstance(ours, ProfileMethod)
        one, two = lethe(key).apply(header, moment), ours.apply(header, moment)
        if not isinstance(two, Rewritten):
            assert two.reason == NO_PATIENT_ID or "(0042,0011)" in two.reason, case["id"]
            continue
        if not isinstance(one, Rewritten):
            continue
        for tag in same:
            before = header.dataset.get(tag)
            if before is not None and (before.vr == "UN" or not before.value):
                continue
            left, right = (o.header.dataset.get(tag) for o in (one, two))
            assert _bare(left) == _bare(right), f"{case['id']} {tag:08X}"
        compared += 1
    assert compared > 20


def _bare(element: Any) -> bytes | None:
    return None if element is None else element.value.rstrip(b" \0")
