"""The UPV stand-in misbehaves: while it takes images in, when it is asked whether it lists, while
it lists, at the sign-in."""

from __future__ import annotations

from tests.faults.answered import (
    LIES_OF_LISTINGS,
    LIES_OF_STORING,
    STATUSES,
    WIRE,
    lasting,
    once,
)
from tests.faults.misbehaving import Met, scenario

_SHORT = ("503 for what was done", "other instances named")
_KEEPS = [
    Met("acknowledged and not kept", "drop-acked"),
    Met("kept and named nowhere", "omit"),
    Met("202, one refused for now", "partial=202,reason=272"),
    Met("202, one refused for good", "partial=202,reason=43264", frozenset({4})),
    Met("stored with a warning", "warn"),
    Met("an answer in XML", "xml"),
    Met("reset before the body", "reset-before-body"),
    Met("reset in mid body", "reset-mid-body"),
    Met("reset after the body", "reset-after-body"),
]
_LISTS = [
    # Asked for each page; the listings that come before the first image are not meant.
    Met("listed late", "delay-listing=1", times=None),
    Met("three to a page", "cap=3", times=None),
    Met("listing not offered", "not-supported", frozenset({3}), times=None),
]

SCENARIOS = [
    *(
        scenario(met, "storing", "stow", "upv")
        for met in [*once(STATUSES, WIRE, LIES_OF_STORING, short=_SHORT), *lasting(), *_KEEPS]
    ),
    *(
        scenario(met, "asked whether it lists", "qido", "upv")
        for met in [*once(STATUSES, WIRE), *lasting()]
    ),
    *(
        scenario(met, "listing", "qido", "upv")
        for met in [
            *once(STATUSES, WIRE, LIES_OF_LISTINGS, after=1),
            *lasting(after=1),
            *_LISTS,
        ]
    ),
    *(
        scenario(met, "sign-in", "issuer", "upv")
        for met in once(STATUSES, WIRE, refuses={"401", "403"})
    ),
]
