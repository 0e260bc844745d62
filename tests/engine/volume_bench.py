"""Identified images of two patients with a NIfTI volume each, and nodes that they go to."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.xnat.model import StoredFile
from adapters.sandbox.xnat.site import PROJECT, SiteOptions
from tests.engine.bench import NODE, TRANSFER
from tests.engine.made import image
from tests.faults.bench import KILLING
from tests.program import REPOSITORY, Program, Ran
from tests.scan.niftis import dicom_json, nifti, packed

SITE_ID = "SITE-7"
NAMES = ("Zwingenberg^Ottokar", "Quellwasser^Philippa")
IDS = ("HOSP-0177", "HOSP-0277")


@dataclass
class VolumeBench:
    """One source, made and not yet ordered."""

    program: Program
    sandbox: Sandbox
    source: Path
    record: Path
    table: dict[str, object] = field(default_factory=dict)

    def configure(self, **changes: object) -> None:
        """Change the node's table in config.toml."""
        self.table |= changes
        self.program.configure({NODE: self.table})

    def patient(self, number: int, **changes: tuple[str, object]) -> Path:
        """Two images of one Series, and a volume of another Series of the same Study under the
        patient's name; returns the path of its image."""
        folder = self.source / f"{number}"
        for index in range(2):
            image(
                folder / f"{index}.dcm",
                f"1.2.{number}.{index}",
                PatientID=IDS[number],
                PatientName=NAMES[number],
                PatientBirthDate=f"195{number}0412",
                StudyInstanceUID=f"1.3.{number}",
                SeriesInstanceUID=f"1.4.{number}",
                SeriesNumber="1",
                StudyDate="20200115",
                AcquisitionDate="20200115",
                Manufacturer="Maker",
                BodyPartExamined="CHEST",
                PatientSex="F",
                PatientAge="061Y",
                BurnedInAnnotation="NO",
            )
        return self.volume(number, "", **changes)

    def volume(self, number: int, name: str = "", **changes: tuple[str, object]) -> Path:
        """A volume of a patient, named after that patient in file, gzip header and JSON."""
        stem = name or NAMES[number].replace("^", "_")
        path = self.source / f"{number}" / f"{stem}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = nifti(voxels=hashlib.sha256(f"{number}{stem}".encode()).digest()[:24])
        path.write_bytes(packed(content, name=f"{stem}.nii".encode(), mtime=1_700_000_000))
        said: dict[str, tuple[str, object]] = {
            "t00100010": ("PN", NAMES[number]),
            "t00100020": ("LO", IDS[number]),
            "t00100030": ("DA", f"195{number}0412"),
            "t00080022": ("DA", "20200115"),
            "t0020000D": ("UI", f"1.3.{number}"),
            "t0020000E": ("UI", f"1.4.{number}.7"),
            "t00200011": ("IS", 7),
        }
        json_path = path.with_name(f"{stem}.json")
        json_path.write_bytes(dicom_json("00120062", "00120063", **(said | changes)))
        return path

    def new(self, *words: object) -> None:
        self.program.here("new", TRANSFER, "--node", NODE, "--source", self.source, *words)

    def new_eucaim(self) -> None:
        self.new("--deid", "eucaim", "--site-id", SITE_ID)

    def upload(self, *words: object) -> Ran:
        return self.program.run("upload", TRANSFER, *words)

    def struck_at(self, point: str, blow: str = "self") -> int:
        """Upload in a process that is struck at the first passing of a point; its exit code."""
        ran = subprocess.run(
            [sys.executable, "-P", str(KILLING), blow, point, "1", "upload", TRANSFER],
            env={**self.program.environment(), "PYTHONPATH": str(REPOSITORY)},
            cwd=REPOSITORY,
            capture_output=True,
            timeout=120,
            check=False,
            start_new_session=True,
        )
        return ran.returncode

    def check(self, *words: object) -> Ran:
        return self.program.run("check", TRANSFER, *words, "--json")

    def status(self) -> Any:
        return self.program.status(TRANSFER)

    def volumes(self) -> dict[str, int]:
        """The figures of the volumes in `status --json`."""
        told = self.status()["volumes"]
        return {k: told[k] for k in ("found", "left_out", "ready", "sent", "verified", "failed")}

    def reasons(self) -> dict[str, str]:
        """Why volumes did not go, by their keys."""
        return {one["key"]: one["reason"] for one in self.status()["volumes"]["not_sent"]}

    def held(self) -> dict[str, StoredFile]:
        """The files in resources NIFTI of the XNAT project, by name."""
        return {
            name: file
            for session in self.sandbox.xnat.archive.sessions.values()
            for scan in session.scans.values()
            if "NIFTI" in scan.resources
            for name, file in scan.resources["NIFTI"].files.items()
        }

    def jsons(self) -> list[dict[str, Any]]:
        """The JSON documents that the project holds."""
        return [
            json.loads(file.path.read_bytes())
            for name, file in sorted(self.held().items())
            if name.endswith(".json")
        ]

    def puts(self) -> int:
        """How many files of volumes were put, however they were answered."""
        lines = [f.read_bytes().split(b"\r\n", 1)[0] for f in self.record.glob("*-request.http")]
        return sum(
            line.startswith(b"PUT ") and b"/resources/NIFTI/files/" in line for line in lines
        )


def digest(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@contextmanager
def volume_bench(
    folder: Path, *, site: SiteOptions | None = None, kind: str = "xnat", **table: object
) -> Iterator[VolumeBench]:
    """A running node and an empty source; `table` is added to the node's in config.toml."""
    record = folder / "record"
    with in_thread(Options(record=record, xnat=site or SiteOptions())) as sandbox:
        program = Program(folder / "home", {"EUCAIM_TRANSFER_PASSWORD": "ingester"})
        usual: dict[str, object] = {
            "kind": kind,
            "username": "ingester",
            "ca_file": str(sandbox.ca_file),
            "listing_delay_s": 1,
        }
        if kind == "xnat":
            usual |= {"url": sandbox.xnat_url, "destinations": [PROJECT]}
        else:
            usual |= {
                "dicomweb_url": sandbox.endpoints.dicomweb_url,
                "issuer_url": sandbox.endpoints.issuer_url,
                "auth": "password",
                "destinations": ["SANDBOX|MAIN"],
            }
        bench = VolumeBench(program, sandbox, folder / "source", record)
        bench.configure(**(usual | table))
        yield bench
        assert list(sandbox.crashes) == []
