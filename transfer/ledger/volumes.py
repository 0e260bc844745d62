"""NIfTI volumes in the ledger: made fit to leave, sent and seen on the node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger

HANDOVER: Final = "handover"
"""The folder of a transfer where volumes lie that its node has no public way for."""

_PAGE: Final = 200
_COLUMNS: Final = (
    "v.id, v.file_id, f.path, v.file_bytes, v.file_mtime_ns, j.path, v.json_file_bytes,"
    " v.json_file_mtime_ns, v.patient_id, v.study_id, v.series_id, v.image_problem, v.image_texts,"
    " v.json_problem, v.traits, v.head_bytes, v.size_bytes, v.md5, v.sha256, v.made_by,"
    " v.out_traits, v.json_bytes, v.json_md5, v.json_sha256, v.stop, v.hits, v.ordinal,"
    " v.is_chosen, v.state, v.reason"
)
_FROM: Final = (
    "FROM volume v JOIN source_file f ON f.id = v.file_id"
    " LEFT JOIN source_file j ON j.id = v.json_file_id"
)


@dataclass(frozen=True, slots=True)
class Volume:
    """One NIfTI image and its JSON. Sizes in bytes, times in nanoseconds; digests in hex.

    `patient`, `study` and `series` are rows that the JSON names and that instances of the source
    belong to, where there are such. The other fields are those of the table `volume`.
    """

    row: int
    file_row: int
    path: bytes = field(repr=False)
    file_bytes: int
    mtime_ns: int
    json_path: bytes | None = field(repr=False)
    json_file_bytes: int | None
    json_mtime_ns: int | None
    patient: int | None
    study: int | None
    series: int | None
    image_problem: str
    image_texts: str
    json_problem: str
    traits: str = field(repr=False)
    head_bytes: int
    size_bytes: int
    md5: str
    sha256: str
    made_by: int | None
    out_traits: str | None = field(repr=False)
    json_bytes: int
    json_md5: str
    json_sha256: str
    stop: str
    hits: str
    ordinal: int
    is_chosen: bool
    state: str
    reason: str

    @property
    def key(self) -> str:
        """Its row key, that of its image's file."""
        return f"F{self.file_row}"


@dataclass(frozen=True, slots=True)
class VolumeCounts:
    """Cumulative, as the counts of instances are; `left_out` are those that do not go, by a
    person's choice or for a fault. `handed_over` lie in the hand-over folder."""

    found: int = 0
    left_out: int = 0
    ready: int = 0
    sent: int = 0
    verified: int = 0
    failed: int = 0
    handed_over: int = 0


NO_VOLUMES: Final = VolumeCounts()


def volumes(ledger: Ledger, state: str | None = None) -> Iterator[Volume]:
    """All volumes, or those in a state, in the order in which they were found; page by page."""
    last = 0
    while page := ledger.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE v.id > ?1 AND (?2 IS NULL OR v.state = ?2)"
        f" ORDER BY v.id LIMIT {_PAGE}",
        last,
        state,
    ):
        last = page[-1][0]
        yield from (Volume(*row) for row in page)


def next_volume(ledger: Ledger, after: int, states: Sequence[str]) -> Volume | None:
    """The first volume behind a row that is in one of these states."""
    found = ledger.row(
        f"SELECT {_COLUMNS} {_FROM} WHERE v.id > ?"
        f" AND v.state IN ({', '.join('?' * len(states))}) ORDER BY v.id LIMIT 1",
        after,
        *states,
    )
    return Volume(*found) if found else None


def count_volumes(ledger: Ledger) -> VolumeCounts:
    """Count them by what became of them."""
    n = dict(ledger.rows("SELECT state, count(*) FROM volume GROUP BY state"))
    there = n.get("verified", 0)
    return VolumeCounts(
        found=sum(n.values()),
        left_out=n.get("excluded", 0),
        ready=sum(n.values()) - n.get("excluded", 0),
        sent=n.get("sent", 0) + there,
        verified=there,
        failed=n.get("failed", 0),
        handed_over=ledger.number(
            "SELECT count(*) FROM volume WHERE handed_over_at_utc IS NOT NULL"
            " AND state <> 'excluded'"
        ),
    )


