"""The real run beside its rehearsal: the same things, the same bytes, by the same method?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

from transfer import __version__
from transfer.errors import LedgerDamaged
from transfer.evidence.speech import Speech
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import newest_run
from transfer.rehearsing.decisions import decisions
from transfer.rehearsing.gone import WHATS, Gone, What, gone
from transfer.rehearsing.place import FOLDER, RECORD
from transfer.rehearsing.record import Record, Summary

_CHUNK: Final = 500
_EXAMPLES: Final = 20
# Code strings of PS3.5 6.2; what else stands there is not repeated.
_CODE: Final = re.compile(r"[A-Z0-9_]{1,16}|NIfTI|subject|file")
_DEID: Final[Mapping[str, str]] = {
    "method": "Method",
    "version": "Version",
    "method_sha256": "SHA-256 of the method",
    "key_fingerprint": "Key fingerprint",
    "site_sha256": "SITE ID (digest)",
    "clock": "Time that the method writes",
}


def compared_with_rehearsal(ledger: Ledger, speech: Speech) -> dict[str, Any] | None:
    """What a report says of the rehearsal; None where there was none. Memory is bounded: both
    sides are read one after the other."""
    path = record_of(ledger)
    if not path.is_file():
        return None
    try:
        with closing(Record(path)) as record:
            return _compared(ledger, record, speech)
    except LedgerDamaged as error:
        return {"fault": error.what}


def record_of(ledger: Ledger) -> Path:
    """Where the record of a ledger's rehearsal lies, if there is one."""
    return ledger.folder / FOLDER / RECORD


def texts_of_rehearsal(ledger: Ledger) -> Iterator[str]:
    """What is told of its method, to be looked at first."""
    try:
        with closing(Record(record_of(ledger))) as record:
            yield from (record.summary.deid or {}).values()
            yield from record.summary.publication.values()
    except LedgerDamaged:
        return


def _compared(ledger: Ledger, record: Record, speech: Speech) -> dict[str, Any]:
    summary = record.summary
    now = decisions(ledger)
    things: dict[str, dict[str, Any]] = {what: _things(ledger, record, what) for what in WHATS}
    deid = _deidentification(ledger, summary, speech)
    changed = [name for name, digest in now.items() if summary.decisions.get(name) != digest]
    is_same = not changed and all(line["is_same"] for line in deid)
    return {
        "at_utc": summary.at_utc,
        "kind": summary.kind,
        "only_patients": summary.only_patients,
        "version": summary.version,
        "is_same_version": summary.version == __version__,
        "is_same": is_same and all(_is_same(found) for found in things.values()),
        "changed_since": changed,
        "deidentification": deid,
        **things,
        "publication": {
            key: speech.typed(value) for key, value in summary.publication.items()
        },
    }  # fmt: skip


def _is_same(found: Mapping[str, Any]) -> bool:
    return not (found["other_bytes"] or found["only_here"] or found["only_rehearsed"])


def _deidentification(ledger: Ledger, summary: Summary, speech: Speech) -> list[dict[str, Any]]:
    run = newest_run(ledger)
    here = {name: str(getattr(run[1], name)) for name in _DEID} if run else {}
    there = summary.deid or {}
    return [
        {
            "what": title,
            "rehearsed": speech.typed(there.get(name, "")),
            "here": speech.typed(here.get(name, "")),
            "is_same": there.get(name, "") == here.get(name, ""),
        }
        for name, title in _DEID.items()
    ]


def _things(ledger: Ledger, record: Record, what: What) -> dict[str, Any]:
    same = other = 0
    only: int = 0
    examples: list[str] = []
    kinds: dict[str, int] = {}
    things = gone(ledger, what, bytes.fromhex(record.summary.salt))
    while chunk := list(islice(things, _CHUNK)):
        known = record.digests(what, [thing.mark for thing in chunk])
        for thing in chunk:
            kind = _kind(thing)
            kinds[kind] = kinds.get(kind, 0) + 1
            digest = known.get(thing.mark)
            if digest is None:
                only += 1
            elif digest == thing.sha256:
                same += 1
            else:
                other += 1
            if digest != thing.sha256 and len(examples) < _EXAMPLES:
                examples.append(thing.key)
    there: dict[str, int] = {}
    for name, n in record.kinds(what).items():
        kind = name if _CODE.fullmatch(name) else "other"
        there[kind] = there.get(kind, 0) + n
    return {
        "same_bytes": same,
        "other_bytes": other,
        "only_here": only,
        "only_rehearsed": sum(there.values()) - same - other,
        "kinds": [
            {"kind": kind, "rehearsed": there.get(kind, 0), "here": kinds.get(kind, 0)}
            for kind in sorted(kinds.keys() | there.keys())
        ],
        "examples": examples,
    }


def _kind(thing: Gone) -> str:
    return thing.kind if _CODE.fullmatch(thing.kind) else "other"
