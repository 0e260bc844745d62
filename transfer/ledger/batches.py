"""Batches in the ledger: planned, leased to a lane, and settled by what the node said.

Open batches are few among many: `state <> 'done'` beside another state looks idle, and is what
lets SQLite use their index.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import SERIES_COLUMNS
from transfer.mending import Mend
from transfer.values import SeriesRef, SOPClassUID, SOPInstanceUID, TransferSyntaxUID

if TYPE_CHECKING:
    from transfer.deid.look.identifiers import Identifiers

_COLUMNS = (
    "i.id, i.sop_instance_uid, i.out_sop_instance_uid,"
    " ifnull(i.out_sop_class_uid, i.sop_class_uid),"
    " ifnull(i.out_transfer_syntax_uid, i.transfer_syntax_uid), e.id, e.study_id, p.id,"
    " p.original_id, p.original_name, f.path, i.file_bytes, i.file_mtime_ns,"
    " i.body_offset, i.has_part10, i.size_bytes, i.attempts, i.head_sha256,"
    f" {SERIES_COLUMNS}"
    " FROM instance i JOIN series e ON e.id = i.series_id JOIN study s ON s.id = e.study_id"
    " JOIN patient p ON p.id = s.patient_id"
    " JOIN source_file f ON f.id = i.file_id"
)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Whose an instance is: original identifiers, for what looks for them in what leaves.

    `others` are those that any file of the patient told, by kind and text.
    """

    row: int
    original_id: str = field(repr=False)
    original_name: str = field(repr=False)
    others: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def identifiers(self) -> Identifiers:
        """All of them, as the last look takes them."""
        from transfer.deid.look.identifiers import Fact, Identifiers, Kind

        named = ((Kind.PATIENT_ID, self.original_id), (Kind.NAME, self.original_name))
        facts = [Fact(kind, text) for kind, text in named if text]
        return Identifiers([*facts, *(Fact(Kind(kind), text) for kind, text in self.others)])


