"""What the rules of the clinical step found, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import RuleGroup, group_findings, read_findings
from transfer.quality.clinical_rules import is_clinical
from transfer.runner.clinical_gate import LAST_LOOK
from tui.cli.told import rule_told
from tui.figures import count

_MOST: Final = 10_000
_ASKS: Final = ("block", "ask")


def _groups(ledger: Ledger) -> list[RuleGroup]:
    return [
        group
        for group in group_findings(ledger)
        if group.standing == "open" and (is_clinical(group.rule) or group.rule == LAST_LOOK)
    ]


def findings_lines(ledger: Ledger, transfer: str) -> Iterator[str]:
    """By rule, the worst first, with what to do."""
    groups = _groups(ledger)
    for group in groups:
        yield from rule_told(ledger, group, transfer, identifiers=False)
    asks = sum(group.severity in _ASKS for group in groups)
    if asks:
        yield f"{count(asks, 'rule')} {'stands' if asks == 1 else 'stand'} in the way."
        yield f"All of it as a file: eucaim-transfer clinical {transfer} --errors FILE.csv"
    else:
        yield "Nothing stands in the way."


def findings_document(ledger: Ledger, transfer: str) -> dict[str, Any]:
    """The `clinical --check --json` document."""
    groups = _groups(ledger)
    counts = dict.fromkeys(("block", "ask", "warn", "info"), 0)
    found = []
    for group in groups:
        counts[group.severity] += group.findings
        for finding in read_findings(ledger, _MOST, rule=group.rule, severity=group.severity):
            remedy = finding.remedy.replace("NAME", transfer)
            found.append({**asdict(finding), "remedy": remedy})
    return {"transfer": transfer, "findings": found[:_MOST], "counts": counts}
