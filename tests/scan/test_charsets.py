"""Texts are read as pydicom reads them, and for most of them pydicom is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydicom.charset
import pytest
from pydicom.datadict import dictionary_VR, masks

from transfer.charsets import codec_named, codec_of
from transfer.deid.header.vrs import vr_of
from transfer.scan.text import silent_pydicom

SINGLE = (
    *("", "ISO_IR 6", "ISO_IR 13", "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110"),
    *("ISO_IR 126", "ISO_IR 127", "ISO_IR 138", "ISO_IR 144", "ISO_IR 148", "ISO_IR 166"),
    *("ISO 2022 IR 6", "ISO 2022 IR 13", "ISO 2022 IR 100", "ISO 2022 IR 144"),
    *("ISO_IR 192", "GB18030", "GBK"),
)

WORKER = """
import datetime as dt, os, sys
from collections import deque
from transfer.deid.methods import MethodSpec
from transfer.ledger.batches import PatientFacts
from transfer.prepare.rewriter import Question, Setup, Task, _begin

path = os.fsencode(sys.argv[1])
scanned = (os.stat(path).st_size, os.stat(path).st_mtime_ns)
spec = MethodSpec("eucaim", "0" * 32, "SITE-001")
answer = _begin(Setup(spec, dt.datetime(2026, 1, 2), {}), deque())
told = answer(Question(path, scanned))
made = answer(Task(path, scanned, PatientFacts(1, "17", "M\\xfcller^J\\xf6rg")))
heavy = [name for name in ("pydicom", "numpy", "requests", "gdcm") if name in sys.modules]
print(len(told.facts), type(made).__name__, heavy)
"""


@pytest.mark.parametrize("term", SINGLE)
def test_a_text_in_one_character_set_reads_as_pydicom_reads_it(term: str) -> None:
    """Over every byte beside every other: also over those that the set does not have."""
    codec = codec_named(term)
    assert codec is not None
    with silent_pydicom():
        encodings = list(pydicom.charset.convert_encodings([term]))
        for first in range(0x80, 0x100):
            raw = bytes(byte for second in range(0x20, 0x100) for byte in (first, second))
            assert raw.decode(codec, "replace") == pydicom.charset.decode_bytes(
                raw, encodings, set(b"\\")
            )


def test_a_text_that_switches_is_left_to_pydicom() -> None:
    """Kanji by escape sequences, as PS3.5 H.3.1 writes them."""
    raw = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
    assert codec_of(raw, b"\\ISO 2022 IR 87") is None
    assert codec_of("Ä".encode("latin-1"), b"ISO_IR 100 ") == "latin_1"
    assert codec_of("Ä".encode("latin-1"), b"ISO 2022 IR 149") is None


def test_elements_of_repeating_groups_have_the_vr_of_the_dictionary() -> None:
    """In implicit VR an overlay (60xx) tells its VR no more than anything else does."""
    for _, (tag, _) in masks.items():
        one = tag | 0x20000 if tag >> 24 in (0x50, 0x60, 0x7F) else tag
        known = dictionary_VR(one)
        assert vr_of(one) == {"OB or OW": "OW"}.get(known, known)
    assert vr_of(0x60021234) == "UN"


def test_an_umlaut_in_a_name_costs_a_worker_no_library(tmp_path: Path) -> None:
    """pydicom brings numpy, decoders and an HTTP client along: half a second of CPU and 50 MB in
    each of the processes that read and rewrite."""
    file = f"{tmp_path}/one.dcm"
    dataset = pydicom.Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = "2.25.1", "2.25.2"
    dataset.SeriesInstanceUID, dataset.PatientID = "2.25.3", "17"
    dataset.PatientName = "Müller^Jörg"
    dataset.StudyDescription = "Schädel"
    dataset.Modality = "OT"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.save_as(file, enforce_file_format=True)

    done = subprocess.run(
        [sys.executable, "-c", WORKER, file], capture_output=True, text=True, check=True
    )

    assert done.stdout == "2 Outgoing []\n"