@dataclass(frozen=True, slots=True)
class PlannedInstance:
    """One instance with all that is needed to send it. Sizes in bytes.

    Its names are those that it goes under. `file_bytes` and `mtime_ns` are of the file that the
    instance was read from. `head_sha256`: the digest that the part of it which is made in memory
    must have; None for one that goes as it is. `mends`: what a person had mended in its Series.
    """

    row: int
    sop_instance_uid: SOPInstanceUID
    sop_class_uid: SOPClassUID
    transfer_syntax_uid: TransferSyntaxUID
    series_row: int
    study_row: int
    patient: PatientFacts
    series: SeriesRef
    path: bytes
    file_bytes: int
    mtime_ns: int
    body_offset: int
    has_part10: bool
    size_bytes: int
    attempts: int
    head_sha256: str | None = None
    mends: tuple[Mend, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """A batch that is being sent. `attempt` counts from 1."""

    batch_id: int
    attempt: int
    attempt_row: int
    instances: tuple[PlannedInstance, ...]

    @property
    def size_bytes(self) -> int:
        return sum(i.size_bytes for i in self.instances)


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of one instance: its new state (`ready` to go again) and why.

    A `strike` counts against the instance: its own request failed, not the way to the node.
    `sha256` is the digest of what left, `source_sha256` that of the file that it was made from.
    """

    row: int
    state: str
    reason: str = ""
    evidence: str = ""
    sha256: str | None = None
    source_sha256: str | None = None
    strike: bool = False


def unplanned_page(ledger: Ledger, limit: int) -> list[tuple[int, int, int, int]]:
    """Row, series row, study row and size of instances without a batch, series by series."""
    return [
        (row, series, study, size)
        for row, series, study, size in ledger.rows(
            "SELECT i.id, i.series_id, e.study_id, i.size_bytes FROM instance i"
            " JOIN series e ON e.id = i.series_id"
            " WHERE i.state = 'ready' AND i.batch_id IS NULL ORDER BY i.series_id, i.id LIMIT ?",
            limit,
        )
    ]


def add_batches(ledger: Ledger, batches: Sequence[Sequence[int]]) -> None:
    """Plan batches of the instance rows given; to be called inside a transaction."""
    for rows in batches:
        batch = ledger.write("INSERT INTO batch (state) VALUES ('planned')")
        ledger.write_many(
            "UPDATE instance SET batch_id = ? WHERE id = ? AND state = 'ready'",
            [(batch, row) for row in rows],
        )


def lease_next(ledger: Ledger, most_bytes: int | None = None) -> Lease | None:
    """Take the next planned batch, or as much of it as `most_bytes` allow, one instance at least;
    the rest stays planned in its place. None when there is none now."""
    with ledger.transaction(durable=False):
        found = ledger.row(
            "SELECT id, attempts FROM batch WHERE state = 'planned' AND state <> 'done'"
            " ORDER BY id LIMIT 1"
        )
        if found is None:
            return None
        batch, attempts = found
        front = _front_of(ledger, batch, most_bytes) if most_bytes is not None else []
        if front:
            batch = ledger.write(
                "INSERT INTO batch (state, attempts) VALUES ('planned', ?)", attempts
            )
            ledger.write_many(
                "UPDATE instance SET batch_id = ? WHERE id = ?", [(batch, row) for row in front]
            )
        ledger.write(
            "UPDATE batch SET state = 'sending', attempts = attempts + 1 WHERE id = ?", batch
        )
        attempt_row = ledger.write(
            "INSERT INTO attempt (batch_id, epoch, started_at_utc) VALUES (?, ?, ?)",
            batch,
            ledger.epoch or 0,
            utc_now(),
        )
    if ledger.leased is not None:
        ledger.leased(attempt_row)
    return Lease(batch, attempts + 1, attempt_row, instances_of(ledger, batch))


def _front_of(ledger: Ledger, batch: int, most_bytes: int) -> list[int]:
    """The first instances of a batch that is too large; none of one that fits."""
    waiting = ledger.rows(
        "SELECT id, size_bytes FROM instance WHERE batch_id = ? AND state = 'ready' ORDER BY id",
        batch,
    )
    ends = list(accumulate(size_bytes for _, size_bytes in waiting))
    if not ends or ends[-1] <= most_bytes:
        return []
    count = max(1, bisect_right(ends, most_bytes))
    return [row for row, _ in waiting[:count]] if count < len(waiting) else []


def instances_of(ledger: Ledger, batch: int) -> tuple[PlannedInstance, ...]:
    """The instances of a batch that have not arrived, in their order."""
    mends: dict[int, tuple[Mend, ...]] = {}
    for series, *mend in ledger.rows(
        "SELECT x.series_id, m.id, m.kind, m.value FROM mend_series x"
        " JOIN mend m ON m.id = x.mend_id AND m.undone_word_id IS NULL WHERE x.series_id IN"
        " (SELECT DISTINCT series_id FROM instance WHERE batch_id = ?) ORDER BY m.id",
        batch,
    ):
        mends[series] = (*mends.get(series, ()), Mend(*mend))
    return tuple(
        PlannedInstance(
            row=row,
            sop_instance_uid=ledger.names.instance(uid, out_uid),
            sop_class_uid=SOPClassUID(sop_class),
            transfer_syntax_uid=TransferSyntaxUID(syntax),
            series_row=series_row,
            study_row=study_row,
            patient=PatientFacts(patient, original_id, original_name),
            series=ledger.names.series(*names),
            path=path,
            file_bytes=file_bytes,
            mtime_ns=mtime_ns,
            body_offset=body_offset,
            has_part10=bool(has_part10),
            size_bytes=size_bytes,
            attempts=attempts,
            head_sha256=head_sha256,
            mends=mends.get(series_row, ()),
        )
        for (
            row,
            uid,
            out_uid,
            sop_class,
            syntax,
            series_row,
            study_row,
            patient,
            original_id,
            original_name,
            path,
            file_bytes,
            mtime_ns,
            body_offset,
            has_part10,
            size_bytes,
            attempts,
            head_sha256,
            *names,
        ) in ledger.rows(
            f"SELECT {_COLUMNS} WHERE i.batch_id = ? AND i.state = 'ready' ORDER BY i.id",
            batch,
        )
    )


def interrupted_batches(ledger: Ledger) -> list[int]:
    """Batches whose request was under way when a runner ended: their fate is unknown."""
    return [
        row[0]
        for row in ledger.rows(
            "SELECT id FROM batch WHERE state = 'sending' AND state <> 'done' ORDER BY id"
        )
    ]


def doubt_planned(ledger: Ledger) -> None:
    """Every request that is planned may have been made: before it is, the node is asked."""
    with ledger.transaction():
        ledger.write("UPDATE batch SET state = 'sending' WHERE state = 'planned'")


def open_instances(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """SOP Instance UIDs in interrupted batches, with size and time of the file that was sent."""
    return {
        uid: (file_bytes, mtime_ns)
        for uid, file_bytes, mtime_ns in ledger.rows(
            "SELECT sop_instance_uid, file_bytes, file_mtime_ns FROM instance"
            " WHERE state = 'ready' AND batch_id IN"
            " (SELECT id FROM batch WHERE state = 'sending' AND state <> 'done')"
        )
    }


def replaced_instances(ledger: Ledger, batch: int) -> set[int]:
    """Rows of a batch whose file is gone, or was found by a scan to be another one."""
    return {
        row[0]
        for row in ledger.rows(
            "SELECT i.id FROM instance i JOIN source_file f ON f.id = i.file_id"
            " WHERE i.batch_id = ? AND i.state = 'ready' AND (f.verdict IS 'missing'"
            " OR f.size_bytes <> i.file_bytes OR f.mtime_ns <> i.file_mtime_ns)",
            batch,
        )
    }


def forget_change(ledger: Ledger, rows: Sequence[int]) -> None:
    """The node does not list these: that their files changed while they were sent is harmless."""
    with ledger.transaction():
        ledger.write_many(
            "DELETE FROM finding WHERE rule = 'CHANGED-WHILE-SENDING' AND key ="
            " (SELECT 'F' || file_id FROM instance WHERE id = ?)",
            [(row,) for row in rows],
        )


def settle(
    ledger: Ledger,
    batch: int,
    settled: Sequence[Settled],
    again: Sequence[Sequence[int]] = (),
    attempt_row: int | None = None,
    outcome: str = "",
) -> None:
    """Record the end of a request: every instance's state, and the batches to send again.

    Durable: once this returns, a power cut does not undo it. `again` lists the instance rows of
    each new batch; their instances must be settled as `ready`.
    """
    now = utc_now()
    with ledger.transaction():
        ledger.write_many(
            "UPDATE instance SET state = ?1, reason = ?2, evidence = ?3,"
            " sha256 = ifnull(?4, sha256), source_sha256 = ifnull(?8, source_sha256),"
            " attempts = attempts + ?7,"
            " sent_at_utc = CASE WHEN ?1 = 'sent' THEN ?5 ELSE sent_at_utc END WHERE id = ?6",
            [
                (
                    s.state,
                    s.reason,
                    s.evidence,
                    s.sha256,
                    now,
                    s.row,
                    int(s.strike),
                    s.source_sha256,
                )
                for s in settled
            ],
        )
        ledger.write("UPDATE batch SET state = 'done' WHERE id = ?", batch)
        add_batches(ledger, again)
        if attempt_row is not None:
            ledger.write(
                "UPDATE attempt SET ended_at_utc = ?, outcome = ? WHERE id = ?",
                now,
                outcome,
                attempt_row,
            )


def postpone(ledger: Ledger, lease: Lease, outcome: str) -> None:
    """Give a batch back as it is: the request failed before anything could be stored."""
    with ledger.transaction():
        ledger.write("UPDATE batch SET state = 'planned' WHERE id = ?", lease.batch_id)
        ledger.write(
            "UPDATE attempt SET ended_at_utc = ?, outcome = ? WHERE id = ?",
            utc_now(),
            outcome,
            lease.attempt_row,
        )


def planned_batches(ledger: Ledger, after: int, limit: int) -> list[int]:
    """A page of the batches that wait to be sent, in their order."""
    return [
        row[0]
        for row in ledger.rows(
            "SELECT id FROM batch WHERE state = 'planned' AND state <> 'done' AND id > ?"
            " ORDER BY id LIMIT ?",
            after,
            limit,
        )
    ]


def retry_failed(ledger: Ledger) -> int:
    """Give every failed instance another chance whose file is still there, and no other file in
    its place; how many. One that was to be sent is de-identified anew, for what was made of it
    may be what failed."""
    with ledger.transaction():
        ledger.write(
            "UPDATE instance SET state = 'ready', reason = '', batch_id = NULL, attempts = 0,"
            " deid_run = iif(batch_id IS NULL, deid_run, NULL)"
            " WHERE state = 'failed' AND EXISTS (SELECT 1 FROM source_file f"
            " WHERE f.id = file_id AND f.verdict = 'instance'"
            " AND f.size_bytes = file_bytes AND f.mtime_ns = file_mtime_ns)"
        )
        return ledger.number("SELECT changes()")
