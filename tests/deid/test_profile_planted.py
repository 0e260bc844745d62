"""Nothing planted leaves under `eucaim`, and nothing that it keeps is lost."""

from __future__ import annotations

import datetime as dt
import io
import os
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.deid import planted
from tests.deid.planted import Planted
from transfer.deid.header.vrs import public_vrs
from transfer.deid.header.writing import assemble, copy
from transfer.deid.model import DataSet, Element, Header, Moment, Rewritten
from transfer.deid.profiles import eucaim_method, load_profile
from transfer.deid.profiles.actions import Action
from transfer.deid.recipe import new_uid, pseudonym
from transfer.scan.elements import Encoding

KEY = "019a39ba16da7edb9e906440a48e9ed32"
MOMENT = Moment(dt.datetime(2025, 3, 4, 5, 6, 7))  # noqa: DTZ001  local time, as the moment has it


@pytest.fixture(scope="module")
def cohort() -> list[Planted]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom is told to write what it should not
        return list(planted.cohort())


def treated(data: bytes) -> Header:
    outcome = eucaim_method(KEY, "SITE-001").apply(planted.header_of(data), MOMENT)
    assert isinstance(outcome, Rewritten), outcome
    return outcome.header


def written(data: bytes) -> bytes:
    """What leaves of a file."""
    header = treated(data)
    fd = os.memfd_create("source")
    try:
        os.write(fd, data)
        out = io.BytesIO()
        copy(assemble(header), fd, out.write)
        return out.getvalue()
    finally:
        os.close(fd)


