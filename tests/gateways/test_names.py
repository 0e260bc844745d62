"""Of a patient whom another gateway sends there is no name here, and nothing stumbles over it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from tests.recall.cohorts import add_patient, cohort
from transfer.clinical.outgoing.going import Going
from transfer.runner.clinical_words import without_names

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing


def test_a_nodes_words_about_the_whole_table_are_told_although_some_patients_never_got_a_name(
    tmp_path: Path,
) -> None:
    """The table holds rows of all patients; the words ended the step with a fault before."""
    with cohort(tmp_path) as ledger:
        here = add_patient(ledger, "NHC-1")
        there = add_patient(ledger, "NHC-2", ("excluded",))
        with ledger.transaction():
            ledger.write("UPDATE patient SET pseudonym = NULL WHERE id = ?", there.row)
        going = Going(ledger, is_method=True, capped=frozenset())
        out = cast("Outgoing", SimpleNamespace(going=going))
        said = without_names(
            f"Other data of {here.pseudonym} lie there.", out, [there.row, here.row]
        )
    assert said == "Other data of P1 lie there."
