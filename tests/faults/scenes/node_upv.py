"""The UPV stand-in misbehaves: while it takes images in, while it lists them, at the sign-in."""

from __future__ import annotations

from tests.faults.answered import LIES_OF_LISTINGS, LIES_OF_STORING, STATUSES, WIRE
from tests.faults.misbehaving import scenario

SCENARIOS = [
    *(scenario(met, "storing", "stow", "upv") for met in [*STATUSES, *WIRE, *LIES_OF_STORING]),
    *(scenario(met, "listing", "qido", "upv") for met in [*STATUSES, *WIRE, *LIES_OF_LISTINGS]),
    *(scenario(met, "sign-in", "issuer", "upv") for met in [*STATUSES, *WIRE]),
]
