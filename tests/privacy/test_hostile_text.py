"""What a file says about itself never steers the terminal that shows it.

Every text attribute, the file's name, its archive's, the cells and headings of the table hold
escape sequences, control characters, a turned reading order and markup.
"""

from __future__ import annotations

import csv
import re
import unicodedata
import warnings
import zipfile
from pathlib import Path

import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from tests.engine.made import image
from tests.program import Program
from tests.tui.terminal import Terminal
from transfer.workspace import Home

_TITLE = "\x1b]0;OWNED\x07"
_CLEAR = "\x1b[2J\x1b[31;5m"
_C1 = "\x9b2J"
_TURNED = "\N{RIGHT-TO-LEFT OVERRIDE}"
_MARKUP = "[bold red]MARK[/][@click=app.quit]X[/]"
HOSTILE = f"{_CLEAR}{_TITLE}{_C1}{_TURNED}{_MARKUP}"
# Short enough for every VR that holds text.
_SHORT = f"{_TITLE}{_TURNED}[red]"

_TEXTS = [
    tag
    for tag in (
        *(0x00080050, 0x00080060, 0x00080070, 0x00080080, 0x00080090, 0x00081010, 0x00081030),
        *(0x0008103E, 0x00081070, 0x00081090, 0x00100010, 0x00100020, 0x00101040, 0x00104000),
        *(0x00180015, 0x00181030, 0x00200010, 0x00204000, 0x00321060, 0x00400254, 0x00280301),
        *(0x00080022, 0x00101010, 0x00080008, 0x00200011, 0x00120062, 0x00120063),
    )
    if keyword_for_tag(tag)
]
_FORBIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_NAME = f"{_TITLE}[red]".replace("/", "") + "a.dcm"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    source = tmp_path / "source"
    image(source / "plain.dcm", "1.2.3")
    _poison(source / "plain.dcm", source / _NAME, "1.2.4")
    _poison(source / "plain.dcm", tmp_path / "b.dcm", "1.2.5")
    with zipfile.ZipFile(source / f"{_NAME}.zip", "w") as archive:
        archive.write(tmp_path / "b.dcm", _NAME)
    (source / f"{_NAME}.txt").write_text(HOSTILE)
    (source / f"{_NAME}.nii").write_bytes(b"cut")
    table = tmp_path / "table.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [
                ["PatientID", f"age at diagnosis {HOSTILE}", "age at diagnosis", HOSTILE],
                ["MADE-1", HOSTILE, HOSTILE, HOSTILE],
                [HOSTILE, "400", "-", HOSTILE],
                [HOSTILE, "400", "-", HOSTILE],
            ]
        )
    here = Program(tmp_path / "home")
    here.home.mkdir(mode=0o700)
    here.configure(
        {"there": {"kind": "upv", "dicomweb_url": "https://127.0.0.1:1/d", "auth": "none",
                   "gate": "eucaim", "deidentified": "as-is"}}
    )  # fmt: skip
    made = here.run(
        "new", "t", "--node", "there", "--source", source, "--destination", "d",
        "--clinical", table,
    )  # fmt: skip
    assert made.code == 0, made
    return here


def _poison(plain: Path, path: Path, uid: str) -> None:
    from pydicom import dcmread

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(plain)
        assert isinstance(dataset, FileDataset)
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
        for tag in _TEXTS:
            vr = dictionary_VR(tag)
            text = HOSTILE if vr in ("LO", "LT", "PN", "ST", "UT") else _SHORT
            dataset.add_new(tag, "LO" if vr in ("CS", "DA", "AS", "IS") else vr, text)
        dataset.private_block(0x0019, HOSTILE, create=True).add_new(1, "LO", HOSTILE)
        dataset.save_as(path, enforce_file_format=True)


def _is_harmless(text: str) -> bool:
    return not any(unicodedata.category(c) in _FORBIDDEN and c not in "\n\t" for c in text)


@pytest.mark.filterwarnings("default")
def test_no_command_prints_what_steers_a_terminal(program: Program, tmp_path: Path) -> None:
    commands = [
        ("scan", "t", "--identifiers"),
        ("check", "t"),
        ("check", "t", "--identifiers"),
        ("check", "t", "--json"),
        ("check", "t", "--out", tmp_path / "out", "--identifiers"),
        ("status", "t", "--identifiers"),
        ("status", "t", "--json"),
        ("select", "t"),
        ("timepoints", "t", "--identifiers"),
        ("timepoints", "t", "--identifiers", "--json"),
        ("header", "t", "I2", "--identifiers"),
        ("header", "t", "I2", "--identifiers", "--json"),
        ("mend", "t"),
        ("list",),
    ]
    seen = ""
    for words in commands:
        ran = program.run(*words)
        assert ran.code in (0, 3), ran
        assert _is_harmless(ran.out), (words, ran.out)
        assert _is_harmless(ran.err), (words, ran.err)
        seen += ran.out + ran.err
    assert "OWNED" in seen, "what was planted was not even shown"


@pytest.mark.filterwarnings("default")
def test_no_screen_lets_a_file_steer_the_terminal(program: Program) -> None:
    assert program.run("scan", "t").code == 0
    steps = [
        (b"c", "AGE-01"),
        (b"\r", "S1"),
        (b"\r", "0008,0018"),
        (b"i", "OWNED"),
        (b"\x1b", "S1"),
        (b"\x1b", "AGE-01"),
        (b"\x1b", "Send the images"),
        (b"s", "P1"),
        (b"i", "OWNED"),
        (b"\x1b[C", "S1"),
        (b"\x1b[B\x1b[C", "E1"),
        (b"\x1b[B\r", "0002,0012"),
        (b"i", "OWNED"),
        (b"\x1b", "E1"),
        (b"\x1b", "Send the images"),
        (b"t", "P1"),
        (b"i", "OWNED"),
        (b"\x1b", "Send the images"),
    ]
    with Terminal(Home.at(program.home), "t") as terminal:
        terminal.read_until("Send the images")
        for keys, shows in steps:
            terminal.press(keys, shows)
        terminal.type(b"\x11")
        terminal.end()
    shown = terminal.seen.decode("utf-8", "replace")
    assert "OWNED" in shown, "what was planted was not even shown"
    assert _TITLE not in shown
    assert "\x1b]0;" not in shown
    assert "\x1b[31;5m" not in shown
    assert _C1 not in shown
    assert _TURNED not in shown
    assert re.search(r"\[bold red\]M|\[red\]", shown), "markup was taken for markup"
