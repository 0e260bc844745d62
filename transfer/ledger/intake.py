"""What the readers found, into the ledger: instances and their Series, duplicates, rejects."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from transfer.ledger.batches import open_instances
from transfer.ledger.connection import Ledger
from transfer.ledger.traits import traits_row
from transfer.scan.facts import FileFacts, FileKind, FileVerdict, InstanceHeader

_CACHE_LIMIT = 4096
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


class Intake:
    """Takes pages of facts in path order; the first file of a SOP Instance UID is the one that
    goes, later ones are its duplicates.

    `pulse` is called between files that are compared as a whole; what it raises gives up the page.
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
        self._series: dict[tuple[str, str, str, str], int] = {}
        self._traits: dict[str, int] = {}

    def take(self, page: Sequence[tuple[int, FileFacts]]) -> None:
        """Record one page, all or nothing."""
        twins = self._compare_twins(page)
        with self._ledger.transaction(durable=False):
            for row, facts in page:
                if row in twins:
                    self._duplicate(row, facts, *twins[row])
                elif facts.header is not None and facts.verdict is not FileVerdict.REJECT:
                    self._instance(row, facts, facts.header)
                else:
                    self._other(row, facts)

    def _compare_twins(self, page: Sequence[tuple[int, FileFacts]]) -> dict[int, tuple[int, str]]:
        """Files whose SOP Instance UID is taken: row → (row of the first, reason)."""
        first: dict[str, int] = {}
        twins: dict[int, tuple[int, str]] = {}
        for row, facts in page:
            if facts.header is None or facts.verdict is FileVerdict.REJECT:
                continue
            uid = facts.header.sop_instance_uid
            known = first.get(uid) or self._holder_of(uid)
            if known is None or known == row:
                first[uid] = row
            else:
                self._pulse()
                twins[row] = (known, self._compare(known, row))
        return twins

    def _holder_of(self, uid: str) -> int | None:
        found = self._ledger.row(
            "SELECT i.file_id FROM instance i JOIN source_file f ON f.id = i.file_id"
            " WHERE i.sop_instance_uid = ? AND (i.state IN ('sent', 'verified') OR"
            " (f.verdict IS NOT 'missing' AND f.size_bytes = i.file_bytes"
            " AND f.mtime_ns = i.file_mtime_ns))",
            uid,
        )
        return int(found[0]) if found else None

    def _compare(self, one: int, other: int) -> str:
        from transfer.scan.inspect import content_digest

        try:
            same = content_digest(self._path(one)) == content_digest(self._path(other))
        except OSError:
            same = False
        return "duplicate-identical" if same else "duplicate-uid-other-content"

    def _path(self, row: int) -> bytes:
        found = self._ledger.row("SELECT path FROM source_file WHERE id = ?", row)
        assert found is not None, "rows of source_file are never deleted"
        return os.path.join(self._source, found[0])

    def _duplicate(self, row: int, facts: FileFacts, first: int, reason: str) -> None:
        self._judge(row, "duplicate", facts, (reason, *facts.reasons), first)

    def _other(self, row: int, facts: FileFacts) -> None:
        if facts.verdict is FileVerdict.REJECT:
            self._judge(row, "rejected", facts, facts.reasons)
        elif facts.kind is FileKind.ARCHIVE:
            # Whether it can be opened is found out when its members are listed.
            told = (_NOT_READ_YET,) if _CAN_BE_OPENED in facts.reasons else ()
            self._judge(row, "rejected", facts, (*told, *facts.reasons))
        else:
            self._judge(row, "companion", facts, facts.reasons)

    def _judge(
        self,
        row: int,
        verdict: str,
        facts: FileFacts,
        reasons: Sequence[str],
        twin_of: int | None = None,
    ) -> None:
        self._ledger.write(
            "UPDATE source_file SET verdict = ?, kind = ?, reasons = ?, twin_of = ? WHERE id = ?",
            verdict,
            facts.kind.value,
            ";".join(reasons),
            twin_of,
            row,
        )

    def _instance(self, row: int, facts: FileFacts, header: InstanceHeader) -> None:
        series = self._series_row(header)
        self._judge(row, "instance", facts, facts.reasons)
        found = self._ledger.row("SELECT size_bytes, mtime_ns FROM source_file WHERE id = ?", row)
        assert found is not None, "rows of source_file are never deleted"
        file_bytes, mtime_ns = found
        size = file_bytes
        if not header.has_part10:
            size += self._prefix_length(header) - header.body_offset
        uid = header.sop_instance_uid
        is_open = uid in self._open
        has_moved = is_open and not self._is_in_series(uid, series)
        # A file that changed after it went keeps its record: what the node holds is what was sent.
        # An open request keeps its batch, so that the node is asked before this one goes.
        self._ledger.write(
            """
            INSERT INTO instance (file_id, series_id, sop_instance_uid, sop_class_uid,
              transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state,
              file_bytes, file_mtime_ns, traits_id)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'ready', ?10, ?11, ?13)
            ON CONFLICT (sop_instance_uid) DO UPDATE SET
              file_id = excluded.file_id, file_bytes = excluded.file_bytes,
              file_mtime_ns = excluded.file_mtime_ns, series_id = excluded.series_id,
              sop_class_uid = excluded.sop_class_uid,
              transfer_syntax_uid = excluded.transfer_syntax_uid,
              body_offset = excluded.body_offset, has_part10 = excluded.has_part10,
              deidentified = excluded.deidentified, size_bytes = excluded.size_bytes,
              state = 'ready', reason = '', batch_id = iif(?12, batch_id, NULL), attempts = 0,
              deid_run = NULL, head_sha256 = NULL, cause = '', hits = '',
              traits_id = excluded.traits_id, out_traits_id = NULL
            WHERE instance.state IN ('ready', 'failed')
            """,
            row,
            series,
            uid,
            header.sop_class_uid,
            header.transfer_syntax_uid,
            header.body_offset,
            header.has_part10,
            header.patient_identity_removed,
            size,
            file_bytes,
            mtime_ns,
            is_open,
            self._traits_row(header.traits),
        )
        if not self._ledger.number("SELECT changes()"):
            if not self._is_as_sent(uid, file_bytes, mtime_ns):
                self._warn_of_change(_AFTER, row)
        elif has_moved:
            self._warn_of_change(_MOVED, row)
        elif is_open and self._open[uid] != (file_bytes, mtime_ns):
            self._warn_of_change(_WHILE, row)

    def _traits_row(self, document: str) -> int:
        known = self._traits.get(document)
        if known is None:
            if len(self._traits) >= _CACHE_LIMIT:
                self._traits.clear()
            known = self._traits[document] = traits_row(self._ledger, document)
        return known

    def _is_in_series(self, uid: str, series: int) -> bool:
        return bool(
            self._ledger.number(
                "SELECT 1 FROM instance WHERE sop_instance_uid = ? AND series_id = ?", uid, series
            )
        )

    def _is_as_sent(self, uid: str, file_bytes: int, mtime_ns: int) -> bool:
        return bool(
            self._ledger.number(
                "SELECT 1 FROM instance WHERE sop_instance_uid = ? AND file_bytes = ?"
                " AND file_mtime_ns = ?",
                uid,
                file_bytes,
                mtime_ns,
            )
        )

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

    def _series_row(self, header: InstanceHeader) -> int:
        key = (header.patient_id, header.study_uid, header.series_uid, header.patient_name)
        known = self._series.get(key)
        if known is not None:
            return known
        patient = self._row_of(
            "patient",
            {"original_id": header.patient_id},
            {"original_name": header.patient_name},
        )
        # The first file of a patient is not always one that tells the name.
        self._ledger.write(
            "UPDATE patient SET original_name = ? WHERE id = ? AND original_name = ''",
            header.patient_name,
            patient,
        )
        study = self._row_of(
            "study",
            {"study_uid": header.study_uid, "patient_id": patient},
            {"study_date": header.study_date, "description": header.study_description},
        )
        series = self._row_of(
            "series",
            {"series_uid": header.series_uid, "study_id": study},
            {
                "modality": header.modality,
                "series_number": header.series_number,
                "description": header.series_description,
                "body_part": header.body_part,
                "manufacturer": header.manufacturer,
            },
        )
        if len(self._series) >= _CACHE_LIMIT:
            self._series.clear()
        self._series[key] = series
        return series

    def _row_of(self, table: str, key: dict[str, object], facts: dict[str, object]) -> int:
        where = " AND ".join(f"{column} = ?" for column in key)
        found = self._ledger.row(
            f"SELECT id FROM {table} WHERE {where}",  # noqa: S608 - both are literals of `_series_row`
            *key.values(),
        )
        if found:
            return int(found[0])
        columns = {**key, **facts}
        return self._ledger.write(
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - literals of `_series_row`
            f" VALUES ({', '.join('?' * len(columns))})",
            *columns.values(),
        )
