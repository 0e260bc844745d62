"""A cohort with a mark in every place where a file, its name or its archive can tell who it is of.

Each patient is one way to write an object; a patient's marks are nobody else's, so that a hit says
where it came from. Text that is burned into pixels is no matter of this program's bench: pixels go
as they are, unless a pixel rule says otherwise.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.comments import Comment

from tests.privacy.elements import DEFLATED, EXPLICIT, IMPLICIT, Item, encode, part10
from tests.privacy.marks import Marks
from tests.privacy.planting import planted, value_of
from tests.scan.niftis import dicom_json, nifti, packed

CT: Final = "1.2.840.10008.5.1.4.1.1.2"
_VRS: Final = (
    *("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "OB", "OW", "PN", "SH", "ST", "TM"),
    *("UC", "UI", "UN", "UR", "UT"),
)
# Two kept chains, of which the second hides behind elements that no table names, and a report's.
_CHAINS: Final = (
    (0x52009229, 0x00089124, 0x00082112),
    (0x00081140, 0x0040A170, 0x00080121),
    (0x0040A730, 0x0040A730, 0x0040A730),
)
# (0002,0100) says whose private information it is.
_META_TEXTS: Final = ((0x00020013, "SH"), (0x00020016, "AE"), (0x00020017, "AE"),
                      (0x00020018, "AE"), (0x00020102, "OB"))  # fmt: skip
# Names that are nobody's, in the scripts that hospitals write; each with its term and codec.
_SCRIPTS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "Latin-1": ("ISO_IR 100", "latin-1", ("Müßgörlich", "Ñandúèz")),
    "Latin-2": ("ISO_IR 101", "iso8859-2", ("Žďárskýřův", "Łękołódź")),
    "Cyrillic": ("ISO_IR 144", "iso8859-5", ("Щукинзябликов", "Ёжиковцева")),
    "Greek": ("ISO_IR 126", "iso8859-7", ("Ξυλοφάγουψη", "Ζωγραφόπουλψς")),
    "UTF-8": ("ISO_IR 192", "utf-8", ("Øyångström", "Čermákovůž")),
    "GB18030": ("GB18030", "gb18030", ("欧阳瓘琰", "司徒珺璟")),
    "Japanese": ("\\ISO 2022 IR 87", "iso2022_jp", ("山鹿桜子丸", "やまがさくらこまる")),
    "Korean": ("\\ISO 2022 IR 149", "euc_kr", ("김희중탁", "탁중희김")),
}


@dataclass
class Cohort:
    """`images` is what a transfer reads, `tables` are clinical ones of the same patients."""

    folder: Path
    marks: Marks = field(default_factory=Marks)
    patients: dict[str, str] = field(default_factory=dict)

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def table(self) -> Path:
        return self.folder / "clinical.csv"

    @property
    def workbook(self) -> Path:
        return self.folder / "clinical.xlsx"

    def _image(self, form: str, *items: Item, syntax: str = EXPLICIT, name: str = "") -> Path:
        """One image of a form's patient, of these elements beside what each has."""
        marks = self.marks
        dataset: dict[int, tuple[str, bytes | list[Item]]] = {}
        sop = marks.uid(f"{form}, SOPInstanceUID of a file")
        for item in (*items, _structure(sop)):
            dataset.update(item)
        self._identify(form, dataset)
        folder = self.images / marks.word(f"{form}, folder name")
        folder.mkdir(parents=True)
        path = folder / f"{name}{marks.word(f'{form}, file name')}.dcm"
        preamble = marks.word(f"{form}, preamble").encode()
        path.write_bytes(part10(self._meta(form, sop), dataset, syntax=syntax, preamble=preamble))
        return path

    def _identify(self, form: str, dataset: dict[int, tuple[str, bytes | list[Item]]]) -> None:
        """Say who the patient is, and which study and series, where nothing says so yet."""
        marks = self.marks
        if 0x00100020 not in dataset:
            patient = self.patients.setdefault(form, marks.word(f"{form}, Patient ID"))
            dataset[0x00100020] = ("LO", patient.encode())
        if 0x00100010 not in dataset:
            name = f"{marks.word(f'{form}, Patient Name')}^Qa"
            dataset[0x00100010] = ("PN", name.encode())
        for tag, what in ((0x0020000D, "Study"), (0x0020000E, "Series")):
            if tag not in dataset:
                dataset[tag] = ("UI", marks.uid(f"{form}, {what} Instance UID").encode())

    def _meta(self, form: str, sop: str) -> Item:
        meta: dict[int, tuple[str, bytes | list[Item]]] = {
            0x00020001: ("OB", b"\0\1"),
            0x00020002: ("UI", CT.encode()),
            0x00020003: ("UI", sop.encode()),
            0x00020012: ("UI", self.marks.uid(f"{form}, implementation class").encode()),
            0x00020100: ("UI", self.marks.uid(f"{form}, private information creator").encode()),
        }
        for tag, vr in _META_TEXTS:
            meta[tag] = (
                vr,
                self.marks.word(f"{form}, ({tag >> 16:04X},{tag & 0xFFFF:04X})").encode(),
            )
        return meta


