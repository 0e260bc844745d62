"""Whoever is asked for, in whatever cohort: what is listed is theirs, and nobody else's."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recall.cohorts import Patient, add_patient, add_row, cohort
from transfer.ledger.connection import Ledger
from transfer.recall.sent import instances_out, what_went
from transfer.recall.who import FoundBy, NobodyFound, find

_STEMS = ("NHC-012", "nhc-012", "MÜLLER 7", "X1")


def _spellings(stem: str) -> list[str]:
    """One ID as hospitals write it in two places."""
    return [
        stem,
        stem.upper(),
        stem.lower(),
        f" {stem}",
        f"{stem} ",
        stem.replace("-", ""),
        stem.replace("-", "_"),
        stem.replace("0", ""),
        stem.replace("0", "O"),
        stem.replace("1", "001"),
        unicodedata.normalize("NFD", stem),
        stem.replace(" ", "\N{NO-BREAK SPACE}"),
    ]


SPELLINGS = sorted({spelt for stem in _STEMS for spelt in _spellings(stem)})
STATES = st.lists(
    st.sampled_from(("ready", "sent", "verified", "failed", "excluded")), min_size=1, max_size=4
)


@dataclass(frozen=True)
class Plan:
    """A cohort to be made: IDs with states; whether a method is in force; and rows of a table by
    their ID and the patient, from 0, to whom a person linked them (None for nobody)."""

    people: list[tuple[str, list[str]]]
    deid: str | None
    rows: list[tuple[str, int | None]]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    ids = draw(st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=6, unique=True))
    people = [(one, draw(STATES)) for one in ids]
    linked = st.none() | st.integers(0, len(people) - 1)
    # A table's ID that is a patient's own links by itself; others by a person's word.
    strangers = [spelt for spelt in SPELLINGS if spelt not in ids]
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(strangers), linked), max_size=4, unique_by=lambda r: r[0]
        )
    )
    return Plan(people, draw(st.sampled_from(("eucaim", None))), rows)


def _made(ledger: Ledger, plan: Plan) -> list[Patient]:
    found = [add_patient(ledger, original, states) for original, states in plan.people]
    for text, linked in plan.rows:
        add_row(ledger, text, None if linked is None else found[linked].row)
    return found


def _out(ledger: Ledger, name: str) -> tuple[FoundBy, tuple[int, ...], set[int]]:
    who = find(ledger, name)
    sent = what_went(ledger, who, name)
    assert not {one.key for one in who.alike} & set(who.keys)
    return who.found_by, who.patients, {one.row for one in instances_out(ledger, sent)}


@settings(max_examples=40)
@given(plans())
def test_every_name_lists_its_own_patients_instances_and_no_others(plan: Plan) -> None:
    with TemporaryDirectory() as folder, cohort(Path(folder), plan.deid) as ledger:
        for patient in _made(ledger, plan):
            for name in {patient.original, patient.pseudonym}:
                _, patients, out = _out(ledger, name)
                assert patients == (patient.row,)
                assert out == patient.out


@settings(max_examples=40)
@given(plans(), st.sampled_from(SPELLINGS))
def test_a_spelling_that_is_nobodys_is_never_taken_for_somebody(plan: Plan, name: str) -> None:
    with TemporaryDirectory() as folder, cohort(Path(folder), plan.deid) as ledger:
        people = _made(ledger, plan)
        own = [patient for patient in people if patient.original == name]
        in_table = dict(plan.rows)
        if own or name in in_table:
            found_by, patients, out = _out(ledger, name)
            linked = None if own else in_table[name]
            meant = own or ([] if linked is None else [people[linked]])
            assert found_by is (FoundBy.PATIENT_ID if own else FoundBy.TABLE_ID)
            assert patients == tuple(patient.row for patient in meant)
            assert out == set().union(*(patient.out for patient in meant))
        else:
            with pytest.raises(NobodyFound, match="to the letter"):
                find(ledger, name)
