"""What the readers found, into the ledger: instances and their Series, duplicates, rejects."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from transfer.ledger.arrivals import (
    Arrived,
    Judged,
    write_arrived,
    write_judged,
)
from transfer.ledger.batches import open_instances
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import forget_words
from transfer.ledger.places import Places
from transfer.ledger.traits import traits_row
from transfer.scan.facts import FileFacts, FileKind, FileVerdict, InstanceHeader

_CACHE_LIMIT: Final = 4096
_ASKED: Final = 500
_NOT_READ_YET, _CAN_BE_OPENED = "archive-not-read", "archive"

_PrefixLength = Callable[[InstanceHeader], int]
_AFTER = (
    "CHANGED-AFTER-SENDING",
    "A source file changed after its instance was sent; the node holds the earlier one.",
)
_WHILE = (
    "CHANGED-WHILE-SENDING",
    "A source file changed while its instance was being sent; the node holds the earlier one.",
)
_MOVED = (
    "MOVED-WHILE-SENDING",
    "A source file changed while its instance was being sent and belongs to another series or"
    " patient now; the node may hold the earlier one.",
)


class _Known(NamedTuple):
    """An instance that the ledger has already. `is_held`: by its file as that is now, or by the
    node; another file of the same UID is a duplicate then."""

    file_row: int
    series_row: int
    file_bytes: int
    mtime_ns: int
    is_held: bool


class Intake:
    """Takes pages of facts in path order; the first file of a SOP Instance UID is the one that
    goes, later ones are its duplicates.

    To be used while there are `waiting_tables`. `pulse` is called between files that are compared
    as a whole; what it raises gives up the page.
    """

    def __init__(
        self,
        ledger: Ledger,
        source: bytes,
        prefix_length: _PrefixLength,
        pulse: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._source = source
        self._prefix_length = prefix_length
        self._pulse = pulse
        # Their requests are settled by the runner alone, and while we scan there is none.
        self._open = open_instances(ledger)
        self._places = Places(ledger)
        self._traits: dict[str, int] = {}

    def take(self, page: Sequence[tuple[int, FileFacts]]) -> None:
        """Record one page, all or nothing."""
        known = self._known([h.sop_instance_uid for _, facts in page if (h := _going(facts))])
        twins = self._compare_twins(page, known)
        judged: list[Judged] = []
        arrived: list[Arrived] = []
        try:
            with self._ledger.transaction(durable=False):
                for row, facts in page:
                    header = _going(facts)
                    if row in twins:
                        first, how = twins[row]
                        judged.append(_judged(row, "duplicate", facts, how, first))
                    elif header is None:
                        judged.append(self._other(row, facts))
                    else:
                        judged.append(_judged(row, "instance", facts))
                        new = self._arrived(row, header)
                        before = known.get(header.sop_instance_uid)
                        if before is None:
                            arrived.append(new)
                        else:
                            self._instance(new, before)
                write_judged(self._ledger, judged)
                write_arrived(self._ledger, arrived)
        except BaseException:
            self._places.forget()
            self._traits.clear()
            raise

    def _known(self, uids: Sequence[str]) -> dict[str, _Known]:
        found: dict[str, _Known] = {}
        for start in range(0, len(uids), _ASKED):
            asked = uids[start : start + _ASKED]
            for uid, *rest in self._ledger.rows(
                "SELECT i.sop_instance_uid, i.file_id, i.series_id, i.file_bytes, i.file_mtime_ns,"  # noqa: S608 - placeholders
                " i.state IN ('sent', 'verified') OR (f.verdict IS NOT 'missing'"
                " AND f.size_bytes = i.file_bytes AND f.mtime_ns = i.file_mtime_ns)"
                " FROM instance i JOIN source_file f ON f.id = i.file_id"
                f" WHERE i.sop_instance_uid IN ({','.join('?' * len(asked))})",
                *asked,
            ):
                found[uid] = _Known(*rest)
        return found

    def _compare_twins(
        self, page: Sequence[tuple[int, FileFacts]], known: dict[str, _Known]
    ) -> dict[int, tuple[int, tuple[str, ...]]]:
        """Files whose SOP Instance UID is taken: row → (row of the first, reasons)."""
        first: dict[str, int] = {}
        twins: dict[int, tuple[int, tuple[str, ...]]] = {}
        for row, facts in page:
            header = _going(facts)
            if header is None:
                continue
            uid = header.sop_instance_uid
            holder = first.get(uid)
            if holder is None and (before := known.get(uid)) is not None and before.is_held:
                holder = before.file_row
            if holder is None or holder == row:
                first[uid] = row
            else:
                self._pulse()
                twins[row] = (holder, self._compare(holder, row))
        return twins

    def _compare(self, one: int, other: int) -> tuple[str, ...]:
        from transfer.scan.twins import how_they_differ

        return how_they_differ(self._path(one), self._path(other))

    def _path(self, row: int) -> bytes:
        found = self._ledger.row("SELECT path FROM source_file WHERE id = ?", row)
        assert found is not None, "rows of source_file are never deleted"
        return os.path.join(self._source, found[0])

    def _other(self, row: int, facts: FileFacts) -> Judged:
        if facts.verdict is FileVerdict.REJECT:
            return _judged(row, "rejected", facts)
        if facts.kind is FileKind.ARCHIVE:
            # Whether it can be opened is found out when its members are listed.
            told = (_NOT_READ_YET,) if _CAN_BE_OPENED in facts.reasons else ()
            return _judged(row, "rejected", facts, told)
        return _judged(row, "companion", facts)

    def _arrived(self, row: int, header: InstanceHeader) -> Arrived:
        series, person = self._places.of(header)
        added = 0
        if not header.has_part10:
            added = self._prefix_length(header) - header.body_offset
        return Arrived(
            row,
            series,
            header.sop_instance_uid,
            header.sop_class_uid,
            header.transfer_syntax_uid,
            header.body_offset,
            header.has_part10,
            header.patient_identity_removed,
            added,
            self._traits_row(header.traits),
            person,
        )

    def _instance(self, new: Arrived, before: _Known) -> None:
        """Take a file whose instance the ledger has already, and which nobody else holds."""
        found = self._ledger.row(
            "SELECT size_bytes, mtime_ns FROM source_file WHERE id = ?", new.file_row
        )
        assert found is not None, "rows of source_file are never deleted"
        file_bytes, mtime_ns = found
        if (before.file_row, before.file_bytes, before.mtime_ns) != (new.file_row, *found):
            # What a person said was said of another picture.
            forget_words(self._ledger, f"E{before.series_row}", f"E{new.series_row}")
        uid = new.sop_instance_uid
        is_open = uid in self._open
        # A file that changed after it went keeps its record: what the node holds is what was sent.
        # An open request keeps its batch, so that the node is asked before this one goes.
        self._ledger.write(
            """
            UPDATE instance SET
              file_id = ?1, file_bytes = ?2, file_mtime_ns = ?3, series_id = ?4,
              sop_class_uid = ?5, transfer_syntax_uid = ?6, body_offset = ?7, has_part10 = ?8,
              deidentified = ?9, size_bytes = ?10,
              state = 'ready', reason = '', batch_id = iif(?11, batch_id, NULL), attempts = 0,
              deid_run = NULL, head_sha256 = NULL, cause = '', hits = '',
              traits_id = ?12, out_traits_id = NULL, person_id = ?13
            WHERE sop_instance_uid = ?14 AND state IN ('ready', 'failed', 'excluded')
            """,
            new.file_row,
            file_bytes,
            mtime_ns,
            new.series_row,
            new.sop_class_uid,
            new.transfer_syntax_uid,
            new.body_offset,
            new.has_part10,
            new.is_deidentified,
            file_bytes + new.added_bytes,
            is_open,
            new.traits_row,
            new.person_row,
            uid,
        )
        if not self._ledger.number("SELECT changes()"):
            if (before.file_bytes, before.mtime_ns) != (file_bytes, mtime_ns):
                self._warn_of_change(_AFTER, new.file_row)
        elif is_open and before.series_row != new.series_row:
            self._warn_of_change(_MOVED, new.file_row)
        elif is_open and self._open[uid] != (file_bytes, mtime_ns):
            self._warn_of_change(_WHILE, new.file_row)

    def _traits_row(self, document: str) -> int:
        known = self._traits.get(document)
        if known is None:
            if len(self._traits) >= _CACHE_LIMIT:
                self._traits.clear()
            known = self._traits[document] = traits_row(self._ledger, document)
        return known

    def _warn_of_change(self, finding: tuple[str, str], row: int) -> None:
        rule, message = finding
        self._ledger.write(
            "INSERT INTO finding (rule, severity, level, key, message, remedy)"
            " VALUES (?, 'warn', 'instance', ?, ?, ?) ON CONFLICT (rule, key) DO NOTHING",
            rule,
            f"F{row}",
            message,
            "Find out which is right. To send this one, ask the node to delete the other first.",
        )


def _going(facts: FileFacts) -> InstanceHeader | None:
    """The header of a file that can go as an instance."""
    return None if facts.verdict is FileVerdict.REJECT else facts.header


def _judged(
    row: int,
    verdict: str,
    facts: FileFacts,
    reasons: Sequence[str] = (),
    twin_of: int | None = None,
) -> Judged:
    return Judged(row, verdict, facts.kind.value, ";".join((*reasons, *facts.reasons)), twin_of)