def write_cohort(folder: Path, *, is_short: bool = False) -> Cohort:
    """Write `images`, `clinical.csv` and `clinical.xlsx`; short: without the heaviest forms."""
    at = Cohort(folder)
    marks = at.marks
    at._image("root", planted(marks, "root", leaving_out=_own()))
    for number, chain in enumerate(_CHAINS if not is_short else _CHAINS[1:2]):
        form = f"nested {number}"
        at._image(form, _nested(chain, planted(marks, form, leaving_out=_own())))
    at._image("private", _private(marks, "private"))
    if not is_short:
        at._image("implicit", planted(marks, "implicit", leaving_out=_own()), syntax=IMPLICIT)
        at._image("unknown VR", _as_unknown(planted(marks, "unknown VR", leaving_out=_own())))
        at._image(
            "meant otherwise", _as_text(planted(marks, "meant otherwise", leaving_out=_own()))
        )
    at._image("deflated", _private(marks, "deflated"), syntax=DEFLATED)
    for script, (term, codec, names) in _SCRIPTS.items():
        at._image(script, _written(marks, script, term, codec, names))
    document = {0x00420011: ("OB", marks.word("document, EncapsulatedDocument").encode())}
    at._image("document", {**_private(marks, "document"), **document})
    _own_identifiers(at)
    _in_archives(at)
    _links(at)
    _directory(at)
    _volumes(at)
    _tables(at)
    return at


def _own(*more: int) -> frozenset[int]:
    # An encapsulated document holds its whole instance back: that is one form of its own.
    return frozenset(
        (*more, 0x00420011, 0x00100010, 0x00100020, 0x0020000D, 0x0020000E, 0x00080018)
    )


def _structure(sop: str) -> Item:
    return {
        0x00080016: ("UI", CT.encode()),
        0x00080018: ("UI", sop.encode()),
        0x00080060: ("CS", b"CT"),
        0x00080070: ("LO", b"GE MEDICAL SYSTEMS"),
        0x00180015: ("CS", b"CHEST"),
        0x00280002: ("US", b"\1\0"),
        0x00280004: ("CS", b"MONOCHROME2"),
        0x00280010: ("US", b"\4\0"),
        0x00280011: ("US", b"\4\0"),
        0x00280100: ("US", b"\x10\0"),
        0x00280101: ("US", b"\x10\0"),
        0x00280102: ("US", b"\x0f\0"),
        0x00280103: ("US", b"\0\0"),
        0x7FE00010: ("OW", bytes(range(32))),
    }


def _nested(chain: Iterable[int], innermost: Item) -> Item:
    item = innermost
    for tag in reversed(tuple(chain)):
        item = {tag: ("SQ", [item])}
    return item


def _as_unknown(item: Item) -> Item:
    return {tag: ("UN", value) for tag, (_, value) in item.items() if isinstance(value, bytes)}


def _as_text(item: Item) -> Item:
    """Each with a VR that is not the dictionary's."""
    return {
        tag: ("UT" if vr not in ("UT", "LT") else "LO", value) for tag, (vr, value) in item.items()
    }


