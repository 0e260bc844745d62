"""Mends in the ledger: who asked for what, of which Series, and in how many instances it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.clock import utc_now
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import newest_run
from transfer.ledger.kept_words import keep_words
from transfer.ledger.traits import traits_row
from transfer.mending import TOP_AGE, Kind, Mend, tags_of, term_of
from transfer.scan.filemeta import part10_prefix

_PAGE: Final = 2000
_UNSENT: Final = (
    "state IN ('ready', 'failed', 'excluded') AND NOT EXISTS"
    " (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')"
)


@dataclass(frozen=True, slots=True)
class MendRecord:
    """One mend: what, by whom, of how many Series, and in how many instances that leave or have
    left it changed something; `taken` counts those by the tag that a date was taken from."""

    id: int
    kind: str
    value: str
    person: str
    reason: str
    said_at_utc: str
    is_undone: bool
    series: int
    instances: int
    taken: dict[str, int]


def add_mend(
    ledger: Ledger, kind: Kind, value: str, series: Iterable[int], person: str, reason: str
) -> int:
    """Have these Series mended in what is sent; the mend's row. What of them was prepared and has
    not gone counts as not prepared.

    Raises:
        UsageError: the value cannot be used, the person is missing, or a Series is not there.
    """
    value = {"body-part": term_of, "acquisition-date": tags_of}.get(kind, str)(value)
    if not person.strip():
        raise UsageError("A mend is asked for by a named person.", "Add --by PERSON.")
    rows = sorted(set(series))
    if not rows:
        raise UsageError("No series is named.", "Name the series: --series E1,E2.")
    with ledger.transaction():
        word = _word(ledger, f"mend {kind}", value, person, reason)
        mend = ledger.write(
            "INSERT INTO mend (kind, value, word_id) VALUES (?, ?, ?)", kind, value, word
        )
        for row in rows:
            ledger.write("INSERT INTO mend_series SELECT id, ? FROM series WHERE id = ?", mend, row)
            if not ledger.number("SELECT changes()"):
                raise UsageError(
                    f"E{row} is not in this transfer.",
                    "See the keys of series with: eucaim-transfer check NAME",
                )
        _void(ledger, rows)
        ledger.record_event("mend", f"Mend {mend}, {kind}, of {len(rows)} series.")
    keep_words(ledger)
    return mend


def add_offered_dates(ledger: Ledger, keys: Sequence[str], person: str, reason: str) -> int:
    """Have Acquisition Date taken from the date that is offered, in the Series of these keys."""
    rows = [int(key[1:]) for key in keys if key.startswith("E")]
    return add_mend(ledger, "acquisition-date", "", rows, person, reason)


def add_top_age(ledger: Ledger, keys: Sequence[str], person: str, reason: str) -> int:
    """Have ages above 89 leave as 90, in all Series of these patients."""
    rows = [
        int(row)
        for key in keys
        if key.startswith("P")
        for (row,) in ledger.rows(
            "SELECT e.id FROM series e JOIN study s ON s.id = e.study_id WHERE s.patient_id = ?",
            int(key[1:]),
        )
    ]
    return add_mend(ledger, "top-age", TOP_AGE, rows, person, reason)


def extend_top_ages(ledger: Ledger) -> None:
    """What came later of a patient whose age leaves as 90 is mended as what was there before."""
    new = ledger.rows(
        "SELECT DISTINCT e.id, x.mend_id FROM mend m JOIN mend_series x ON x.mend_id = m.id"
        " JOIN series o ON o.id = x.series_id JOIN study t ON t.id = o.study_id"
        " JOIN study s ON s.patient_id = t.patient_id JOIN series e ON e.study_id = s.id"
        " WHERE m.kind = 'top-age' AND m.undone_word_id IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM mend_series k WHERE k.series_id = e.id AND k.mend_id = m.id)"
    )
    if new:
        with ledger.transaction():
            ledger.write_many("INSERT OR IGNORE INTO mend_series VALUES (?, ?)", new)
            _void(ledger, [int(row) for row, _ in new])


def undo_mend(ledger: Ledger, mend: int, person: str, reason: str) -> bool:
    """Take a mend back, for what has not gone; whether it was in force."""
    if not person.strip():
        raise UsageError("A mend is undone by a named person.", "Add --by PERSON.")
    with ledger.transaction():
        found = ledger.row(
            "SELECT kind, value FROM mend WHERE id = ? AND undone_word_id IS NULL", mend
        )
        if found is None:
            return False
        word = _word(ledger, f"undo mend {mend}", found[1], person, reason)
        ledger.write("UPDATE mend SET undone_word_id = ? WHERE id = ?", word, mend)
        rows = [
            row
            for (row,) in ledger.rows("SELECT series_id FROM mend_series WHERE mend_id = ?", mend)
        ]
        # The answer that led to it is taken back with it.
        ledger.write_many(
            "DELETE FROM settled WHERE rule = 'IMG-06' AND value = 'use' AND key = ?",
            [(f"E{row}",) for row in rows] if found[0] == "acquisition-date" else [],
        )
        ledger.write_many(
            "DELETE FROM settled WHERE rule = 'AGE-04' AND value = 'cap' AND key = (SELECT"
            " 'P' || s.patient_id FROM series e JOIN study s ON s.id = e.study_id WHERE e.id = ?)",
            [(row,) for row in rows] if found[0] == "top-age" else [],
        )
        _void(ledger, rows)
        ledger.record_event("mend", f"Mend {mend} was taken back.")
    keep_words(ledger)
    return True


def _word(ledger: Ledger, subject: str, value: str, person: str, reason: str) -> int:
    return ledger.write(
        "INSERT INTO word (subject, value, person, reason, said_at_utc) VALUES (?, ?, ?, ?, ?)",
        subject,
        value,
        person.strip(),
        reason.strip(),
        utc_now(),
    )


def _void(ledger: Ledger, series: Sequence[int]) -> None:
    """What was prepared of these Series is prepared anew."""
    ledger.write_many(
        f"UPDATE instance SET head_sha256 = NULL, out_traits_id = NULL, mends = ''"  # noqa: S608 - a literal of ours
        f" WHERE series_id = ? AND {_UNSENT}",
        [(row,) for row in series],
    )
    if newest_run(ledger) is None:
        for row in series:
            _as_files(ledger, row)


def _as_files(ledger: Ledger, series: int) -> None:
    """Without a method, what is not mended is as long as its file with the frame that it gets."""
    last = 0
    while page := ledger.rows(
        "SELECT id, file_bytes, body_offset, has_part10, sop_class_uid, sop_instance_uid,"  # noqa: S608 - a literal of ours
        f" transfer_syntax_uid FROM instance WHERE series_id = ? AND {_UNSENT} AND id > ?"
        " ORDER BY id LIMIT ?",
        series,
        last,
        _PAGE,
    ):
        ledger.write_many(
            "UPDATE instance SET size_bytes = ? WHERE id = ?",
            [
                (size if whole else size - offset + len(part10_prefix(*uids)), row)
                for row, size, offset, whole, *uids in page
            ],
        )
        last = page[-1][0]


def mends_of(ledger: Ledger, series: int) -> tuple[Mend, ...]:
    """The mends of a Series that are in force, in the order in which they were asked for."""
    return tuple(
        Mend(*row)
        for row in ledger.rows(
            "SELECT m.id, m.kind, m.value FROM mend_series x JOIN mend m ON m.id = x.mend_id"
            " WHERE x.series_id = ? AND m.undone_word_id IS NULL ORDER BY m.id",
            series,
        )
    )


@dataclass(frozen=True, slots=True)
class Unmended:
    """One instance that is to be mended; sizes in bytes."""

    row: int
    mends: tuple[Mend, ...]
    path: bytes = field(repr=False)
    file_bytes: int
    mtime_ns: int
    has_part10: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """What leaves of it; see `transfer.deid.rewrite.Outgoing`."""

    of: Unmended
    size_bytes: int
    head_sha256: str
    traits: str
    evidence: tuple[str, ...]


_TO_MEND: Final = (
    "FROM instance i WHERE i.state = 'ready' AND i.head_sha256 IS NULL AND i.series_id IN"
    " (SELECT x.series_id FROM mend_series x JOIN mend m ON m.id = x.mend_id"
    " WHERE m.undone_word_id IS NULL) AND NOT EXISTS"
    " (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND b.state = 'sending')"
)


def count_unmended(ledger: Ledger) -> int:
    """How many instances of a transfer without a method are still to be mended."""
    return ledger.number(f"SELECT count(*) {_TO_MEND}")


def unmended(ledger: Ledger, page: int = 512) -> Iterator[Unmended]:
    """Those instances, Series by Series."""
    series = row = 0
    mends: tuple[int, tuple[Mend, ...]] = 0, ()
    while found := ledger.rows(
        "SELECT i.series_id, i.id, (SELECT f.path FROM source_file f WHERE f.id = i.file_id),"  # noqa: S608 - a literal of ours
        f" i.file_bytes, i.file_mtime_ns, i.has_part10 {_TO_MEND} AND (i.series_id, i.id) > (?, ?)"
        " ORDER BY i.series_id, i.id LIMIT ?",
        series,
        row,
        page,
    ):
        for series, row, path, size_bytes, mtime_ns, is_whole in found:
            if mends[0] != series:
                mends = series, mends_of(ledger, series)
            yield Unmended(row, mends[1], path, size_bytes, mtime_ns, bool(is_whole))


def record_mended(
    ledger: Ledger, made: Sequence[Mended], refused: Sequence[tuple[Unmended, str, str]]
) -> None:
    """Record a page of what was made, and what could not be with cause and reason; all or
    nothing."""
    with ledger.transaction(durable=False):
        ledger.write_many(
            "UPDATE instance SET state = 'failed', cause = ?, reason = ?"
            " WHERE id = ? AND state = 'ready'",
            [(cause, reason, of.row) for of, cause, reason in refused],
        )
        for one in made:
            ledger.write(
                "UPDATE instance SET size_bytes = ?, head_sha256 = ?, out_traits_id = ?, mends = ?"
                " WHERE id = ? AND state = 'ready'",
                one.size_bytes,
                one.head_sha256,
                traits_row(ledger, one.traits) if one.traits else None,
                ";".join(one.evidence),
                one.of.row,
            )


def has_mends(ledger: Ledger) -> bool:
    """Whether any mend is in force."""
    return bool(ledger.number("SELECT 1 FROM mend WHERE undone_word_id IS NULL LIMIT 1"))


def list_mends(ledger: Ledger, limit: int = 1000) -> list[MendRecord]:
    """All mends, those undone too, in their order."""
    found = ledger.rows(
        "SELECT m.id, m.kind, m.value, w.person, w.reason, w.said_at_utc,"
        " m.undone_word_id IS NOT NULL,"
        " (SELECT count(*) FROM mend_series x WHERE x.mend_id = m.id)"
        " FROM mend m JOIN word w ON w.id = m.word_id ORDER BY m.id LIMIT ?",
        limit,
    )
    taken: dict[int, dict[str, int]] = {}
    for text, n in ledger.rows(
        "SELECT mends, count(*) FROM instance WHERE mends <> '' GROUP BY mends"
    ):
        for entry in text.split(";"):
            row, _, tag = entry.partition(":")
            counts = taken.setdefault(int(row), {})
            counts[tag] = counts.get(tag, 0) + n
    return [
        MendRecord(
            row, kind, value, person, reason, at, bool(is_undone), series,
            sum(taken.get(row, {}).values()),
            {tag: n for tag, n in taken.get(row, {}).items() if tag},
        )
        for row, kind, value, person, reason, at, is_undone, series in found
    ]  # fmt: skip
