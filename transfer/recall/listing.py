"""What went, as a document and as a list: names on the node, and originals only where asked for."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from transfer.clinical.outputs.place import refuse_among_sources
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.originals import FIELDS, originals_of
from transfer.method_files import de_identifies
from transfer.quality.export import harmless
from transfer.recall.sent import Called, InstanceOut, Sent, StudyOut, VolumeOut, instances_out
from transfer.workspace import private_opener, sync_folder

COLUMNS: Final = (
    "kind", "key", "study", "series", "node", "destination", "dataset", "subject", "session",
    "study_instance_uid", "series_instance_uid", "sop_instance_uid", "state", "sha256", "bytes",
    "sent_at_utc", "verified_at_utc",
)  # fmt: skip
ORIGINALS: Final = tuple(f"original_{name}" for name in FIELDS)


def may_name(sent: Sent, *, identifiers: bool) -> bool:
    """Whether subjects may be named: where files go as they are, their names are the originals."""
    return identifiers or de_identifies(sent.order)


def document(ledger: Ledger, sent: Sent, *, identifiers: bool) -> dict[str, Any]:
    """All but the instances, which may be many (see `instance_document`)."""
    names = may_name(sent, identifiers=identifiers)
    fates = sent.fates
    return {
        "transfer": sent.order.name,
        "node": sent.order.node,
        "destination": sent.order.destination,
        "found_by": sent.who.found_by.value,
        "patients": list(sent.who.keys),
        "subjects": list(sent.subjects) if names else None,
        "sharing": list(sent.sharing),
        "alike": [{"key": one.key, "differs_in": list(one.differs_in)} for one in sent.who.alike],
        "alike_in_all": sent.who.alike_in_all,
        "is_anything_out": sent.is_anything_out,
        "counts": {
            "studies": len(sent.studies),
            "series": sent.series,
            "instances": {fate: fates[fate] for fate in ("verified", "sent", "unsure")},
            "bytes": sum(study.size_bytes for study in sent.studies),
            "volumes": len(sent.volumes),
            "clinical": len(sent.items),
            "rows": sent.row_count,
        },
        "stays": {kind: dict(counted) for kind, counted in sent.stays.items()},
        "dataset": _dataset(sent),
        "studies": [_study(study, names=names) for study in sent.studies],
        "volumes": [_volume(volume, names=names) for volume in sent.volumes],
        "clinical": [
            {
                "key": f"P{item.patient}" if item.patient else item.name,
                "state": item.state,
                "sha256": item.there_sha256 or None,
                "changed_at": item.changed_at_utc,
                "holds_others": item.kind == "file",
            }
            for item in (*sent.items, *sent.files)
        ],
        "rows": [{"key": f"R{row.row}", "kept_back": row.is_kept_back} for row in sent.rows],
        **({"originals": _originals(ledger, sent)} if identifiers else {}),
    }


def instance_document(ledger: Ledger, sent: Sent, *, identifiers: bool) -> Iterator[dict[str, Any]]:
    """Each instance that went."""
    for one in instances_out(ledger, sent):
        yield {
            "key": f"I{one.row}",
            "series": f"E{one.series.row}",
            "sop_instance_uid": one.uid,
            "state": one.fate,
            "sha256": one.sha256 or None,
            "bytes": one.size_bytes,
            "sent_at": one.sent_at_utc or None,
            "verified_at": one.verified_at_utc or None,
            **({"original_sop_instance_uid": one.original_uid} if identifiers else {}),
        }


def write_list(ledger: Ledger, sent: Sent, path: Path, *, identifiers: bool) -> int:
    """Write everything that went into a new CSV file for its owner alone; how many lines.

    Raises:
        UsageError: a file of that name exists, lies in the source, or cannot be written.
    """
    path = path.expanduser()
    refuse_among_sources(ledger, path)
    n = 0
    try:
        with open(path, "x", encoding="utf-8", newline="", opener=private_opener) as file:
            writer = csv.writer(file)
            writer.writerow((*COLUMNS, *(ORIGINALS if identifiers else ())))
            for row in _lines(ledger, sent, identifiers=identifiers):
                writer.writerow([harmless(cell) for cell in row])
                n += 1
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.absolute().parent)
    except FileExistsError:
        raise UsageError(
            "The file for the list exists already; nothing was written.", "Name a new file."
        ) from None
    except OSError as error:
        raise UsageError(
            f"The list cannot be written: {error.strerror}.",
            "Name a file in a folder on a local disk that you may write to.",
        ) from error
    return n


def _lines(ledger: Ledger, sent: Sent, *, identifiers: bool) -> Iterator[tuple[str | int, ...]]:
    names = may_name(sent, identifiers=identifiers)
    dataset = sent.dataset.id if sent.dataset else ""
    place = (sent.order.node, sent.order.destination, dataset)
    for one in instances_out(ledger, sent):
        key = f"I{one.row}"
        yield (
            "instance", key, f"S{one.study.row}", f"E{one.series.row}", *place,
            *_called(one.study.called, names=names), *_uids(one), one.fate, one.sha256,
            one.size_bytes, one.sent_at_utc, one.verified_at_utc,
            *_behind(ledger, key, identifiers=identifiers),
        )  # fmt: skip
    for volume in sent.volumes:
        row, key = volume.volume, f"F{volume.volume.file}"
        yield (
            "volume", key, "", "", *place, *_called(volume.called, names=names),
            volume.ref.study_uid, volume.series_uid, "", volume.state, row.sha256, row.size_bytes,
            row.sent_at_utc or row.handed_over_at_utc or "", row.verified_at_utc or "",
            *_behind(ledger, key, identifiers=identifiers),
        )  # fmt: skip
    subject = (sent.subjects[0] if sent.subjects else "") if names else ""
    for item in sent.items:
        key = f"P{item.patient}"
        yield (
            "clinical", key, "", "", *place, subject, "", "", "", "", item.state,
            item.there_sha256, item.size_bytes, item.changed_at_utc, "",
            *_behind(ledger, key, identifiers=identifiers),
        )  # fmt: skip


def _uids(one: InstanceOut) -> tuple[str, str, str]:
    return one.study.ref.study_uid, one.series.uid, one.uid


def _called(called: Called, *, names: bool) -> tuple[str, str]:
    return (called.subject, called.session) if names else ("", "")


def _behind(ledger: Ledger, key: str, *, identifiers: bool) -> tuple[str, ...]:
    return tuple(originals_of(ledger, key).values()) if identifiers else ()


def _study(study: StudyOut, *, names: bool) -> dict[str, Any]:
    subject, session = _called(study.called, names=names)
    return {
        "key": f"S{study.row}",
        "study_instance_uid": study.ref.study_uid,
        "subject": subject or None,
        "session": session or None,
        "instances": dict(study.fates),
        "bytes": study.size_bytes,
        "first_sent_at": study.first_sent_utc or None,
        "last_verified_at": study.last_verified_utc or None,
        "series": [
            {
                "key": f"E{series.row}",
                "series_instance_uid": series.uid,
                "instances": series.instances,
            }
            for series in study.series
        ],
    }


def _volume(out: VolumeOut, *, names: bool) -> dict[str, Any]:
    subject, session = _called(out.called, names=names)
    row = out.volume
    return {
        "key": f"F{row.file}",
        "study_instance_uid": out.ref.study_uid or None,
        "series_instance_uid": out.series_uid or None,
        "subject": subject or None,
        "session": session or None,
        "state": out.state,
        "sha256": row.sha256,
        "json_sha256": row.json_sha256,
        "sent_at": row.sent_at_utc or row.handed_over_at_utc,
        "verified_at": row.verified_at_utc,
    }


def _dataset(sent: Sent) -> dict[str, Any] | None:
    if sent.dataset is None:
        return None
    of = sent.dataset
    return {
        "id": of.id,
        "name": of.name,
        "version": of.version,
        "stage": of.stage,
        "visibility": of.visibility,
        "pids": dict(of.pids),
        "link": of.link,
    }


def _originals(ledger: Ledger, sent: Sent) -> list[dict[str, str]]:
    keys = (*sent.who.keys, *(f"S{study.row}" for study in sent.studies))
    return [{"key": key, **originals_of(ledger, key)} for key in keys]
