"""What stands in nobody's way any more, and by whose word."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class SetAside:
    """Findings of one rule that were settled in one way; `person` is empty where nobody had to say
    anything. `value` is the answer."""

    rule: str
    severity: str
    standing: str
    findings: int
    value: str
    person: str
    reason: str
    said_at_utc: str


def set_aside(ledger: Ledger, limit: int = 1000) -> list[SetAside]:
    """By rule, way and word."""
    return [
        SetAside(*row)
        for row in ledger.rows(
            "SELECT f.rule, f.severity, f.standing, count(*), ifnull(s.value, ''),"
            " ifnull(w.person, ''), ifnull(w.reason, ''), ifnull(w.said_at_utc, '')"
            " FROM finding f LEFT JOIN settled s ON s.rule = f.rule AND s.key = f.key"
            " AND s.standing = f.standing LEFT JOIN word w ON w.id = s.word_id"
            " WHERE f.standing <> 'open' AND f.severity IN ('block', 'ask', 'warn')"
            " GROUP BY f.rule, f.severity, f.standing, s.value, w.id"
            " ORDER BY f.rule, f.standing, w.id LIMIT ?",
            limit,
        )
    ]
