"""Parts of a cohort, one for each of several gateways: a patient is always in the same one.

The part follows from the Patient ID alone. So every host finds the same division without a list,
nobody is in two parts or in none, and whoever comes later has a part already.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

from transfer.deid.recipe import trimmed
from transfer.errors import UsageError

MOST: Final = 99
_FORM: Final = re.compile(r"([1-9][0-9]?)\s*/\s*([1-9][0-9]?)")
_CONTEXT: Final = "eucaim-transfer part 1\n"


def read_part(value: str) -> tuple[int, int]:
    """Which part, counted from 1, and of how many: `2/3`.

    Raises:
        UsageError: it is none.
    """
    found = _FORM.fullmatch(value.strip())
    part, parts = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= parts or parts < 2:
        raise UsageError(
            "That is no part of the patients.",
            "Give which one and of how many: 1/2 on the first host and 2/2 on the second;"
            f" there can be {MOST}.",
        )
    return part, parts


@lru_cache(maxsize=1024)
def part_of(patient_id: str, parts: int) -> int:
    """The part of a patient. Blanks around the ID do not count, as they do not for a pseudonym."""
    named = (_CONTEXT + trimmed(patient_id)).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(named).digest(), "big") % parts + 1
