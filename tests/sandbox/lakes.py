"""Studies for the stand-in's data lake, as QP-Insights would have put them there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import dataset, part10, uid


def put_study(
    sandbox: Sandbox,
    path: str,
    series: Sequence[str] = ("SER0", "SER1"),
    *,
    external_id: str | None = None,
    suffix: str = ".dcm",
) -> Path:
    """One CT slice a series, marked as of the subproject with this id; None: not marked."""
    study = sandbox.datasets.lake.folder / path
    for folder in series:
        made = dataset(f"{path}/{folder}", study=path)
        made.BodyPartExamined, made.Manufacturer = "BREAST", "SIEMENS"
        made.PatientAge, made.PatientSex = "040Y", "F"
        (study / folder).mkdir(parents=True, exist_ok=True)
        if external_id is not None:
            made.add_new(0x70D10020, "LO", "IMAGE PLATFORM")
            made.add_new(0x70D12000, "LO", external_id)
        (study / folder / f"{uid(path, folder)}{suffix}").write_bytes(part10(made))
    return study
