"""The scanner and pydicom say the same of a header, or the scanner says that something is odd.

Over the reference corpus, pydicom's own test files, and what becomes of these when bytes are
changed, taken out or put in at random.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from tests.scan.files import dice
from transfer.quality.extract import TAGS, document_of_header
from transfer.scan.facts import FileFacts, FileVerdict
from transfer.scan.inspect import inspect_file
from transfer.scan.text import decoded, silent_pydicom

CORPUS = Path(
    os.environ.get("EUCAIM_CORPUS")
    or Path(__file__).parents[2].parent / "shared" / "data" / "dicom"
)
CHARSET, SOP_INSTANCE, STUDY, SERIES, PATIENT_ID, MODALITY = (
    0x00080005, 0x00080018, 0x0020000D, 0x0020000E, 0x00100020, 0x00080060,
)  # fmt: skip
KEPT_BYTES = 4096
CHANGES = 2000


class Odd(Exception):
    """pydicom cannot read it either."""


def files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


@cache
def good_files() -> list[tuple[Path, FileFacts]]:
    """Files with a header, of pydicom's own: they are there wherever the tests are."""
    found = [
        (path, facts)
        for path in files_below(Path(pydicom.__file__).parent / "data" / "test_files")
        if (facts := inspect_file(os.fsencode(path))).header is not None
        and facts.verdict is not FileVerdict.REJECT
        and path.stat().st_size < 200_000
    ]
    assert len(found) > 50
    return found


def texts_of(dataset: Dataset, tags: tuple[int, ...]) -> dict[int, str]:
    """What pydicom has of some elements, by the bytes where it has not decoded them itself."""
    charset = written(dataset, CHARSET, b"").encode("ascii", "replace")
    return {tag: written(dataset, tag, charset) for tag in tags}


def written(dataset: Dataset, tag: int, charset: bytes) -> str:
    element = dataset.get_item(tag)
    value = None if element is None else element.value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return decoded(value[:KEPT_BYTES], charset)
    if isinstance(value, MultiValue | list):
        return "\\".join(map(str, value))
    return str(value)


def differences(path: Path, facts: FileFacts, *, force: bool) -> list[str]:
    """Where the two do not say the same, by tag.

    Raises:
        Odd: pydicom cannot read the header.
    """
    header = facts.header
    assert header is not None
    ours = {int(tag): text for tag, text in json.loads(header.traits).items()}
    uids = {
        SOP_INSTANCE: header.sop_instance_uid,
        STUDY: header.study_uid,
        SERIES: header.series_uid,
        PATIENT_ID: header.patient_id,
        MODALITY: header.modality,
    }
    with silent_pydicom():
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=force)
            theirs = texts_of(dataset, (*TAGS, *uids))
        except Exception as error:
            raise Odd from error
    # What the standard writes in ASCII is ASCII to us, and Latin-1 to pydicom.
    found = [f"{tag:08X}" for tag, text in uids.items() if plainly(text) != plainly(theirs[tag])]
    for tag in TAGS:
        # Of traits only the beginning is kept.
        kept = ours.get(tag, "")
        if not plainly(theirs[tag]).startswith(plainly(kept)) or (theirs[tag].strip() and not kept):
            found.append(f"{tag:08X}")
    return found


def plainly(text: str) -> str:
    return "".join(c if c.isascii() else "?" for c in text)


def judged(folder: Path) -> Iterator[tuple[Path, FileFacts]]:
    for path in files_below(folder):
        facts = inspect_file(os.fsencode(path))
        if facts.header is not None:
            yield path, facts


@pytest.mark.corpus
def test_both_say_the_same_of_every_file_of_the_corpus() -> None:
    if not (CORPUS / "manifest.csv").is_file():
        pytest.skip("../shared is absent and $EUCAIM_CORPUS is not set")
    compared = [(path.name, differences(path, facts, force=True)) for path, facts in judged(CORPUS)]
    assert compared
    assert [one for one in compared if one[1]] == []


def test_both_say_the_same_of_every_file_that_pydicom_ships() -> None:
    folder = Path(pydicom.__file__).parent / "data"
    compared = 0
    for path, facts in judged(folder):
        try:
            assert differences(path, facts, force=True) == [], path.name
        except Odd:
            continue
        compared += 1
    assert compared > 100


def test_a_header_in_memory_says_what_the_scan_says_of_its_file() -> None:
    """As far as it names its transfer syntax: in memory a bare data set has one of ours."""
    from transfer.deid.header.reading import Unreadable, read_header

    compared = 0
    for path, facts in good_files():
        if "no-transfer-syntax" in facts.reasons or facts.header is None:
            continue
        fd = os.open(path, os.O_RDONLY)
        try:
            header = read_header(fd, path.stat().st_size)
        except Unreadable:
            continue
        finally:
            os.close(fd)
        assert document_of_header(header) == facts.header.traits, path.name
        compared += 1
    assert compared > 50


def changed(content: bytes, chance: random.Random) -> bytes:
    """The file with one to three places of its header changed."""
    made = bytearray(content)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(132, min(len(made), 4000))
        match chance.randrange(4):
            case 0 | 1:
                made[at] = chance.randrange(256)
            case 2:
                del made[at : at + chance.randrange(1, 9)]
            case _:
                made[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(made)


@pytest.mark.parametrize("seed", [1, 2])
def test_of_a_changed_header_both_say_the_same_or_it_is_reported(tmp_path: Path, seed: int) -> None:
    """A header is reported when it gets a reason that the file did not have before."""
    chance = dice(seed)
    path = tmp_path / "changed"
    seen: Counter[str] = Counter()
    for _ in range(CHANGES):
        original, before = chance.choice(good_files())
        path.write_bytes(changed(original.read_bytes(), chance))
        facts = inspect_file(os.fsencode(path))
        if facts.header is None or set(facts.reasons) - set(before.reasons):
            seen["reported"] += 1
            continue
        try:
            found = differences(path, facts, force=False)
        except Odd:
            seen["odd to both"] += 1
            continue
        assert found == [], original.name
        seen["same"] += 1
    assert seen["reported"] > CHANGES // 4
    assert seen["same"] > CHANGES // 10
