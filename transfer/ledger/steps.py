"""Steps and findings: how far the journey is, and what stands in its way."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.values import StepState


@dataclass(frozen=True, slots=True)
class StepRecord:
    """State of one step, and one short sentence on it."""

    id: str
    state: StepState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know. `key` is a row key, never an original identifier."""

    rule: str
    severity: str
    level: str
    key: str
    message: str
    remedy: str


def set_step(ledger: Ledger, step: str, state: StepState, detail: str = "") -> None:
    """Record the state of a step."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO step VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " state = excluded.state, detail = excluded.detail,"
            " changed_at_utc = excluded.changed_at_utc",
            step,
            state.value,
            detail,
            utc_now(),
        )


def read_steps(ledger: Ledger) -> dict[str, StepRecord]:
    """Every step that has a record, by its id."""
    return {
        step: StepRecord(step, StepState(state), detail)
        for step, state, detail in ledger.rows("SELECT id, state, detail FROM step")
    }


def record_finding(ledger: Ledger, finding: Finding) -> None:
    """Record a finding, replacing the earlier one of the same rule and key."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO finding (rule, severity, level, key, message, remedy)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (rule, key) DO UPDATE SET"
            " severity = excluded.severity, message = excluded.message, remedy = excluded.remedy",
            finding.rule,
            finding.severity,
            finding.level,
            finding.key,
            finding.message,
            finding.remedy,
        )


def replace_findings(ledger: Ledger, rules: Collection[str], findings: Iterable[Finding]) -> None:
    """Record these as all the findings that there are of some rules."""
    with ledger.transaction():
        ledger.write_many("DELETE FROM finding WHERE rule = ?", [(rule,) for rule in rules])
        ledger.write_many(
            "INSERT INTO finding (rule, severity, level, key, message, remedy)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(f.rule, f.severity, f.level, f.key, f.message, f.remedy) for f in findings],
        )


def clear_finding(ledger: Ledger, rule: str) -> None:
    """Forget every finding of a rule."""
    with ledger.transaction():
        ledger.write("DELETE FROM finding WHERE rule = ?", rule)


def clear_level(ledger: Ledger, level: str) -> None:
    """Forget every finding of a level."""
    with ledger.transaction():
        ledger.write("DELETE FROM finding WHERE level = ?", level)


def read_findings(ledger: Ledger, limit: int = 200) -> list[Finding]:
    """Findings, worst first."""
    return [
        Finding(*row)
        for row in ledger.rows(
            "SELECT rule, severity, level, key, message, remedy FROM finding ORDER BY"
            " CASE severity WHEN 'block' THEN 0 WHEN 'ask' THEN 1 WHEN 'warn' THEN 2 ELSE 3 END,"
            " id LIMIT ?",
            limit,
        )
    ]
