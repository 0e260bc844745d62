"""The XNAT stand-in misbehaves: at the sign-in, when labels are compared with its prearchive, while
it takes images in, while it is watched archiving, while it lists what it archived."""

from __future__ import annotations

from tests.faults.answered import LIES_OF_LISTINGS, STATUSES, STOPS, WIRE, lasting, once
from tests.faults.misbehaving import Met, scenario

_EARLY = {0, 5, 6}
"""Before the first image, where a person still looks on, a run may end instead of waiting."""
_NOT_AGAIN = STOPS | {"an answer without end"}
"""What is larger than it can be is not read a second time."""
_KEEPS = [
    Met("one lost without a word", "drop"),
    Met("still processing", "processing"),
    Met("somebody else at it", "concurrent"),
    Met("a second row", "second-row"),
    Met("signed out in mid body", "expire-session"),
    Met("signed out in mid body, and 200", "expire-session,answer=200"),
    Met("reset before it is stored", "cut-before-store"),
    Met("reset when part is stored", "cut-after-store"),
    Met("reset after it is stored", "cut-answer"),
]
_ARCHIVES = [
    Met("a conflict", "conflict", frozenset({4})),
    Met("a duplicate by its word", "duplicate-archive", frozenset({0, 4})),
    Met("in use by its word", "in-use"),
    Met("a gateway that gives up", "gateway-timeout=1500"),
    Met("two seconds for it", "slow-archive=2000"),
]
_SHORT = ("an empty answer", "an answer without end")

SCENARIOS = [
    *(
        scenario(met, "sign-in", "xnat-sign-in", "xnat")
        for met in once(STATUSES, WIRE, stops=_NOT_AGAIN, refuses={"401", "403"})
    ),
    *(
        scenario(met, "comparing labels", "xnat-prearchive", "xnat")
        for met in once(STATUSES, WIRE, else_codes=_EARLY)
    ),
    *(
        scenario(met, "listing", "xnat-listing", "xnat")
        for met in once(STATUSES, WIRE, else_codes=_EARLY)
    ),
    *(
        scenario(met, "import", "xnat-import", "xnat")
        for met in [*once(STATUSES, WIRE, short=_SHORT), *lasting()]
    ),
    *(scenario(met, "import", "xnat", "xnat") for met in _KEEPS),
    *(
        scenario(met, "watched archiving", "xnat-prearchive", "xnat")
        for met in [*once(STATUSES, WIRE, after=1, stops=_NOT_AGAIN), *lasting(after=1)]
    ),
    *(
        scenario(met, "archiving", "xnat-archive", "xnat")
        for met in [*once(STATUSES, WIRE, short=("closed in silence",)), *lasting()]
    ),
    *(scenario(met, "archiving", "xnat", "xnat") for met in _ARCHIVES),
    *(
        scenario(met, "catalogue", "xnat-catalogue", "xnat")
        for met in [*once(STATUSES, WIRE, LIES_OF_LISTINGS), *lasting()]
    ),
]
