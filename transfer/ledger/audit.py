"""The lines of the audit log: what happened, in the order in which the ledger took it down.

A line holds nothing that a person typed: persons have a number, and their words a seal
(HMAC-SHA-256 under a secret of this ledger), so that a word can be proved with the ledger and not
be guessed without it. Lines are made once and kept; what is learnt of patients later changes none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from typing import Any, Final

from transfer.ledger.connection import Ledger

_SECRET: Final = "audit-secret"  # noqa: S105 - the name of the setting
_PAGE: Final = 2000
_OUR_WORDS: Final = frozenset(
    [
        "made",
        "word",
        "select",
        "mend",
        "runner",
        "phase",
        "control",
        "committed",
        "refused",
        "declared",
        "key",
        "legal",
        "clinical",
        "publish",
        "catalogue",
        "recall",
        "purge",
        "backup",
        "recover",
    ]
)
"""Kinds of events whose text this program makes out of its own words and row keys."""


def seal_audit(ledger: Ledger) -> int:
    """Make the lines that are missing; how many. Needs a ledger open for writing. To be called too
    before anything is taken out of the ledger for good: a line survives what it was made of."""
    made = 0
    with ledger.transaction():
        ledger.write(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO NOTHING",
            _SECRET,
            secrets.token_hex(32),
        )
    found = ledger.row("SELECT value FROM setting WHERE name = ?", _SECRET)
    assert found is not None, "it was just made"
    maker = _Maker(ledger, bytes.fromhex(str(found[0])))
    while True:
        with ledger.transaction():
            page = ledger.rows(
                "SELECT id, at_utc, what, source_row FROM audit WHERE line IS NULL"
                " ORDER BY id LIMIT ?",
                _PAGE,
            )
            ledger.write_many(
                "UPDATE audit SET line = ? WHERE id = ?",
                [(maker.line(at, what, source), row) for row, at, what, source in page],
            )
        made += len(page)
        if len(page) < _PAGE:
            return made


def audit_lines(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """Every line that was made, oldest first; page by page."""
    last = 0
    while page := ledger.rows(
        "SELECT id, line FROM audit WHERE id > ? AND line IS NOT NULL ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        for _, line in page:
            yield json.loads(line)
        last = page[-1][0]


def audit_persons(ledger: Ledger) -> dict[str, str]:
    """Names as they were given, by their number in the log. Untrusted text."""
    rows = ledger.rows("SELECT id, name FROM audit_person ORDER BY id")
    return {f"A{row}": str(name) for row, name in rows}


class _Maker:
    def __init__(self, ledger: Ledger, secret: bytes) -> None:
        self._ledger = ledger
        self._secret = secret

    def line(self, at_utc: str, what: str, source: int) -> str:
        said = {
            "event": self._event,
            "word": self._word,
            "step": self._step,
            "attempt": self._attempt,
            "legal": self._legal,
        }[what](source)
        return json.dumps({"at_utc": at_utc, "what": what, **said}, ensure_ascii=True)

    def _event(self, row: int) -> dict[str, Any]:
        kind, text = self._row("SELECT kind, text FROM event WHERE id = ?", row)
        told = {"text": text} if kind in _OUR_WORDS else {"said": self._seal(text)}
        return {"kind": kind, **told}

    def _word(self, row: int) -> dict[str, Any]:
        subject, value, person, reason = self._row(
            "SELECT subject, value, person, reason FROM word WHERE id = ?", row
        )
        said = self._seal(value, reason)
        return {"subject": subject, "person": self._person(person), "said": said}

    def _step(self, row: int) -> dict[str, Any]:
        step, state, detail, person, evidence = self._row(
            "SELECT step, state, detail, person, evidence FROM step_history WHERE id = ?", row
        )
        said = self._seal(detail, evidence)
        return {"step": step, "state": state, "person": self._person(person), "said": said}

    def _attempt(self, row: int) -> dict[str, Any]:
        batch, epoch, started, outcome = self._row(
            "SELECT batch_id, epoch, started_at_utc, outcome FROM attempt WHERE id = ?", row
        )
        said = self._seal(outcome)
        return {"batch": batch, "run": epoch, "started_at_utc": started, "said": said}

    def _legal(self, row: int) -> dict[str, Any]:
        what, state, person, day, sha256, ticket, reason, entered_by = self._row(
            "SELECT what, state, person, day, sha256, ticket, reason, entered_by FROM legal"
            " WHERE id = ?",
            row,
        )
        return {
            "of": what,
            "state": state,
            "signed_by": self._person(person),
            "entered_by": self._person(entered_by),
            "document_sha256": sha256,
            "said": self._seal(day, ticket, reason),
        }

    def _row(self, sql: str, row: int) -> tuple[Any, ...]:
        found = self._ledger.row(sql, row)
        assert found is not None, "history is added to, never taken from"
        return found

    def _person(self, name: str) -> str:
        if not name:
            return ""
        self._ledger.write(
            "INSERT INTO audit_person (name) VALUES (?) ON CONFLICT DO NOTHING", name
        )
        number = self._ledger.number("SELECT id FROM audit_person WHERE name = ?", name)
        return f"A{number}"

    def _seal(self, *texts: str) -> str:
        content = json.dumps(texts).encode()
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()