def _private(marks: Marks, form: str) -> Item:
    """Blocks of makers, of an archive nobody knows, without a creator; sequences in them."""
    item: dict[int, tuple[str, bytes | list[Item]]] = {}
    for group, creator in (
        (0x0009, "GEMS_IDEN_01"),
        (0x0029, "SIEMENS CSA HEADER"),
        (0x2005, "Philips MR Imaging DD 001"),
        (0x0013, "CTP"),
        (0x0099, marks.word(f"{form}, private creator")),
        (0x0101, ""),
    ):
        if creator:
            item[group << 16 | 0x10] = ("LO", creator.encode())
        for number, vr in enumerate(_VRS):
            where = f"{form}, private group {group:04X}, {vr}"
            value = value_of(marks, vr, where)
            assert value is not None, vr
            item[group << 16 | 0x1000 + number] = (vr, value)
        inner: Item = {
            0x00100010: ("PN", marks.word(f"{form}, private sequence of {group:04X}").encode()),
            0x00081140: (
                "SQ",
                [{0x00104000: ("LT", marks.word(f"{form}, deep {group:04X}").encode())}],
            ),
        }
        item[group << 16 | 0x1080] = ("SQ", [inner])
        # An item that nobody announced: bytes of unknown VR that are a data set.
        hidden = encode({0x00100010: ("PN", marks.word(f"{form}, hidden in {group:04X}").encode())})
        item[group << 16 | 0x1081] = (
            "OB",
            b"\xfe\xff\x00\xe0" + len(hidden).to_bytes(4, "little") + hidden,
        )
    return item


def _written(marks: Marks, script: str, term: str, codec: str, names: tuple[str, ...]) -> Item:
    """Names of people, and words about them, in a script and its encoding."""
    one, other = (marks.name(name, codec, f"{script}, a name") for name in names)
    raw, second = one.encode(codec), other.encode(codec)
    return {
        0x00080005: ("CS", term.encode()),
        0x00080080: ("LO", second),
        0x00080081: ("ST", second),
        0x00080090: ("PN", second + b"^X"),
        0x00100010: ("PN", b"Qa^Qb=" + raw + b"^Qc=" + second),
        0x00101001: ("PN", b"=" + raw + b"=" + second),
        0x00101040: ("LO", raw),
        0x00104000: ("LT", b"see " + raw),
        0x00081140: ("SQ", [{0x00104000: ("LT", raw), 0x00081070: ("PN", b"=" + second)}]),
        0x00990010: ("LO", b"SOME ARCHIVE"),
        0x00991001: ("UN", raw),
        0x00991002: ("OB", one.encode("utf-16-le")),
    }


def _own_identifiers(at: Cohort) -> None:
    """What the profile keeps holds the patient's own ID: the whole patient has to stay."""
    unique = planted(at.marks, "own", leaving_out=_own(0x0008103E, 0x00181030))
    item = dict(unique)
    patient = at.marks.word("own, Patient ID").encode()
    at.patients["own"] = patient.decode()
    item[0x00100020] = ("LO", patient)
    item |= {0x0008103E: ("LO", b"THORAX " + patient), 0x00181030: ("LO", patient)}
    at._image("own", item)


def _in_archives(at: Cohort) -> None:
    marks = at.marks
    inside = at._image("archived", _private(marks, "archived"))
    archive = at.images / f"{marks.word('zip, name')}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        info = zipfile.ZipInfo(f"{marks.word('zip, folder in it')}/{inside.name}")
        info.comment = marks.word("zip, comment of an entry").encode()
        file.writestr(info, inside.read_bytes())
        file.writestr(
            f"{marks.word('zip, entry of no image')}.txt", marks.word("zip, text").encode()
        )
        file.comment = marks.word("zip, comment").encode()
    inside.unlink()
    cut = at.images / f"{marks.word('cut zip, name')}.zip"
    cut.write_bytes(archive.read_bytes()[:-40])
    (at.images / f"{marks.word('text file, name')}.txt").write_text(marks.word("text file"))
    (at.images / f"{marks.word('7z, name')}.7z").write_bytes(
        b"7z\xbc\xaf\x27\x1c" + marks.word("7z").encode()
    )
    broken = at._image("broken", _private(marks, "broken"))
    broken.write_bytes(broken.read_bytes()[:-20])
    nobody = at._image("nobody", {0x00104000: ("LT", marks.word("nobody").encode())})
    assert nobody.is_file()


def _links(at: Cohort) -> None:
    marks = at.marks
    target = at._image("linked", _private(marks, "linked"))
    (at.images / marks.word("symlink, name")).symlink_to(target)
    (at.images / marks.word("symlink to nothing")).symlink_to(marks.word("symlink, target"))
    (at.images / marks.word("symlink to a folder")).symlink_to(target.parent)


