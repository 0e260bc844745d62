"""Orthanc behind a web server that misbehaves: while it takes images in, while it lists them."""

from __future__ import annotations

from tests.faults.answered import (
    LIES_OF_LISTINGS,
    LIES_OF_STORING,
    STATUSES,
    STOPS,
    WIRE,
    lasting,
    once,
)
from tests.faults.misbehaving import scenario
from tests.real.orthanc import missing_software

# Nobody signs in there: whoever is asked to has to be told.
_STOPS = STOPS | {"401"}
# By the sign-in, which asks the node itself, and by the question whether it lists.
_ASKED_BEFORE = 2

SCENARIOS = [
    scenario(met, phase, service, "orthanc", missing_software)
    for phase, service, mets in (
        (
            "storing",
            "stow",
            [
                *once(STATUSES, WIRE, LIES_OF_STORING, stops=_STOPS, short=("half an answer",)),
                *lasting(),
            ],
        ),
        (
            "listing",
            "qido",
            [
                *once(STATUSES, WIRE, LIES_OF_LISTINGS, after=_ASKED_BEFORE, stops=_STOPS),
                *lasting(after=_ASKED_BEFORE),
            ],
        ),
    )
    for met in mets
]
