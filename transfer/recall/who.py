"""Whom a name means: exactly one patient's, to the letter, or nobody's. What looks alike is named
by its key, and never taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transfer.clinical.likeness import compact, likeness, likenesses
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import REMOVED
from transfer.ledger.order import read_order
from transfer.ledger.recalled import (
    all_patients,
    all_table_ids,
    all_volumes,
    patient_of,
    patients_named,
    patients_of_table_id,
)
from transfer.ledger.retention import read_retention
from transfer.method_files import de_identifies
from transfer.quality.attributes import PATIENT_ID
from transfer.quality.document import read_traits

MOST_ALIKE: Final = 20


class FoundBy(StrEnum):
    """As what a name was known. `TABLE_ID`: the Patient ID of a clinical table alone."""

    PATIENT_ID = "patient-id"
    PSEUDONYM = "pseudonym"
    TABLE_ID = "table-id"


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody else whose name looks alike; `differs_in` says in what."""

    key: str
    differs_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a name means. `patients` are rows, several only where their images went under the one
    pseudonym that was asked for; none where only a table or the JSON of volumes names them."""

    found_by: FoundBy
    patients: tuple[int, ...]
    alike: tuple[Alike, ...] = ()
    alike_in_all: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"P{row}" for row in self.patients)


class NobodyFound(UsageError):
    """Nobody of this transfer has this name; `alike` look like it."""

    def __init__(self, what: str, remedy: str, alike: tuple[Alike, ...]) -> None:
        super().__init__(what, remedy)
        self.alike = alike


def find(ledger: Ledger, name: str, meant: FoundBy | None = None) -> Who:
    """Look for a Patient ID or a pseudonym. `ledger.names` has to be open where a method seals
    them; `meant` says which of the two it is.

    Raises:
        NobodyFound: nobody has it, to the letter.
        UsageError: it is empty, or is the Patient ID of one and the pseudonym of another.
    """
    if not name.strip():
        raise UsageError("Nobody is named.", "Give the Patient ID or the pseudonym of one patient.")
    alike, in_all = looks_alike(ledger, name)
    by_id = None if meant is FoundBy.PSEUDONYM else _by_patient_id(ledger, name)
    by_pseudonym = None if meant is FoundBy.PATIENT_ID else _by_pseudonym(ledger, name)
    if by_id is not None and by_pseudonym is not None and by_id[1] != by_pseudonym:
        raise UsageError(
            f"That is the Patient ID of {_told(by_id[1])} and the pseudonym of"
            f" {_told(by_pseudonym)}, who is somebody else; nothing was looked up.",
            "Say which is meant: --as patient-id or --as pseudonym",
        )
    if by_id is not None:
        return Who(by_id[0], by_id[1], alike, in_all)
    if by_pseudonym is not None:
        return Who(FoundBy.PSEUDONYM, by_pseudonym, alike, in_all)
    raise NobodyFound(*_nobody(ledger, alike, in_all), alike)


def _by_patient_id(ledger: Ledger, name: str) -> tuple[FoundBy, tuple[int, ...]] | None:
    if name.startswith(REMOVED):
        return None
    row = patient_of(ledger, name)
    if row is not None:
        return FoundBy.PATIENT_ID, (row,)
    linked = tuple(patients_of_table_id(ledger, name))
    if any(v.patient is None and is_named(v.traits, name) for v in all_volumes(ledger)):
        return FoundBy.PATIENT_ID, linked
    if linked or ledger.row("SELECT 1 FROM clinical_row WHERE patient = ? LIMIT 1", name):
        return FoundBy.TABLE_ID, linked
    return None


def _by_pseudonym(ledger: Ledger, name: str) -> tuple[int, ...] | None:
    """None where nobody went under it."""
    is_open = read_retention(ledger).is_begun
    found = set(patients_named(ledger, name) if is_open else ())
    if de_identifies(read_order(ledger)):
        if has_sealed(ledger):
            from transfer.deid.keys.seal import PATIENT_ID as CONTEXT

            found |= set(patients_named(ledger, ledger.names.seal.close(name, CONTEXT)))
        if not found and any(is_named(volume.out_traits, name) for volume in all_volumes(ledger)):
            return ()
    return tuple(sorted(found)) if found else None


def has_sealed(ledger: Ledger) -> bool:
    """Whether some name can be read with the cohort's key alone."""
    return bool(
        ledger.number(
            "SELECT EXISTS (SELECT 1 FROM patient WHERE pseudonym IS NOT NULL"
            " AND typeof(pseudonym) = 'blob')"
        )
    )


def is_named(traits: str, name: str) -> bool:
    """Whether the JSON of a volume names exactly this Patient ID. One that was cut names nobody."""
    return _volume_id(traits) == name and len(name) < PATIENT_ID.keep


def _volume_id(traits: str) -> str:
    return read_traits(traits)[PATIENT_ID] if traits else ""


def looks_alike(ledger: Ledger, name: str) -> tuple[tuple[Alike, ...], int]:
    """Everybody else whose ID or pseudonym looks like a name: the first of them, and how many."""
    forms = {likeness(name), compact(name)} - {""}
    found: dict[str, Alike] = {}
    for key, other in _all_names(ledger):
        if other == name or key in found or not other:
            continue
        if forms & {likeness(other), compact(other)}:
            found[key] = Alike(key, likenesses(name, other) or ("joining signs",))
    own = {key for key, other in _all_names(ledger) if other == name} if found else set()
    others = [alike for key, alike in found.items() if key not in own]
    return tuple(others[:MOST_ALIKE]), len(others)


def _all_names(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Every key with each name that it has; a row that is linked has none of its own."""
    opened: Callable[[bytes | str | None], str] = ledger.names.pseudonym
    for row, original, sealed in all_patients(ledger):
        if not original.startswith(REMOVED):
            yield f"P{row}", original
        if (pseudonym := opened(sealed)) != original:
            yield f"P{row}", pseudonym
    for row, text, linked in all_table_ids(ledger):
        yield (f"P{linked}" if linked else f"R{row}"), text
    for volume in all_volumes(ledger):
        if volume.patient is None:
            yield f"F{volume.file}", _volume_id(volume.traits)


def _nobody(ledger: Ledger, alike: tuple[Alike, ...], in_all: int) -> tuple[str, str]:
    now = read_retention(ledger)
    told = ""
    if alike:
        more = f" and {in_all - len(alike)} more" if in_all > len(alike) else ""
        told = f" It looks like {_listed(alike)}{more}, which may be somebody else."
    if now.is_begun:
        when = (now.done_at_utc or now.begun_at_utc)[:10]
        why = f"Originals of this transfer were removed on {when}"
        if now.names == "removed":
            return (
                f"{why}, and so were the names under which they lie on the node: nobody can be"
                " found here any more.",
                "The receipts in the report say how much went. Ask whoever holds the crosswalk, and"
                " then the node.",
            )
        return (
            f"No subject went under that name.{told} {why}, so that an original Patient ID leads"
            " nowhere any more.",
            "Give the pseudonym, to the letter. The crosswalk, if one was exported, tells it.",
        )
    return (
        f"Nobody of this transfer has that Patient ID or pseudonym, to the letter.{told}",
        "Check it letter by letter, leading zeros and blanks included; see also the other"
        " transfers: eucaim-transfer list",
    )


def _listed(alike: tuple[Alike, ...]) -> str:
    return ", ".join(f"{one.key} (but for {', '.join(one.differs_in)})" for one in alike)


def _told(patients: tuple[int, ...]) -> str:
    return ", ".join(f"P{row}" for row in patients[:5]) or "somebody whom no image names"