def _directory(at: Cohort) -> None:
    """DICOMDIR: names of people beside names of files (PS3.3 annex F)."""
    marks = at.marks
    records: list[Item] = [
        {
            0x00041430: ("CS", b"PATIENT"),
            0x00100010: ("PN", marks.word("DICOMDIR, name").encode()),
            0x00100020: ("LO", marks.word("DICOMDIR, Patient ID").encode()),
        },
        {
            0x00041430: ("CS", b"IMAGE"),
            0x00041500: ("CS", marks.word("DICOMDIR, file").encode()),
            0x00041511: ("UI", marks.uid("DICOMDIR, SOP Instance UID").encode()),
        },
    ]
    dataset: Item = {
        0x00041130: ("CS", marks.word("DICOMDIR, file set").encode()),
        0x00041220: ("SQ", records),
    }
    meta: Item = {
        0x00020001: ("OB", b"\0\1"),
        0x00020002: ("UI", b"1.2.840.10008.1.3.10"),
        0x00020003: ("UI", marks.uid("DICOMDIR, its UID").encode()),
        0x00020012: ("UI", b"1.2.3"),
    }
    (at.images / "DICOMDIR").write_bytes(part10(meta, dataset))


def _volumes(at: Cohort) -> None:
    """One that goes, with all that its JSON says, and one that holds text and stays."""
    marks = at.marks
    for form, described in (("volume", ""), ("described volume", marks.word("volume, descrip"))):
        folder = at.images / marks.word(f"{form}, folder name")
        folder.mkdir()
        stem = marks.word(f"{form}, file name")
        inner = f"{marks.word(f'{form}, name in the gzip header')}.nii".encode()
        header = bytearray(nifti())
        header[148 : 148 + len(described)] = described.encode()
        (folder / f"{stem}.nii.gz").write_bytes(
            packed(bytes(header), name=inner, mtime=1_700_000_000)
        )
        patient = at.patients["root"]
        (folder / f"{stem}.json").write_bytes(
            dicom_json(
                t00100010=("PN", marks.word(f"{form}, Patient Name")),
                t00100020=("LO", patient),
                t00080022=("DA", marks.day(f"{form}, Acquisition Date")),
                t0020000D=("UI", marks.uid(f"{form}, Study Instance UID")),
                t0020000E=("UI", marks.uid(f"{form}, Series Instance UID")),
                t00104000=("LT", marks.word(f"{form}, comments")),
                t00081030=("LO", marks.word(f"{form}, study description")),
                t00080090=("PN", marks.word(f"{form}, referring physician")),
                t00200011=("IS", 7),
            )
        )


def _tables(at: Cohort) -> None:
    """The same patients, with columns that tell who they are. What a column of another name says
    is clinical data and leaves, unless the last look knows it from the images."""
    marks = at.marks
    heads = ["PatientID", "Population", "Sex", "Date of diagnosis", "Age at diagnosis",
             "Topography", "Pathology", "Date of birth", "Patient name", "Telephone", "Address",
             "NHC", "Patient's surname"]  # fmt: skip
    rows = [
        [patient, "Patient with Cancer", "Female", _dashed(marks.day(f"table, date of {form}")),
         "72.7", "Lung, upper lobe, left", "Adenocarcinoma, NOS (8140/3)",
         _dashed(marks.day(f"table, birth date of {form}")),
         *(marks.word(f"table, {heading} of {form}") for heading in heads[8:])]
        for form, patient in at.patients.items()
        if form != "nobody"
    ]  # fmt: skip
    text = io.StringIO()
    csv.writer(text).writerows([heads, *rows])
    at.table.write_text(text.getvalue(), "utf-8")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = marks.word("workbook, sheet name")
    for row in (heads, *rows):
        sheet.append(row)
    sheet["A2"].comment = Comment(
        marks.word("workbook, comment"), marks.word("workbook, commenter")
    )
    book.create_sheet(marks.word("workbook, another sheet")).append(
        [marks.word("workbook, its cell")]
    )
    book.properties.creator = marks.word("workbook, author")
    book.properties.title = marks.word("workbook, title")
    book.save(at.workbook)


def _dashed(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"
