"""Gateways held against each other: whether names agree, nobody goes twice, nobody is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transfer.gateways.sheet import Sheet
from transfer.sentences import count

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found. `differs` are names of what has to agree and does not; then patients are not
    compared, unless the key is the same. Patients by row key; of `elsewhere_twice` and
    `elsewhere_nobody` this host has no file."""

    differs: Sequence[str]
    counts: bool
    patients: int
    twice: Sequence[str] = ()
    nobody: Sequence[str] = ()
    elsewhere_twice: int = 0
    elsewhere_nobody: int = 0
    same_name: bool = False

    @property
    def is_good(self) -> bool:
        return not (
            self.differs
            or self.counts
            or self.twice
            or self.nobody
            or self.elsewhere_twice
            or self.elsewhere_nobody
        )


def compare(here: Sheet, others: Sequence[Sheet]) -> Compared:
    """This host against the others, which are all that there are besides it."""
    sheets = [here, *others]
    differs = tuple(
        name
        for name, value in here.agreement.items()
        if any(other.agreement.get(name) != value for other in others)
    )
    counts = any(sheet.counts for sheet in sheets)
    same_name = len({sheet.transfer for sheet in sheets}) < len(sheets)
    if "key" in differs:
        return Compared(differs, counts, len(here.goes), same_name=same_name)
    going: set[str] = set()
    twice: set[str] = set()
    for sheet in sheets:
        twice |= going & sheet.goes.keys()
        going |= sheet.goes.keys()
    nobody = set().union(*(sheet.stays.keys() for sheet in sheets)) - going
    rows = {**here.goes, **here.stays}
    twice_here, nobody_here = _keys(rows, twice), _keys(rows, nobody)
    return Compared(
        differs,
        counts,
        len(going),
        twice_here,
        nobody_here,
        len(twice) - len(twice_here),
        len(nobody) - len(nobody_here),
        same_name,
    )


def _keys(rows: dict[str, int], marks: set[str]) -> tuple[str, ...]:
    return tuple(f"P{row}" for row in sorted(rows[mark] for mark in marks if mark in rows))


def told(found: Compared) -> list[tuple[str, str]]:
    """Everything that is wrong, each with what to do."""
    lines = []
    if found.differs:
        names = ", ".join(found.differs)
        lines.append(
            (
                f"Not the same on every gateway: {names}. What they send would not fit together.",
                "See what is right, and make the transfer that is wrong anew, before it sends"
                " anything. A key is brought with: eucaim-transfer key import NAME --file FILE",
            )
        )
    if found.counts:
        lines.append(
            (
                "The script gave numbers in order (@integer): each gateway counts for itself, so"
                " that two patients may have one number.",
                "Send the cohort from one host, or take a script that makes numbers of the value.",
            )
        )
    if n := len(found.twice) + found.elsewhere_twice:
        lines.append(
            (
                f"{count(n, 'patient')} {'goes' if n == 1 else 'go'} from more than one gateway:"
                f" {_listed(found.twice, found.elsewhere_twice)}.",
                "Leave each out on all but one: eucaim-transfer select NAME --exclude KEYS. What"
                " has gone twice is on the node once, and both transfers count it.",
            )
        )
    if n := len(found.nobody) + found.elsewhere_nobody:
        lines.append(
            (
                f"{count(n, 'patient')} {'goes' if n == 1 else 'go'} from no gateway:"
                f" {_listed(found.nobody, found.elsewhere_nobody)}.",
                "If they are to go, add them to one list, or choose by parts: eucaim-transfer"
                " select NAME --only-part 1/2. If not, nothing is to be done.",
            )
        )
    return lines


def _listed(keys: Sequence[str], elsewhere: int) -> str:
    named = [*keys[:_NAMED]]
    if len(keys) > _NAMED:
        named.append(f"{len(keys) - _NAMED:,} more")
    if elsewhere:
        named.append(f"{elsewhere:,} of whom there is no file here")
    return ", ".join(named)
