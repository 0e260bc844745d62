"""Words on what the engine itself finds beside the registry's rules, kept as they always were:
files without a mark, instances that a script skips, identifiers that the last look found."""

from __future__ import annotations

import re
from typing import Final

from transfer.deid.rewrite import Cause
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.prepared import hits_by_patient
from transfer.ledger.waivers import ALL, is_waived, release, released, waive
from transfer.prepare.findings import SKIP_RULE
from transfer.prepare.method import IDENTIFIER_RULE

MARK_RULE: Final = "DID-02"
WAIVABLE: Final = (MARK_RULE, IDENTIFIER_RULE, SKIP_RULE)

_ELEMENT: Final = re.compile(r"\(?([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)?")


def waive_whole(ledger: Ledger, rule: str, person: str, reason: str) -> bool:
    """Answer for all of a rule, now and later; whether nobody had before."""
    if is_waived(ledger, rule):
        return False
    waive(ledger, rule, ALL, person, reason)
    return True


def release_found(
    ledger: Ledger,
    person: str,
    reason: str,
    *,
    keys: tuple[str, ...] | None = None,
    element: str | None = None,
) -> list[str]:
    """Answer for the places at which the last look found identifiers and for which nobody has
    answered: of these patients, of this element. The keys of the patients.

    A word is only about what was found, and is known to whoever gives it.

    Raises:
        UsageError: that is no element.
    """
    ending = ""
    if element:
        tag = _ELEMENT.fullmatch(element)
        if not tag:
            raise UsageError("That is no element.", "Give it as GGGG,EEEE: 0008,103E for one.")
        ending = f"({tag[1].upper()},{tag[2].upper()})"
    wanted = None if keys is None else {key.upper() for key in keys}
    known = released(ledger, IDENTIFIER_RULE)
    said = []
    for row, places in sorted(hits_by_patient(ledger, Cause.IDENTIFIER).items()):
        if wanted is not None and f"P{row}" not in wanted:
            continue
        if ending:
            places = [ending[1:-1]] if any(place.endswith(ending) for place in places) else []
        new = [place for place in places if place not in known.get(row, frozenset())]
        for place in new:
            release(ledger, IDENTIFIER_RULE, row, place, person, reason)
        if new:
            said.append(f"P{row}")
    return said
