"""What may be wrong with an answer, whoever gives it and whatever was asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tests.faults.misbehaving import Met

STATUSES: Final = {
    "400": "status=400",
    "401": "status=401",
    "403": "status=403",
    "404": "status=404",
    "408": "status=408",
    "409": "status=409",
    "413": "status=413",
    "415": "status=415",
    "429": "status=429",
    "429 with Retry-After": "status=429,retry-after=1",
    "500": "status=500",
    "502 with a page": "status=502",
    "503 with Retry-After": "status=503,retry-after=1",
    "504": "status=504",
}
WIRE: Final = {
    "a portal's page with 200": "portal",
    "a redirect to itself": "redirect-here",
    "a redirect elsewhere": "redirect-away",
    "500 for what was done": "refuse-after=500",
    "503 for what was done": "refuse-after=503,retry-after=1",
    "an empty answer": "empty",
    "an empty answer, nothing done": "empty,unserved=1",
    "closed in silence": "silent",
    "closed in silence, nothing done": "silent,unserved=1",
    "no answer": "mute",
    "half an answer": "half",
    "a Content-Length too short": "short-length",
    "a Content-Length too long": "long-length",
    "an answer without end": "endless",
    "a byte now and then": "drip=300",
    "chunks of no size": "bad-chunks",
    "two Content-Lengths": "two-lengths",
    "no HTTP": "garbage",
    "the type of a picture": "wrong-type",
}
LIES_OF_STORING: Final = {
    "other instances named": "names-others",
    "no instance named": "names-none",
    "named as stored and refused": "names-in-both",
    "one refused and stored": "refuses-stored",
}
LIES_OF_LISTINGS: Final = {
    "everything listed twice": "lists-twice",
    "somebody else's listed": "lists-others",
    "one not listed": "lists-less",
}
LASTING: Final = {
    "401 for ever": "status=401",
    "403 for ever": "status=403",
    "429 for ever": "status=429,retry-after=1",
    "503 for ever": "status=503",
    "a portal for ever": "portal",
    "silence for ever": "silent",
}

STOPS: Final = frozenset(
    {"400", "403", "404", "409", "413", "415", "a redirect to itself", "a redirect elsewhere"}
)
"""What no second attempt mends: a run may end there, and says whom to ask."""
_ASKS: Final = frozenset({0, 3, 4, 5, 6})
_DONE: Final = frozenset({0})
_REFUSED: Final = frozenset({5, 6})


def once(
    *tables: dict[str, str],
    after: int = 0,
    stops: Collection[str] = STOPS,
    else_codes: Collection[int] = _DONE,
    short: Collection[str] = (),
    refuses: Collection[str] = (),
) -> Iterator[Met]:
    """Each met once, after so many requests. The run sits it out, or ends by one of `else_codes`;
    where it is one of `stops`, it may ask a person for something, and where it is one of `refuses`
    it has to: what was refused may have been a password."""
    for table in tables:
        for fault, spec in table.items():
            codes = _ASKS if fault in stops else frozenset(else_codes)
            codes = _REFUSED if fault in refuses else codes
            yield Met(fault, spec, codes, after=after, is_short=fault in short)


def lasting(*, after: int = 0) -> Iterator[Met]:
    """Each until a person saw to it: the run gives up in good order. What is done in silence, it
    may find out by looking, and need nobody."""
    for fault, spec in LASTING.items():
        codes = _ASKS if spec == "silent" else _ASKS - {0}
        yield Met(fault, spec, codes, times=None, after=after)
