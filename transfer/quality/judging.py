"""The rules over everything that the ledger knows: every finding, and whether it stands.

Each header is judged as it lies in the source and, where it was made already, as it leaves. What
leaves decides: a fault that de-identification or mending took away is kept as `mended`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from transfer.clinical.derive import derive
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, replace_findings
from transfer.ledger.gone import anything_has_gone, has_gone
from transfer.ledger.said import keep_said
from transfer.ledger.standing import stand_anew
from transfer.quality.cells import write_cells
from transfer.quality.document import read_traits as read_traits
from transfer.quality.document import write_traits as write_traits
from transfer.quality.headers import Remembered, of_headers
from transfer.quality.rule import (
    Circumstances,
    DeepRule,
    Found,
    HeaderRule,
    LedgerRule,
    Rule,
    Severity,
)
from transfer.quality.rules import RULES
from transfer.quality.rules.rowed import RowRule, of_rows

_CIRCUMSTANCES = "circumstances"
_OF_THE_TABLE = frozenset(("LNK-01", "REL-01", "REL-03", "REL-05"))
"""About patients and studies, but mended in the table, which goes after the images."""
_OF_THE_MOMENT = ("today", "is_leaving", "names_all")


def judge(
    ledger: Ledger, circumstances: Circumstances, remembered: Remembered | None = None
) -> None:
    """Run every rule and replace all findings of theirs, but what a deep look found. Blocking; may
    be repeated at any time, at less cost where answers are `remembered`."""
    keep_said(ledger)
    derive(ledger)
    found = as_findings(_all(ledger, circumstances, remembered), circumstances)
    if anything_has_gone(ledger):
        found = (_of_what_is_left(ledger, one) for one in found)
    replace_findings(ledger, [rule.id for rule in RULES if not isinstance(rule, DeepRule)], found)
    _record_circumstances(ledger, circumstances)


def _all(
    ledger: Ledger, circumstances: Circumstances, remembered: Remembered | None
) -> Iterator[tuple[Rule, Found]]:
    header_rules = [rule for rule in RULES if isinstance(rule, HeaderRule)]
    yield from of_headers(ledger, header_rules, circumstances, remembered)
    for rule in RULES:
        if isinstance(rule, LedgerRule | HeaderRule | RowRule) and rule.look is not None:
            for found in rule.look(ledger, circumstances):
                yield rule, found
    yield from of_rows(ledger, [r for r in RULES if isinstance(r, RowRule)], circumstances)


def as_findings(
    found: Iterator[tuple[Rule, Found]], circumstances: Circumstances
) -> Iterator[Finding]:
    """What rules found as it is kept, with the weight that it has at this node."""
    for rule, one in found:
        yield Finding(
            rule.id,
            in_force(rule, one.severity, circumstances).value,
            one.level.value,
            one.key,
            one.message,
            one.remedy or rule.remedy,
            one.n,
            one.example,
            "mended" if one.is_mended else "open",
            write_cells(one.cells),
        )


def _of_what_is_left(ledger: Ledger, found: Finding) -> Finding:
    """What went by earlier rules is told, and stops nothing of what is left."""
    is_heavy = found.severity in (Severity.BLOCK.value, Severity.ASK.value)
    if is_heavy and found.rule not in _OF_THE_TABLE and has_gone(ledger, found.key):
        return replace(found, severity=Severity.WARN.value)
    return found


def in_force(rule: Rule, severity: Severity, circumstances: Circumstances) -> Severity:
    """How heavy a finding is at this node: where the gate is `integrity`, EUCAIM's own rules are
    told and stop nothing."""
    if circumstances.gate == "eucaim" or rule.blocks_everywhere:
        return severity
    return {Severity.BLOCK: Severity.WARN, Severity.ASK: Severity.INFO}.get(severity, severity)


def rejudge(ledger: Ledger) -> bool:
    """Judge again as it was judged last, after a person chose or answered; whether it was before.
    Blocking."""
    found = ledger.row("SELECT value FROM setting WHERE name = ?", _CIRCUMSTANCES)
    if found is None:
        stand_anew(ledger)
        return False
    today = dt.datetime.now().astimezone().date()
    judge(ledger, Circumstances(today=today, **json.loads(found[0])))
    return True


def _record_circumstances(ledger: Ledger, circumstances: Circumstances) -> None:
    kept = {k: v for k, v in asdict(circumstances).items() if k not in _OF_THE_MOMENT}
    with ledger.transaction():
        ledger.write(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)", _CIRCUMSTANCES, json.dumps(kept)
        )