def read(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


def test_the_cohort_holds_what_it_says(cohort: list[Planted]) -> None:
    """Otherwise the next test would prove nothing."""
    assert len(cohort) == 12
    for instance in cohort:
        assert len(instance.secrets) > 200, instance.name
        missing = [secret for secret in instance.secrets if secret not in instance.data]
        assert missing == [], instance.name


def test_nothing_planted_leaves(cohort: list[Planted]) -> None:
    """Every text VR, five levels deep, private, UN, overlays, curves, file meta, broken dates."""
    for instance in cohort:
        output = written(instance.data)
        left = [secret for secret in instance.secrets if secret in output]
        assert left == [], instance.name


def test_nothing_that_the_profile_keeps_is_lost(cohort: list[Planted]) -> None:
    """Counted per SOP class, at every depth, against the words of the profile."""
    counts: Counter[str] = Counter()
    lost: list[str] = []
    for instance in cohort:
        before = planted.header_of(instance.data)
        after = treated(instance.data)
        sop_class = before.dataset[0x00080016].value
        assert isinstance(sop_class, bytes)
        for path, element, there in kept_pairs(before.dataset, after.dataset, ""):
            counts[UID(sop_class.decode().strip("\0")).name] += 1
            is_same = there is not None and there.value == element.value
            # A sequence is compared item by item; one hidden in UN is there, decoded.
            if not is_same and (there is None or element.vr not in ("SQ", "UN")):
                lost.append(f"{instance.name} {path}")
        assert (
            before.pixels is None
            or after.pixels is before.pixels
            or (after.pixels is not None and after.pixels.value == before.pixels.value)
        )
    assert lost == []
    assert len(counts) == 6
    assert min(counts.values()) > 40


def kept_pairs(
    before: DataSet, after: DataSet, path: str
) -> Iterator[tuple[str, Element, Element | None]]:
    """The elements that the profile says stay as they are, with what became of each."""
    profile = load_profile("eucaim")
    is_item = bool(path)
    for tag, element in before.items():
        if tag & 0x10000:
            continue
        here = f"{path}/{tag:08X}"
        action = profile.ruling(tag).action
        kind = profile.kinds.get(element.vr)
        if element.vr == "SQ" and action not in (Action.REMOVE, Action.EMPTY):
            there = after.get(tag)
            if here.endswith("00120064"):
                continue
            yield here, element, there
            if there is not None and isinstance(element.value, list):
                assert isinstance(there.value, list)
                assert len(there.value) == len(element.value), here
                for one, two in zip(element.value, there.value, strict=True):
                    yield from kept_pairs(one, two, here)
            continue
        if action is Action.KEEP and kind is not None:
            action = kind.in_items if is_item else kind.keep
        elif action is Action.DATA and kind is not None:
            action = kind.data
        if action is Action.VALID and isinstance(element.value, bytes) and b"Zq" in element.value:
            continue  # planted: no number, no age, no time
        if action in (Action.KEEP, Action.KEEP_TEXT, Action.AS_IS, Action.VALID, Action.DATA):
            if tag not in profile.elements and tag == 0x0018A9F7:
                continue  # in no dictionary
            yield here, element, after.get(tag)


def test_references_follow_the_objects_they_name(cohort: list[Planted]) -> None:
    """At every level a UID becomes the one that its object has now."""
    structures = [i for i in cohort if i.name == "RTSTRUCT explicit"]
    assert len(structures) == 1
    before, after = read(structures[0].data), read(written(structures[0].data))
    new_id = pseudonym(KEY, before.PatientID)
    frame = after.ReferencedFrameOfReferenceSequence[0]
    study = frame.RTReferencedStudySequence[0]
    assert frame.FrameOfReferenceUID == after.FrameOfReferenceUID
    assert study.ReferencedSOPInstanceUID == after.StudyInstanceUID
    assert study.ReferencedSOPClassUID == "1.2.840.10008.3.1.2.3.1"
    image = study.RTReferencedSeriesSequence[0].ContourImageSequence[0]
    original = (
        before.ReferencedFrameOfReferenceSequence[0]
        .RTReferencedStudySequence[0]
        .RTReferencedSeriesSequence[0]
        .ContourImageSequence[0]
        .ReferencedSOPInstanceUID
    )
    assert image.ReferencedSOPInstanceUID == new_uid(original, new_id)
    contour = after.ROIContourSequence[0].ContourSequence[0]
    assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID == new_uid(original, new_id)


def test_explicit_and_implicit_say_the_same(cohort: list[Planted]) -> None:
    """The encoding of a file decides nothing about what leaves."""
    pairs = list(zip(cohort[::2], cohort[1::2], strict=True))
    assert len(pairs) == 6
    for explicit, implicit in pairs:
        one, two = treated(explicit.data), treated(implicit.data)
        assert list(one.dataset) == list(two.dataset), explicit.name


TEXT_IN_ITEMS = frozenset(
    (
        "00080070", "00080100", "00080102", "00080103", "00080104", "00080119", "00080120",
        "00081090", "00180031", "00181020", "00181160", "00181210", "00181250", "00181251",
        "00187008", "00187040", "00187041", "00189047", "00189320", "00209056", "00209421",
        "00281054", "00283003", "00283004", "00409210", "00480106", "00620005", "00620009",
        "00660031", "00660036", "30020002", "30060002", "30060026", "300A0002",
    )
)  # fmt: skip
"""Codes, and names of technique, segments and structures that an object needs: all text that an
item may keep. Whoever adds one adds a place where a name can stand."""


def surviving(*, in_item: bool) -> set[str]:
    """Every text element of the dictionary that still says what was planted in it."""
    texts = {"AE", "AS", "CS", "DS", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR"}
    texts |= {"UT", "DA", "DT"}
    data = {
        tag: Element(tag, vr, b"Zq19600517")
        for tag, vr in sorted(public_vrs().items())
        if vr in texts and tag not in (0x00080005, 0x00100020)
    }
    assert len(data) > 1500
    root = {0x00100020: Element(0x00100020, "LO", b"1")}
    root |= {0x00081140: Element(0x00081140, "SQ", [data])} if in_item else data
    header = Header({}, "1.2.840.10008.1.2.1", Encoding(False, True), dict(sorted(root.items())))
    outcome = eucaim_method(KEY, "SITE-001").apply(header, MOMENT)
    assert isinstance(outcome, Rewritten), outcome
    left = outcome.header.dataset
    if in_item:
        (left,) = left[0x00081140].value  # type: ignore[assignment, misc]
    return {
        f"{tag:08X}"
        for tag, element in left.items()
        if isinstance(element.value, bytes) and b"19600517" in element.value
    }


def test_text_in_items_survives_in_these_elements_only() -> None:
    """Of all that the dictionary knows."""
    assert surviving(in_item=True) == TEXT_IN_ITEMS


def test_text_at_the_root_survives_where_the_profile_keeps_it_by_name() -> None:
    """Short text and codes; never a date, a UID, a person or a comment."""
    profile = load_profile("eucaim")
    survivors = surviving(in_item=False)
    assert survivors > TEXT_IN_ITEMS
    assert len(survivors) == 172
    for text in survivors:
        tag = int(text, 16)
        assert profile.elements[tag].action in (Action.KEEP, Action.KEEP_TEXT, Action.APPEND), text
        assert public_vrs()[tag] in ("CS", "LO", "SH", "UC", "UR") or text in TEXT_IN_ITEMS, text