def volumes_not_sent(ledger: Ledger, limit: int) -> list[tuple[str, str, str]]:
    """Row key, state and reason of volumes that failed or are left out, failed ones first."""
    return [
        (f"F{file}", state, reason)
        for file, state, reason in ledger.rows(
            "SELECT file_id, state, reason FROM volume WHERE state IN ('failed', 'excluded')"
            " ORDER BY state DESC, id LIMIT ?",
            limit,
        )
    ]


def record_made(
    ledger: Ledger,
    volume: Volume,
    made_by: int,
    *,
    out_traits: str,
    size_bytes: int,
    md5: str,
    sha256: str,
    base_hash: str,
) -> None:
    """Record the JSON as it leaves, and give the volume its number among those of its name."""
    with ledger.transaction(durable=False):
        ledger.write(
            "UPDATE volume SET made_by = ?1, out_traits = ?2, json_bytes = ?3, json_md5 = ?4,"
            " json_sha256 = ?5, stop = '', hits = '', ordinal = iif(base_hash = ?6, ordinal,"
            " (SELECT ifnull(max(o.ordinal), 0) + 1 FROM volume o WHERE o.base_hash = ?6)),"
            " base_hash = ?6, handed_over_at_utc ="
            " iif(json_sha256 = ?5, handed_over_at_utc, NULL) WHERE id = ?7",
            made_by,
            out_traits,
            size_bytes,
            md5,
            sha256,
            base_hash,
            volume.row,
        )


def record_stopped(
    ledger: Ledger, volume: Volume, made_by: int, reason: str, hits: Sequence[str]
) -> None:
    """Record that the JSON does not leave, and the places of identifiers in it."""
    with ledger.transaction(durable=False):
        ledger.write(
            "UPDATE volume SET made_by = ?, stop = ?, hits = ?, out_traits = NULL,"
            " handed_over_at_utc = NULL WHERE id = ?",
            made_by,
            reason,
            ";".join(hits),
            volume.row,
        )


def record_fate(ledger: Ledger, row: int, *, is_chosen: bool, state: str, reason: str) -> None:
    """Record whether a volume that has not gone is to go."""
    with ledger.transaction(durable=False):
        ledger.write(
            "UPDATE volume SET is_chosen = ?, state = ?, reason = ? WHERE id = ?"
            " AND state NOT IN ('sent', 'verified')",
            is_chosen,
            state,
            reason,
            row,
        )


def record_sent(ledger: Ledger, row: int) -> None:
    """The node acknowledged both files. Durable."""
    with ledger.transaction():
        ledger.write(
            "UPDATE volume SET state = 'sent', reason = '', sent_at_utc = ? WHERE id = ?",
            utc_now(),
            row,
        )


def record_verified(ledger: Ledger, row: int) -> None:
    """Both files were read back from the node, or their digests. Durable."""
    with ledger.transaction():
        ledger.write(
            "UPDATE volume SET state = 'verified', reason = '', verified_at_utc = ? WHERE id = ?",
            utc_now(),
            row,
        )


def record_not_sent(ledger: Ledger, row: int, reason: str) -> None:
    """It did not arrive, and why. Durable."""
    with ledger.transaction():
        ledger.write("UPDATE volume SET state = 'failed', reason = ? WHERE id = ?", reason, row)


def record_handed_over(ledger: Ledger, row: int) -> None:
    """Both files lie in the hand-over folder, looked through once more. Durable."""
    with ledger.transaction():
        ledger.write(
            "UPDATE volume SET state = 'todo', reason = '', handed_over_at_utc = ? WHERE id = ?",
            utc_now(),
            row,
        )


def doubt_volumes(ledger: Ledger) -> None:
    """What was seen on the node is looked for again."""
    with ledger.transaction():
        ledger.write("UPDATE volume SET state = 'sent' WHERE state = 'verified'")


def open_images(ledger: Ledger, study: int) -> int:
    """How many instances of a Study are on their way still, or did not arrive."""
    return ledger.number(
        "SELECT sum(t.n) FROM series e JOIN tally t ON t.series_id = e.id"
        " WHERE e.study_id = ? AND t.state IN ('ready', 'sent', 'failed')",
        study,
    )
