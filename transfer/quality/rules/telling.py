"""Identifiers in the columns of a clinical table (EUCAIM's requirements, TAB-05)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from transfer.clinical.columns import DATES, Role, telling
from transfer.ledger.clinical import ClinicalColumn, clinical_rows
from transfer.ledger.connection import Ledger
from transfer.ledger.facts import facts_of
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)
from transfer.quality.rules.tabled import linked_tables, told

_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,}")
_PHONE: Final = re.compile(r"\+\d{1,3}[ -]?(?:\d[ -]?){7,12}\d")
_OWN: Final = (Role.PATIENT, Role.STUDY, *DATES)
_KINDS: Final = ("name", "other ID", "accession number", "order or visit number", "address",
                 "phone number")  # fmt: skip
_CELL_LIMIT: Final = 4096


def _identifiers(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for file, columns in linked_tables(ledger):
        kinds = {c.place: telling(c.heading) for c in columns if c.role != Role.PATIENT}
        kinds = {place: kind for place, kind in kinds.items() if kind}
        first: dict[int, int] = {}
        _look_into_rows(ledger, file.row, columns, kinds, first)
        if not kinds:
            continue
        by_place = {c.place: c for c in columns}
        said = [
            f"{_column(by_place, place)} ({kinds[place]}"
            + (f", row {first[place]} for one)" if place in first else ")")
            for place in sorted(kinds)
        ]
        yield Found(
            file.key,
            Level.TABLE,
            Severity.ASK,
            f"The clinical table seems to hold identifiers beside PatientID: {'; '.join(said)}.",
            n=len(kinds),
            example=f"R{min(first.values())}" if first else "",
        )


def _column(columns: dict[int, ClinicalColumn], place: int) -> str:
    return told(columns[place]) if place in columns else f"column {place + 1}"


def _look_into_rows(
    ledger: Ledger,
    file: int,
    columns: list[ClinicalColumn],
    kinds: dict[int, str],
    first: dict[int, int],
) -> None:
    """Add the columns in whose cells something telling stands, with the first such row."""
    skipped = {c.place for c in columns if c.role in _OWN}
    names = _names(ledger)
    for row in clinical_rows(ledger, file):
        known = names(row.patient_row) if row.patient_row is not None else None
        for place, cell in enumerate(row.cells):
            if place in kinds or place in skipped or len(cell) < 3:
                continue
            if kind := _kind_of(cell[:_CELL_LIMIT], known):
                kinds[place] = kind
                first[place] = row.row


def _kind_of(cell: str, known: Any) -> str:
    if "@" in cell and _MAIL.search(cell):
        return "an e-mail address"
    if "+" in cell and _PHONE.search(cell):
        return "a phone number"
    if known is not None:
        from transfer.deid.look.judge import Place, judge

        if any(True for _ in judge(Place(0, "LO"), [cell], known)):
            return "what the images tell of the patient"
    return ""


def _names(ledger: Ledger) -> Any:
    """What the images tell of a patient and a table must not; None where it is nothing."""
    from transfer.deid.look.identifiers import Fact, Identifiers, Kind
    from transfer.deid.look.phrases import index_of

    @lru_cache(1024)
    def known(patient: int) -> Any:
        found = ledger.row("SELECT original_name FROM patient WHERE id = ?", patient)
        facts = [Fact(Kind.NAME, str(found[0]))] if found and found[0] else []
        facts += [Fact(Kind(k), text) for k, text in facts_of(ledger, patient) if k in _KINDS]
        index = index_of(Identifiers(facts).facts)
        return index if index.by_needle else None

    return known


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="TAB-05",
        title="No other identifier in the table",
        dimension=Dimension.PRIVATE,
        severities=(Severity.ASK,),
        remedy="Take these columns out of the table, or answer that they name nobody.",
        choices=(Choice("harmless", "These columns name nobody; they may go"),),
        look=_identifiers,
    ),
)
