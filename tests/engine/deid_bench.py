"""A stand-in node, a source of small identified images, and the program that de-identifies them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread

from adapters.sandbox.server import Sandbox, in_thread
from tests.engine.bench import NODE, TRANSFER
from tests.engine.made import image
from tests.program import Program, Ran

SITE_ID = "SITE-7"


@dataclass
class DeidBench:
    """One source that goes, by some method, to one node that takes what comes."""

    program: Program
    sandbox: Sandbox
    source: Path

    def patient(self, number: int, images: int = 2, **elements: str) -> None:
        """Write so many instances of one Series of one patient."""
        for index in range(images):
            self.image(number, index, **elements)

    def image(self, number: int, index: int, **elements: str) -> Path:
        """Write one instance of a patient whose identifiers stand nowhere else."""
        path = self.source / f"{number}" / f"{index}.dcm"
        facts = {
            "PatientID": f"HOSP-00{number}77",
            "PatientName": f"Zwingen{'xabcdefgh'[number]}berg^Ottokar",
            "PatientBirthDate": f"195{number}0412",
            "StudyInstanceUID": f"1.3.{number}",
            "SeriesInstanceUID": f"1.4.{number}",
            "StudyDate": "20200115",
            "SeriesDescription": "Thorax",
        }
        image(path, f"1.2.{number}.{index}", rows=4, **(facts | elements))
        return path

    def new(self, *words: object) -> Ran:
        words = ("new", TRANSFER, "--node", NODE, "--source", self.source, *words)
        return self.program.here(*words, good=False)

    def new_eucaim(self) -> None:
        ran = self.new("--deid", "eucaim", "--site-id", SITE_ID)
        assert ran.code == 0, str(ran)

    def new_script(self, rules: str, *words: object) -> None:
        """A transfer by a script of these elements, all others kept."""
        path = self.source.parent / "anonymizer.script"
        path.write_text(f"<script>\n{rules}\n</script>\n", "utf-8")
        ran = self.new("--deid", path, *words)
        assert ran.code == 0, str(ran)

    def check(self, *words: object) -> Ran:
        return self.program.run("check", TRANSFER, *words, "--json")

    def waive(self, rule: str, *words: object) -> Ran:
        return self.check("--waive", rule, *words, "--by", "Dr Data", "--reason", "I looked")

    def upload(self, *words: object) -> Ran:
        return self.program.run("upload", TRANSFER, *words)

    def status(self) -> Any:
        return self.program.status(TRANSFER)

    def counts(self) -> dict[str, int]:
        instances: dict[str, int] = self.status()["instances"]
        return instances

    def step_of_images(self) -> str:
        """The state of the images step."""
        steps: list[dict[str, str]] = self.status()["steps"]
        return next(step["state"] for step in steps if step["id"] == "images")

    def failed(self) -> dict[str, list[str]]:
        """The reasons of everything that failed, by the row key of its Study."""
        found: dict[str, list[str]] = {}
        for one in self.status()["failed"]:
            found.setdefault(one["study"], []).append(one["reason"])
        return found

    def arrived(self) -> list[Dataset]:
        """What the node holds, in the order of the Patient IDs."""
        held = [dcmread(stored.path) for stored in self.sandbox.stored().values()]
        return sorted(held, key=lambda one: (str(one.PatientID), str(one.SOPInstanceUID)))


@contextmanager
def deid_bench(folder: Path, **table: object) -> Iterator[DeidBench]:
    """A running node and an empty source; `table` is added to the node's in config.toml."""
    with in_thread() as sandbox:
        program = Program(folder / "home", {"EUCAIM_TRANSFER_PASSWORD": "ingester"})
        usual: dict[str, object] = {
            "kind": "upv",
            "dicomweb_url": sandbox.endpoints.dicomweb_url,
            "issuer_url": sandbox.endpoints.issuer_url,
            "auth": "password",
            "username": "ingester",
            "ca_file": str(sandbox.ca_file),
            "destinations": ["SANDBOX|MAIN"],
            "listing_delay_s": 1,
        }
        program.configure({NODE: usual | table})
        yield DeidBench(program, sandbox, folder / "source")
        assert list(sandbox.crashes) == []
