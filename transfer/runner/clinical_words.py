"""A node's words about clinical data, before they are kept where the operator reads them.

A node knows a patient by the name under which the data left, and may say it: beside the key of a
row that would open the pseudonym, and where files go as they are it is the patient's own ID. It may
know other patients of the hospital too, from whoever sent before, and say any name of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing
    from transfer.ledger.connection import Ledger

NOT_KEPT: Final = (
    "The node did not take it; its words may tell of a patient and are not kept. Ask the node's"
    " administrator what is wrong."
)
_MOST: Final = 40
"""Different texts of one run that are looked at: each costs a look at every patient."""
# What a long answer was cut within is part of a name, by which nobody could know it.
_CUT: Final = re.compile(r"[^\W_]+…")
_HERE: Final = "\N{OBJECT REPLACEMENT CHARACTER}"


class KnownToNobody:
    """A node's words without those that the ledger knows of any patient. Refusals that differ in
    the patient's key alone are looked at once."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def told(self, ledger: Ledger, said: str, key: str) -> str:
        """The words as they may be kept, or that they are not."""
        form = said.replace(key, _HERE)
        if form not in self._told:
            if len(self._told) >= _MOST:
                return NOT_KEPT
            self._told[form] = _looked_at(ledger, form)
        return self._told[form].replace(_HERE, key)


def _looked_at(ledger: Ledger, said: str) -> str:
    from transfer.evidence.speech import WITHHELD, Speech

    whole = _CUT.sub("…", said)
    told = Speech(ledger, [whole], []).typed(whole)
    return NOT_KEPT if told == WITHHELD else told


def without_name(text: str, name: str, key: str) -> str:
    """The same with a patient's key in place of the name, in whatever case, and as addresses and
    JSON spell it."""
    if not name:
        return text
    in_json = json.dumps(name)[1:-1]
    spellings = sorted({name, quote(name, safe=""), quote(name), in_json}, key=len)
    forms = "|".join(re.escape(one) for one in reversed(spellings))
    return re.sub(rf"(?<![^\W_])(?:{forms})(?![^\W_])", key, text, flags=re.IGNORECASE)


def without_names(text: str, out: Outgoing, patients: Iterable[int]) -> str:
    """The same for all of these patients; in the thread of the ledger that `out` reads."""
    for patient in patients:
        name = out.going.name_of(patient)
        if name and (name.casefold() in text.casefold() or not name.isalnum()):
            text = without_name(text, name, f"P{patient}")
    return text
