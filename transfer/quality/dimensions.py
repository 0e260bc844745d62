"""What the rules found, by the qualities of the data that they serve (EUCAIM's requirements,
section 10): one line each, for the check, the report and the screen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import RuleGroup, group_findings
from transfer.quality.rule import Dimension
from transfer.quality.rules import RULES

MEANINGS: Final = {
    Dimension.COMPLETE: "Required values are there",
    Dimension.UNIQUE: "Nothing is there twice",
    Dimension.CONSISTENT: "Values agree within a row, between rows, files and times",
    Dimension.ACCURATE: "Values match reality",
    Dimension.INTEGRITY: "Nothing is lost or damaged",
    Dimension.VALID: "Values have the forms that are allowed",
    Dimension.PRIVATE: "Nothing that leaves tells who somebody is",
}

_STANDS_IN_THE_WAY: Final = ("block", "ask")


@dataclass(frozen=True, slots=True)
class DimensionLine:
    """One quality. `rules` serve it; `passed` of them found nothing that stands open, but notes.

    `findings` stand open, of which `blocking` stand in the way; persons `waived` or answered
    others. A rule that serves two qualities counts in both.
    """

    dimension: Dimension
    meaning: str
    rules: int
    passed: int
    findings: int
    blocking: int
    waived: int


def dimensions(ledger: Ledger) -> list[DimensionLine]:
    """The lines, in the order in which EUCAIM names them. Reads one row a rule, not a finding."""
    by_rule: dict[str, list[RuleGroup]] = defaultdict(list)
    for group in group_findings(ledger):
        by_rule[group.rule].append(group)
    return [_line(dimension, by_rule) for dimension in Dimension]


def _line(dimension: Dimension, by_rule: dict[str, list[RuleGroup]]) -> DimensionLine:
    serving = [r.id for r in RULES if dimension in (r.dimension, *r.serves_also)]
    groups = [group for rule in serving for group in by_rule.get(rule, [])]
    standing = [g for g in groups if g.standing == "open" and g.severity != "info"]
    return DimensionLine(
        dimension=dimension,
        meaning=MEANINGS[dimension],
        rules=len(serving),
        passed=len(set(serving) - {g.rule for g in standing}),
        findings=sum(g.findings for g in standing),
        blocking=sum(g.findings for g in standing if g.severity in _STANDS_IN_THE_WAY),
        waived=sum(g.findings for g in groups if g.standing in ("waived", "answered")),
    )
