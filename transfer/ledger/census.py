"""Counts of everything, from the tallies that triggers keep: cheap at any size of cohort."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class InstanceCounts:
    """Cumulative counts: an instance that is verified also counts as sent and as ready. `excluded`
    are those that a person chose not to send."""

    found: int = 0
    rejected: int = 0
    ready: int = 0
    sent: int = 0
    verified: int = 0
    failed: int = 0
    excluded: int = 0


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Every file of the source ends in exactly one of these; they add up to `seen`."""

    seen: int = 0
    unread: int = 0
    instances: int = 0
    duplicates: int = 0
    companions: int = 0
    rejected: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Census:
    """All counts of a transfer; sizes in bytes. A missing Patient ID is not a patient."""

    patients: int
    studies: int
    series: int
    instances: InstanceCounts
    files: FileCounts
    bytes_total: int
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One Study as lists show it; `key` names it without an original identifier. Only `excluded`
    counts what a person left out."""

    key: str
    patient_key: str
    modalities: str
    series: int
    instances: int
    sent: int
    verified: int
    failed: int
    bytes_total: int
    bytes_sent: int
    is_committed: bool = False
    excluded: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One file that will not go. `path` is an original name: show it only when asked."""

    key: str
    verdict: str
    kind: str
    reasons: tuple[str, ...]
    twin_key: str
    path: bytes


@dataclass(frozen=True, slots=True)
class FailedInstance:
    """One instance that did not arrive, with the reason in words. `sop_instance_uid` is the one
    that the node would know, empty where there is none or where it cannot be told here."""

    key: str
    study_key: str
    sop_instance_uid: str
    reason: str
    attempts: int
    path: bytes


def take_census(ledger: Ledger) -> Census:
    """Count everything that the ledger knows."""
    by_state = {
        state: (n, size)
        for state, n, size in ledger.rows("SELECT state, sum(n), sum(bytes) FROM tally GROUP BY 1")
    }
    by_file: dict[str, int] = {}
    rejected_dicom = 0
    for verdict, kind, n in ledger.rows("SELECT verdict, kind, n FROM file_tally"):
        by_file[verdict] = by_file.get(verdict, 0) + n
        if verdict == "rejected" and kind == "instance":
            rejected_dicom += n
    n = {state: by_state.get(state, (0, 0))[0] for state in ("ready", "sent", "verified", "failed")}
    size = {state: by_state.get(state, (0, 0))[1] for state in n}
    chosen = sum(n.values())
    excluded = by_state.get("excluded", (0, 0))[0]
    return Census(
        patients=ledger.number("SELECT count(*) FROM patient WHERE original_id <> ''"),
        studies=ledger.number("SELECT count(*) FROM study"),
        series=ledger.number("SELECT count(*) FROM series"),
        instances=InstanceCounts(
            found=chosen + excluded,
            rejected=rejected_dicom,
            ready=chosen,
            sent=n["sent"] + n["verified"],
            verified=n["verified"],
            failed=n["failed"],
            excluded=excluded,
        ),
        files=FileCounts(
            seen=sum(by_file.values()),
            unread=by_file.get("unread", 0),
            instances=by_file.get("instance", 0),
            duplicates=by_file.get("duplicate", 0),
            companions=by_file.get("companion", 0),
            rejected=by_file.get("rejected", 0),
            missing=by_file.get("missing", 0),
        ),
        bytes_total=sum(size.values()),
        bytes_sent=size["sent"] + size["verified"],
    )


def list_studies(ledger: Ledger, *, limit: int, offset: int = 0) -> list[StudyRow]:
    """A page of Studies in the order in which they were found."""
    return [
        StudyRow(f"S{study}", f"P{patient}", *rest)
        for study, patient, *rest in ledger.rows(
            """
            SELECT s.id, s.patient_id,
              (SELECT group_concat(DISTINCT modality) FROM series WHERE study_id = s.id),
              count(DISTINCT e.id) FILTER (WHERE t.n > 0 AND t.state <> 'excluded'),
              ifnull(sum(t.n) FILTER (WHERE t.state <> 'excluded'), 0),
              ifnull(sum(t.n) FILTER (WHERE t.state IN ('sent', 'verified')), 0),
              ifnull(sum(t.n) FILTER (WHERE t.state = 'verified'), 0),
              ifnull(sum(t.n) FILTER (WHERE t.state = 'failed'), 0),
              ifnull(sum(t.bytes) FILTER (WHERE t.state <> 'excluded'), 0),
              ifnull(sum(t.bytes) FILTER (WHERE t.state IN ('sent', 'verified')), 0),
              s.committed_at_utc IS NOT NULL,
              ifnull(sum(t.n) FILTER (WHERE t.state = 'excluded'), 0)
            FROM (SELECT id, patient_id, committed_at_utc FROM study ORDER BY id LIMIT ? OFFSET ?) s
            JOIN series e ON e.study_id = s.id LEFT JOIN tally t ON t.series_id = e.id
            GROUP BY s.id ORDER BY s.id
            """,
            limit,
            offset,
        )
    ]


def list_left_out(ledger: Ledger, *, limit: int, offset: int = 0) -> list[LeftOut]:
    """A page of files that do not go: rejected ones, duplicates, and ones that vanished."""
    return [
        LeftOut(
            f"F{file}",
            verdict,
            kind or "",
            tuple(r for r in reasons.split(";") if r),
            f"F{twin}" if twin else "",
            path,
        )
        for file, verdict, kind, reasons, twin, path in ledger.rows(
            "SELECT id, verdict, kind, reasons, twin_of, path FROM source_file"
            " WHERE verdict IN ('duplicate', 'rejected', 'missing')"
            " ORDER BY verdict DESC, path LIMIT ? OFFSET ?",
            limit,
            offset,
        )
    ]


def list_failed(ledger: Ledger, *, limit: int, offset: int = 0) -> list[FailedInstance]:
    """A page of instances that did not arrive: not let go, or not taken by the node."""
    return [
        FailedInstance(
            f"I{instance}", f"S{study}", ledger.names.shown(uid, out_uid), reason, attempts, path
        )
        for instance, study, uid, out_uid, reason, attempts, path in ledger.rows(
            "SELECT i.id, e.study_id, i.sop_instance_uid, i.out_sop_instance_uid, i.reason,"
            " i.attempts, f.path"
            " FROM instance i JOIN series e ON e.id = i.series_id"
            " JOIN source_file f ON f.id = i.file_id"
            " WHERE i.state = 'failed' ORDER BY i.id LIMIT ? OFFSET ?",
            limit,
            offset,
        )
    ]
