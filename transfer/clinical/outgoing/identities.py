"""The key's own word on identities: images and tables are called what it gives (DID-12).

The ledger keeps under which names images leave, and tables take them from there. Here they are made
once more from the original ones, by the formula that tables without images are pseudonymised by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transfer.clinical.outgoing.columns import How
from transfer.deid.methods import build_method
from transfer.deid.model import Moment, NumberNeeded
from transfer.deid.standalone.pseudonyms import (
    LethePseudonyms,
    MethodPseudonyms,
    RecipePseudonyms,
)
from transfer.deid.standalone.tables import Pseudonyms
from transfer.ledger.deid_run import read_numbers
from transfer.ledger.identity import STUDY_COLUMNS

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing
    from transfer.ledger.connection import Ledger
    from transfer.prepare.method import OpenMethod

_REMEDY: Final = (
    "Bring back the key by which the images went: eucaim-transfer key import NAME. If it is the"
    " same, tell the makers of this program."
)


def pseudonyms_of(ledger: Ledger, method: OpenMethod) -> Pseudonyms:
    """How the method in force names patients and Studies of tables."""
    spec = method.setup.spec
    if spec.is_profile:
        return LethePseudonyms(spec.key) if spec.name == "lethe" else RecipePseudonyms(spec.key)
    numbers = read_numbers(ledger)

    def number(key_type: str, text: str) -> int:
        if (key_type, text) not in numbers:
            raise NumberNeeded(key_type, text)
        return numbers[key_type, text]

    return MethodPseudonyms(build_method(spec), Moment(method.setup.clock, number))


def proving_pseudonyms(ledger: Ledger, method: OpenMethod) -> Pseudonyms | None:
    """The same where it proves anything: a script that makes its names of more than Patient ID and
    Study Instance UID cannot be asked without an image."""
    made = pseudonyms_of(ledger, method)
    return None if isinstance(made, MethodPseudonyms) and made.asks_for_more() else made


class Identities:
    """Compares the names of images with those that the key gives, patient by patient."""

    def __init__(self, out: Outgoing) -> None:
        self._ledger = out.ledger
        self._going = out.going
        self._by_key = out.by_key
        self._always_gives = out.method is not None and out.method.setup.spec.is_profile
        self._needs_study = any(
            column.how is How.STUDY for table in out.tables for column in table.columns
        )

    def fault_of(self, patient: int) -> tuple[str, str] | None:
        """What is wrong with the names of a patient and of the Studies that go, and what to do;
        None where nothing is."""
        if self._by_key is None:
            return None
        found = self._ledger.row("SELECT original_id FROM patient WHERE id = ?", patient)
        assert found is not None, "rows are linked to patients of this ledger"
        original = str(found[0])
        given = self._by_key.patient(original)
        if self._differs(given, self._going.whose(patient).pseudonym):
            return (
                f"Patient P{patient} has another pseudonym in the images than the key in force"
                " gives; the table would name somebody else.",
                _REMEDY,
            )
        if self._needs_study and not self._studies_agree(patient, original):
            return (
                f"A Study of patient P{patient} has another UID in the images than the key in"
                " force gives.",
                _REMEDY,
            )
        return None

    def _studies_agree(self, patient: int, original: str) -> bool:
        assert self._by_key is not None
        for study, sealed, *who in self._ledger.rows(
            f"SELECT {STUDY_COLUMNS} FROM study s JOIN patient p ON p.id = s.patient_id"  # noqa: S608 - a literal of ours
            " WHERE s.patient_id = ? AND s.out_study_uid IS NOT NULL",
            patient,
        ):
            leaving = self._ledger.names.study(study, sealed, *who).study_uid
            if self._differs(self._by_key.study(study, original), leaving):
                return False
        return True

    def _differs(self, given: str | None, leaving: str) -> bool:
        return self._always_gives if given is None else given != leaving
