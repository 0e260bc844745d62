"""Orthanc behind a web server that misbehaves: while it takes images in, while it lists them."""

from __future__ import annotations

from tests.faults.answered import LIES_OF_LISTINGS, LIES_OF_STORING, STATUSES, WIRE
from tests.faults.misbehaving import scenario
from tests.real.orthanc import missing_software

SCENARIOS = [
    scenario(met, phase, service, "orthanc", lacks=missing_software)
    for phase, service, mets in (
        ("storing", "stow", [*STATUSES, *WIRE, *LIES_OF_STORING]),
        ("listing", "qido", [*STATUSES, *WIRE, *LIES_OF_LISTINGS]),
    )
    for met in mets
]
