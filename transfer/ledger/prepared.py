"""What de-identification made of each instance: under which names it leaves, or why it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from transfer.deid.keys.seal import PATIENT_ID, SERIES_UID, SOP_INSTANCE_UID, STUDY_UID
from transfer.ledger.batches import PatientFacts
from transfer.ledger.connection import Ledger
from transfer.ledger.traits import traits_row
from transfer.values import SeriesRef

INCONSISTENT: Final = "inconsistent"
COLLISION: Final = "collision"

# A batch that may have arrived keeps what was sent until the node was asked; where its file was
# read anew since, that is known no more.
_UNPREPARED: Final = (
    "i.state = 'ready' AND (i.head_sha256 IS NULL OR i.deid_run IS NOT ? AND NOT EXISTS"
    " (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND b.state = 'sending'))"
)
_BY_NONE: Final = "i.state = 'ready' AND (i.head_sha256 IS NULL OR i.deid_run IS NULL)"


def is_unprepared(ledger: Ledger) -> str:
    """SQL that says of an instance `i` whether it is to be de-identified by the run that is given
    as its one value, the newest."""
    # Where there never was another run, its number is the one that is not NULL: SQLite takes the
    # index of those for the very words of its condition.
    is_only = ledger.number("SELECT count(*) FROM deid_run") == 1
    return f"{_BY_NONE} AND {_UNPREPARED}" if is_only else _UNPREPARED


# What was found in a file that is gone, or is another one now, stands in nobody's way.
_CURRENT: Final = (
    "i.state = 'failed' AND EXISTS (SELECT 1 FROM source_file f WHERE f.id = i.file_id"
    " AND f.verdict = 'instance' AND f.size_bytes = i.file_bytes AND f.mtime_ns = i.file_mtime_ns)"
)


@dataclass(frozen=True, slots=True)
class Unprepared:
    """One instance that is to be de-identified; sizes in bytes."""

    row: int
    series_row: int
    study_row: int
    patient: PatientFacts
    path: bytes
    file_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Made:
    """What leaves of an instance. `is_marked`: it says that it is de-identified, or the method
    itself stands for that. `traits`: what rules read of its header; `mends`: the evidence of what a
    person had mended in it."""

    of: Unprepared
    series: SeriesRef = field(repr=False)
    sop_instance_uid: str = field(repr=False)
    sop_class_uid: str
    transfer_syntax_uid: str
    size_bytes: int
    head_sha256: str
    is_marked: bool
    traits: str = field(default="", repr=False)
    mends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Halted:
    """An instance that does not leave. `hits` are the places of original identifiers."""

    of: Unprepared
    cause: str
    reason: str
    hits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Instances of one Series that do not leave, for one cause and one reason."""

    series_row: int
    cause: str
    reason: str
    instances: int


def count_unprepared(ledger: Ledger, run: int) -> int:
    """How many instances are still to be de-identified."""
    return ledger.number(f"SELECT count(*) FROM instance i WHERE {is_unprepared(ledger)}", run)  # noqa: S608 - a literal of ours


def unprepared(ledger: Ledger, run: int, page: int = 512) -> Iterator[Unprepared]:
    """The instances that are to be de-identified, in the order of the plan."""
    series = row = 0
    condition = is_unprepared(ledger)
    while True:
        found = ledger.rows(
            "SELECT i.id, i.series_id, e.study_id, p.id, p.original_id, p.original_name, f.path,"  # noqa: S608 - a literal of ours
            " i.file_bytes, i.file_mtime_ns FROM instance i JOIN series e ON e.id = i.series_id"
            " JOIN study s ON s.id = e.study_id JOIN patient p ON p.id = s.patient_id"
            f" JOIN source_file f ON f.id = i.file_id WHERE {condition}"
            " AND (i.series_id, i.id) > (?, ?) ORDER BY i.series_id, i.id LIMIT ?",
            run,
            series,
            row,
            page,
        )
        for row, series, study, patient, original_id, name, path, size, mtime_ns in found:
            whose = PatientFacts(patient, original_id, name)
            yield Unprepared(row, series, study, whose, path, size, mtime_ns)
        if len(found) < page:
            return


def record_prepared(ledger: Ledger, run: int, results: Sequence[Made | Halted]) -> None:
    """Record a page of results in their order, all or nothing.

    What a script names in two ways, or names as something else is named already, is halted.
    """
    with ledger.transaction(durable=False):
        for result in results:
            if isinstance(result, Made):
                result = _Naming(ledger, result).record(run) or result
            if isinstance(result, Halted):
                _halt(ledger, run, result)


def _halt(ledger: Ledger, run: int, halted: Halted) -> None:
    ledger.write(
        "UPDATE instance SET state = 'failed', reason = ?, cause = ?, hits = ?, deid_run = ?,"
        " head_sha256 = NULL, out_traits_id = NULL WHERE id = ? AND state = 'ready'",
        halted.reason,
        halted.cause,
        "\n".join(halted.hits),
        run,
        halted.of.row,
    )


