"""A node's words about clinical data, before they are kept where the operator reads them.

A node knows a patient by the name under which the data left, and may say it: beside the key of a
row that would open the pseudonym, and where files go as they are it is the patient's own ID.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing


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
