"""What may be wrong with an answer, whoever gives it and whatever was asked."""

from __future__ import annotations

from typing import Final

from tests.faults.misbehaving import Met

ANY = frozenset({0, 3, 4, 5, 6})
STATUSES: Final = [
    Met(name, f"status={spec}", ANY)
    for name, spec in {
        "400": "400",
        "401": "401",
        "403": "403",
        "404": "404",
        "408": "408",
        "409": "409",
        "413": "413",
        "415": "415",
        "429": "429",
        "429 with Retry-After": "429,retry-after=1",
        "500": "500",
        "502 with a page": "502",
        "503 with Retry-After": "503,retry-after=1",
        "504": "504",
    }.items()
]
WIRE: Final = [
    Met(name, spec, ANY)
    for name, spec in {
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
    }.items()
]
LIES_OF_STORING: Final = [
    Met(name, spec, ANY)
    for name, spec in {
        "other instances named": "names-others",
        "no instance named": "names-none",
        "named as stored and refused": "names-in-both",
        "one refused and stored": "refuses-stored",
    }.items()
]
LIES_OF_LISTINGS: Final = [
    Met(name, spec, ANY)
    for name, spec in {
        "everything listed twice": "lists-twice",
        "somebody else's listed": "lists-others",
        "one not listed": "lists-less",
    }.items()
]
