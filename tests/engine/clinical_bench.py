"""A transfer of one image a patient with a clinical table, to either stand-in."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from adapters.sandbox.server import Options, in_thread
from adapters.sandbox.xnat.site import PROJECT, Site
from tests.conformance.made import fresh_uid, made
from tests.engine.bench import NODE, TRANSFER, Bench, write_source
from tests.program import Program, Ran
from transfer.values import SeriesInstanceUID, SeriesRef, StudyInstanceUID

Kind = Literal["upv", "xnat"]
BOTH: tuple[Kind, ...] = ("upv", "xnat")
HEADINGS = ("PatientID", "Sex", "Age at diagnosis", "Comment")
STEP = "clinical"


def row_of(patient: str, *, comment: str = "seen") -> dict[str, str]:
    """A row of the table, the same for every patient but for the comment."""
    return dict(zip(HEADINGS, (patient, "Female", "61", comment), strict=True))


@dataclass
class ClinicalBench(Bench):
    """Its images are on the node once `send_images` was called."""

    kind: Kind = "upv"
    table_file: Path = field(default_factory=Path)
    record: Path = field(default_factory=Path)
    patients: Sequence[str] = ()

    def write_table(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Write the clinical table anew."""
        with self.table_file.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADINGS)
            writer.writeheader()
            writer.writerows(rows)

    def change_comment(self, patient: str, comment: str) -> None:
        """Write the table with another word in the row of one patient."""
        self.write_table(
            [row_of(p, comment=comment) if p == patient else row_of(p) for p in self.patients]
        )

    def send_images(self) -> None:
        ran = self.upload()
        assert ran.code == 0, str(ran)

    def clinical(self, *words: object) -> Ran:
        return self.program.run("clinical", TRANSFER, *words)

    def counts_of(self, kind: str = "subjects") -> Mapping[str, int]:
        counts: Mapping[str, int] = self.status()["clinical"][kind]
        return counts

    def sends(self) -> Counter[str]:
        """How often each address was written to with clinical data, by what the server recorded."""
        heads = [
            file.read_bytes().partition(b"\r\n")[0].decode()
            for file in self.record.glob("*-request.http")
        ]
        mark = "/eform" if self.kind == "upv" else "/resources/clinical/files/"
        written = [head.split(" ")[:2] for head in heads if mark in head]
        return Counter(address for method, address in written if method in ("PUT", "POST"))

    def refuse(self, patient: str) -> None:
        """Have the node refuse the data of this patient from now on."""
        fault = "eform:refuse" if self.kind == "upv" else "xnat:refuse-file"
        self.sandbox.faults.add(f"{fault}={patient}")

    def held(self) -> dict[str, str]:
        """What the node holds of each subject, as text."""
        if self.kind == "upv":
            return {s: str(form) for (_, s), form in self.sandbox.eforms.forms().items()}
        return {
            subject: file.read_text("utf-8")
            for subject, file in _files_of_subjects(self.sandbox.xnat).items()
        }


def _files_of_subjects(site: Site) -> dict[str, Path]:
    return {
        subject.label: file.path
        for subject in site.archive.subjects_of(PROJECT)
        for resource in subject.resources.values()
        if resource.label == "clinical"
        for file in resource.files.values()
    }


@contextmanager
def clinical_bench(
    folder: Path, kind: Kind, *, patients: int = 5, sent: bool = True, **table: object
) -> Iterator[ClinicalBench]:
    """A running node and a transfer of so many patients, PT001 first, with a row for each."""
    names = [f"PT{number:03}" for number in range(1, patients + 1)]
    images = [
        made(SeriesRef(StudyInstanceUID(fresh_uid()), SeriesInstanceUID(fresh_uid()), name))
        for name in names
    ]
    source = write_source(folder / "source", images)
    record = folder / "record"
    with in_thread(Options(record=record)) as sandbox:
        program = Program(folder / "home", {"EUCAIM_TRANSFER_PASSWORD": "ingester"})
        file = folder / "t_clinical.csv"
        bench = ClinicalBench(
            program, sandbox, images, kind=kind, table_file=file, record=record, patients=names
        )
        bench.write_table([row_of(name) for name in names])
        if kind == "upv":
            usual: dict[str, object] = {
                "kind": "upv",
                "dicomweb_url": sandbox.endpoints.dicomweb_url,
                "issuer_url": sandbox.endpoints.issuer_url,
                "auth": "password",
                "destinations": ["SANDBOX|MAIN"],
                "eform_url": sandbox.endpoints.eform_url,
            }
        else:
            usual = {"kind": "xnat", "url": sandbox.xnat_url, "destinations": [PROJECT]}
        usual |= {"username": "ingester", "ca_file": str(sandbox.ca_file), "listing_delay_s": 1}
        bench.configure(**(usual | table))
        program.here("new", TRANSFER, "--node", NODE, "--source", source, "--clinical", file)
        if sent:
            bench.send_images()
        yield bench
        assert list(sandbox.crashes) == []
