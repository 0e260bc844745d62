"""The XNAT stand-in misbehaves: at the sign-in, while it takes images in, while its prearchive is
looked at, while it archives, while it lists what it archived."""

from __future__ import annotations

from tests.faults.answered import LIES_OF_LISTINGS, STATUSES, WIRE
from tests.faults.misbehaving import scenario

_SERVICES = {
    "sign-in": "xnat-sign-in",
    "import": "xnat-import",
    "prearchive": "xnat-prearchive",
    "archiving": "xnat-archive",
    "listing": "xnat-listing",
}

SCENARIOS = [
    *(
        scenario(met, phase, service, "xnat")
        for phase, service in _SERVICES.items()
        for met in [*STATUSES, *WIRE]
    ),
    *(scenario(met, "catalogue", "xnat-listing", "xnat") for met in LIES_OF_LISTINGS),
]
