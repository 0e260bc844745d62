"""The patients of a transfer by the names under which a node lists its subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.values import StudyInstanceUID, StudyRef

SubjectOf = Callable[[StudyRef], str]
_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Known:
    """`verified` has the row of the patient of whom something was verified, by name; `others` are
    names of patients of whom nothing was."""

    verified: dict[str, int] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return name in self.verified or name in self.others


def known_subjects(ledger: Ledger, subject_of: SubjectOf) -> Known | None:
    """Every patient by the node's name; one may have several. None where the cohort's key is not
    at hand: then a name cannot be told from a stranger's."""
    renames = de_identifies(read_order(ledger))
    if renames and not ledger.names.has_seal:
        return None
    known = Known()
    for patient, study, is_verified in _studies(ledger, renames=renames):
        name = subject_of(study)
        if is_verified:
            known.verified.setdefault(name, patient)
        else:
            known.others.add(name)
    return known


def shown_patient(ledger: Ledger, patient: int) -> str:
    """By the pseudonym, or by row key where the files went as they are: then the name is the one
    of the source."""
    row = ledger.row("SELECT pseudonym FROM patient WHERE id = ?", patient)
    return ledger.names.pseudonym(row[0] if row else None) or f"P{patient}"


def _studies(ledger: Ledger, *, renames: bool) -> Iterator[tuple[int, StudyRef, bool]]:
    """Each Study as it goes, page by page. Whoever was to get a pseudonym and has none never
    went."""
    names, last = ledger.names, 0
    goes = " AND p.pseudonym IS NOT NULL" if renames else ""
    while page := ledger.rows(
        "SELECT s.id, p.id, s.study_uid, p.original_id, p.pseudonym, EXISTS ("  # noqa: S608 - literals of ours
        " SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id"
        " WHERE e.study_id = s.id AND t.state = 'verified' AND t.n > 0)"
        " OR EXISTS (SELECT 1 FROM volume v WHERE v.study_id = s.id AND v.state = 'verified')"
        f" FROM study s JOIN patient p ON p.id = s.patient_id WHERE s.id > ?{goes}"
        " ORDER BY s.id LIMIT ?",
        last,
        _PAGE,
    ):
        for _, patient, uid, original, pseudonym, is_verified in page:
            # Only a patient without an ID is ever named by the Study; no such one is renamed.
            ref = StudyRef(StudyInstanceUID(uid), names.patient(original, pseudonym))
            yield patient, ref, bool(is_verified)
        last = page[-1][0]
    yield from _without_study(ledger, goes)


def _without_study(ledger: Ledger, goes: str) -> Iterator[tuple[int, StudyRef, bool]]:
    """Patients of whom a volume was verified that belongs to no Study of theirs."""
    last = 0
    while page := ledger.rows(
        "SELECT p.id, p.original_id, p.pseudonym FROM patient p WHERE p.id > ? AND EXISTS ("  # noqa: S608 - literals of ours
        " SELECT 1 FROM volume v WHERE v.patient_id = p.id AND v.state = 'verified'"
        f" AND v.study_id IS NULL){goes} ORDER BY p.id LIMIT ?",
        last,
        _PAGE,
    ):
        for patient, original, pseudonym in page:
            if name := ledger.names.patient(original, pseudonym):
                yield patient, StudyRef(StudyInstanceUID(""), name), True
        last = page[-1][0]
