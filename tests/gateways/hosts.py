"""Two hosts that share a source, a key and a node; and one host that sends the same to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.sandbox.server import Sandbox
from tests.engine.made import image
from tests.program import Program, Ran

KEY = "019a39ba16da7edb9e906440a48e9ed32"
SITE_ID = "SITE-7"
PATIENTS = range(1, 7)
PART_1 = (2, 3, 4)
"""Who is in part 1/2; the others are in 2/2."""

_STUDIES = 2


def write_cohort(source: Path) -> Path:
    """Six patients with two Studies each, of two instances each."""
    for number in PATIENTS:
        for study in range(_STUDIES):
            for index in range(2):
                image(
                    source / f"{number}" / f"{study}-{index}.dcm",
                    f"1.2.{number}.{study}.{index}",
                    PatientID=f"HOSP-00{number}10",
                    PatientName=f"Zwingen{'xabcdefgh'[number]}berg^Ottokar",
                    StudyInstanceUID=f"1.3.{number}.{study}",
                    SeriesInstanceUID=f"1.4.{number}.{study}",
                    StudyDate=f"20200{1 + study}15",
                    SeriesDescription="Thorax",
                )
    return source


def patient_list(folder: Path, name: str, numbers: Sequence[int]) -> Path:
    path = folder / name
    path.write_text("".join(f"HOSP-00{number}10\n" for number in numbers), "utf-8")
    return path


@dataclass(frozen=True)
class Host:
    """One home with one transfer."""

    program: Program
    transfer: str

    @classmethod
    def at(
        cls,
        home: Path,
        transfer: str,
        nodes: Mapping[str, Mapping[str, object]],
        source: Path,
        *words: object,
        key: str = KEY,
    ) -> Host:
        """A scanned transfer to the only node, with the shared key."""
        program = Program(home, {"EUCAIM_TRANSFER_PASSWORD": "ingester"})
        program.configure(nodes)
        (node,) = nodes
        program.here("new", transfer, "--node", node, "--source", source, *words)
        file = home / "shared.key"
        file.write_text(f"{key}\n", "ascii")
        file.chmod(0o600)
        program.here("key", "import", transfer, "--file", file)
        program.here("scan", transfer)
        return cls(program, transfer)

    def run(self, command: str, *words: object, good: bool = True) -> Ran:
        return self.program.here(command, self.transfer, *words, good=good)

    def counts(self) -> dict[str, int]:
        instances: dict[str, int] = self.program.status(self.transfer)["instances"]
        return {key: instances[key] for key in ("ready", "sent", "verified", "failed")}

    def sheet(self, path: Path) -> Path:
        self.run("gateways", "--out", path)
        return path

    def compared(self, *sheets: Path) -> Any:
        """What `gateways` says of this host and of those; with its exit code."""
        ran = self.run("gateways", "--compare", *sheets, "--json", good=False)
        return {"exit_code": ran.code, **ran.document["compared"]}


def upload_at_once(*hosts: Host) -> None:
    """Every host sends at the same time, each in a process of its own, to the end."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        ran = [pool.submit(host.program.run, "upload", host.transfer) for host in hosts]
    for one in ran:
        assert one.result().code == 0, str(one.result())


def upv(sandbox: Sandbox) -> dict[str, dict[str, object]]:
    return {
        "node": {
            "kind": "upv",
            "dicomweb_url": sandbox.endpoints.dicomweb_url,
            "issuer_url": sandbox.endpoints.issuer_url,
            "auth": "password",
            "destinations": ["SANDBOX|MAIN"],
            **_usual(sandbox),
        }
    }


def xnat(sandbox: Sandbox) -> dict[str, dict[str, object]]:
    return {
        "node": {
            "kind": "xnat",
            "url": sandbox.xnat_url,
            "destinations": ["SANDBOX"],
            **_usual(sandbox),
        }
    }


def _usual(sandbox: Sandbox) -> dict[str, object]:
    return {
        "username": "ingester",
        "ca_file": str(sandbox.ca_file),
        "listing_delay_s": 0.1,
        "gate": "integrity",
        "deidentified": "as-is",
    }