class _Naming:
    """Gives one instance, its Series, Study and patient the names under which they leave."""

    def __init__(self, ledger: Ledger, made: Made) -> None:
        self._ledger = ledger
        self._made = made
        close, series = ledger.names.seal.close, made.series
        self._patient = close(series.patient_id, PATIENT_ID)
        self._study = close(series.study_uid, STUDY_UID)
        self._series = close(series.series_uid, SERIES_UID)
        self._instance = close(made.sop_instance_uid, SOP_INSTANCE_UID)

    def record(self, run: int) -> Halted | None:
        """Write the names; what stands against them, if anything does."""
        made, of = self._made, self._made.of
        fault = self._fault()
        if fault is not None:
            return fault
        write = self._ledger.write
        write("UPDATE patient SET pseudonym = ? WHERE id = ?", self._patient, of.patient.row)
        write("UPDATE study SET out_study_uid = ? WHERE id = ?", self._study, of.study_row)
        write("UPDATE series SET out_series_uid = ? WHERE id = ?", self._series, of.series_row)
        write(
            "UPDATE instance SET deid_run = ?, out_sop_instance_uid = ?, out_sop_class_uid = ?,"
            " out_transfer_syntax_uid = ?, size_bytes = ?, head_sha256 = ?, deidentified = ?,"
            " out_traits_id = ?, mends = ?, cause = '', hits = '' WHERE id = ? AND state = 'ready'",
            run,
            self._instance,
            made.sop_class_uid,
            made.transfer_syntax_uid,
            made.size_bytes,
            made.head_sha256,
            made.is_marked,
            traits_row(self._ledger, made.traits) if made.traits else None,
            ";".join(made.mends),
            of.row,
        )
        return None

    def _fault(self) -> Halted | None:
        of = self._made.of
        for table, column, row, name, what in (
            ("patient", "pseudonym", of.patient.row, self._patient, "patient"),
            ("study", "out_study_uid", of.study_row, self._study, "study"),
            ("series", "out_series_uid", of.series_row, self._series, "series"),
        ):
            query = f"SELECT {column} FROM {table} WHERE id = ?"  # noqa: S608 - literals above
            known = self._ledger.row(query, row)
            if known is not None and known[0] not in (None, name):
                return self._halted(
                    INCONSISTENT,
                    f"The method gives instances of one {what} different names, so that the {what}"
                    " would fall apart. Correct the script; it was not sent.",
                )
        for table, column, uid, row, name in (
            ("study", "out_study_uid", "study_uid", of.study_row, self._study),
            ("series", "out_series_uid", "series_uid", of.series_row, self._series),
            ("instance", "out_sop_instance_uid", "sop_instance_uid", of.row, self._instance),
        ):
            query = (
                f"SELECT 1 FROM {table} WHERE {column} = ? AND {uid} <>"  # noqa: S608 - literals above
                f" (SELECT {uid} FROM {table} WHERE id = ?)"
            )
            if self._ledger.number(query, name, row):
                return self._halted(
                    COLLISION,
                    f"The method gives this {table} a UID that another {table} has, so that one"
                    " would replace the other. Correct the script; it was not sent.",
                )
        return None

    def _halted(self, cause: Literal["inconsistent", "collision"], reason: str) -> Halted:
        return Halted(self._made.of, cause, reason)


def stops(ledger: Ledger, limit: int) -> list[Stop]:
    """What does not leave for its own sake, Series by Series."""
    return [
        Stop(*row)
        for row in ledger.rows(
            "SELECT i.series_id, i.cause, i.reason, count(*) FROM instance i"  # noqa: S608 - a literal of ours
            f" WHERE i.cause <> '' AND {_CURRENT} GROUP BY 1, 2, 3 ORDER BY 1 LIMIT ?",
            limit,
        )
    ]


def hits_by_patient(ledger: Ledger, cause: str) -> dict[int, list[str]]:
    """The places at which the last look found original identifiers, by patient row."""
    found: dict[int, set[str]] = {}
    for patient, hits in ledger.rows(
        "SELECT DISTINCT s.patient_id, i.hits FROM instance i JOIN series e ON e.id = i.series_id"  # noqa: S608 - a literal of ours
        f" JOIN study s ON s.id = e.study_id WHERE i.cause = ? AND i.cause <> '' AND {_CURRENT}",
        cause,
    ):
        found.setdefault(patient, set()).update(hits.split("\n"))
    return {patient: sorted(places) for patient, places in found.items()}


def hold_patient(ledger: Ledger, patient: int, reason: str) -> None:
    """Let nothing of a patient go that has not gone; inside a transaction."""
    ledger.write(
        "UPDATE instance SET state = 'failed', reason = ? WHERE state = 'ready' AND series_id IN"
        " (SELECT e.id FROM series e JOIN study s ON s.id = e.study_id WHERE s.patient_id = ?)"
        " AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')",
        reason,
        patient,
    )


def leave_out(ledger: Ledger, cause: str, code: str) -> int:
    """Take the files of everything that was halted for a cause out of the transfer; how many."""
    with ledger.transaction():
        ledger.write(
            "UPDATE source_file SET verdict = 'rejected', reasons = ? WHERE id IN"
            " (SELECT file_id FROM instance WHERE cause = ? AND cause <> ''"
            " AND state IN ('ready', 'failed'))",
            code,
            cause,
        )
        ledger.write(
            "DELETE FROM instance WHERE cause = ? AND cause <> '' AND state IN ('ready', 'failed')",
            cause,
        )
        return ledger.number("SELECT changes()")


def merged_patients(ledger: Ledger, limit: int = 100) -> list[tuple[int, int]]:
    """Patients who get the pseudonym of an earlier one, with that one."""
    return [
        (patient, other)
        for patient, other in ledger.rows(
            "SELECT p.id, min(o.id) FROM patient p JOIN patient o ON o.pseudonym = p.pseudonym"
            " AND o.id < p.id WHERE p.pseudonym IS NOT NULL GROUP BY p.id ORDER BY p.id LIMIT ?",
            limit,
        )
    ]
