"""A home with a cohort of planted identifiers that was sent, made once for all tests of a run."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, in_thread
from adapters.sandbox.synth import write_cohort
from adapters.sandbox.xnat.site import PROJECT
from tests.program import Program
from tests.scan.niftis import dicom_json, nifti, packed

NAME = "t"
"""De-identified, images, a volume and clinical data, to XNAT."""
RAW = "raw"
"""The same images as they are, to UPV."""
_XNAT = "sandbox-xnat"
_UPV = "sandbox-upv"
_made: dict[str, Prepared] = {}


@dataclass(frozen=True)
class Prepared:
    """What lies on the disk after both transfers went; `values` were planted. `labels` are those
    of subjects and sessions that the node holds, `patients` the IDs in the source."""

    folder: Path
    values: tuple[str, ...]
    patients: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    instances: dict[str, int]

    @property
    def home(self) -> Path:
        return self.folder / "home"


def prepared(factory: pytest.TempPathFactory) -> Prepared:
    """The home; never to be changed, only copied."""
    if "home" not in _made:
        _made["home"] = _prepare(factory.mktemp("prepared"))
    return _made["home"]


def copied(made: Prepared, folder: Path) -> Program:
    """The program with a copy of the home."""
    shutil.copytree(made.home, folder / "home")
    return Program(folder / "home", {})


def _prepare(folder: Path) -> Prepared:
    source = folder / "cohort"
    write_cohort(source, patients=2, seed=3, scale="small", slices=0.05)
    planted = json.loads((source / "planted.json").read_text("utf-8"))
    images = source / "images"
    ids = tuple(
        next(one["value"] for one in patient["identifiers"] if one["where"] == "PatientID")
        for patient in planted["patients"]
    )
    _write_volume(images / "volume", planted["values"], ids[0])
    with in_thread(Options()) as sandbox:
        sandbox.write_home(folder / "home")
        (folder / "home").chmod(0o700)
        program = Program(folder / "home", {})
        for node in (_XNAT, _UPV):
            program.good("login", node, typed="ingester\n")
        program.good(
            "new", NAME, "--node", _XNAT, "--source", images, "--clinical", source / "clinical.csv",
            "--deid", "eucaim", "--site-id", "S1",
        )  # fmt: skip
        program.good("new", RAW, "--node", _UPV, "--source", images)
        program.good("upload", NAME)
        program.good("clinical", NAME)
        program.good("upload", RAW)
        spoken = next(value for value in planted["values"] if "^" in value)
        # Persons name patients where they should not, and helpdesks repeat them.
        program.good(
            "ticket", NAME, "--not-needed", "--by", "Dr Data", "--reason", f"{spoken} is settled"
        )
        program.good("preview", NAME, "E1")
        (program.home / "transfers" / NAME / "ledger.sqlite.before").write_bytes(
            (program.home / "transfers" / NAME / "ledger.sqlite").read_bytes()
        )
        archive = sandbox.xnat.archive
        labels = {
            subject.label: tuple(
                sorted(session.label for session in archive.sessions_of(PROJECT, subject.id))
            )
            for subject in archive.subjects_of(PROJECT)
        }
        counts = {name: program.status(name)["instances"]["verified"] for name in (NAME, RAW)}
    return Prepared(folder, tuple(planted["values"]), ids, labels, counts)


def _write_volume(folder: Path, values: list[str], patient: str) -> None:
    folder.mkdir()
    name = next(value for value in values if "^" in value)
    (folder / f"{patient}.nii.gz").write_bytes(
        packed(nifti(), name=f"{patient}.nii".encode(), mtime=1_700_000_000)
    )
    (folder / f"{patient}.json").write_bytes(
        dicom_json(
            "00120062",
            "00120063",
            t00100010=("PN", name),
            t00100020=("LO", patient),
            t00080022=("DA", "20200115"),
            t0020000D=("UI", "1.3.6.1.4.1.99999.5"),
            t0020000E=("UI", "1.3.6.1.4.1.99999.5.7"),
            t00200011=("IS", 7),
        )
    )


def spellings(value: str) -> Iterator[bytes]:
    """A value as it may stand in a file: four encodings, and base64 at each of three places."""
    plain = [value.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    plain += [value.encode("latin-1", "ignore"), value.replace("^", " ").encode()]
    for raw in dict.fromkeys(plain):
        yield raw
        for shift in range(3):
            # The first and last signs hold neighbours' bits.
            yield base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]


def found_in(folder: Path, values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Every file that holds, or is named after, one of the values."""
    wanted: list[tuple[str, bytes]] = [
        (value, raw) for value in values for raw in spellings(value) if len(raw) >= 5
    ]
    found = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        content = name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"")
        found += [(name, value) for value, raw in wanted if raw in content]
    return list(dict.fromkeys(found))
