"""Findings for people: by rule, the worst first, with examples and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, RuleGroup, group_findings, read_findings
from transfer.ledger.originals import counterpart_of, originals_of
from transfer.ledger.set_aside import SetAside, set_aside
from transfer.quality.answers import SELECTABLE, choices_told, is_waivable
from transfer.quality.dimensions import DimensionLine, dimensions
from transfer.quality.rules import BY_ID
from tui.figures import count

_EXAMPLES = 3
_ASKS = ("block", "ask")
_BODY_PART_RULE = "IMG-03"
_FIT_RULE = "LNK-01"


def findings_told(
    ledger: Ledger, transfer: str, *, is_blocked: bool, identifiers: bool = False
) -> Iterator[str]:
    """Every line of what a check found. `is_blocked`: the check itself was stopped. With
    `identifiers` what the hospital calls it stands below each."""
    groups = [group for group in group_findings(ledger) if group.standing == "open"]
    for group in groups:
        yield from rule_told(ledger, group, transfer, identifiers=identifiers)
    yield "qualities of the data"
    yield from (_quality_told(line) for line in dimensions(ledger))
    aside = set_aside(ledger)
    if aside:
        yield "set aside"
        yield from (_aside_told(one) for one in aside)
    asks = sum(group.severity in _ASKS for group in groups)
    if asks:
        stand = "stands" if asks == 1 else "stand"
        yield f"{count(asks, 'rule')} {stand} in the way; above is what each found, and what to do."
        yield f"All findings as files: eucaim-transfer check {transfer} --out DIR"
    elif not is_blocked:
        yield "Nothing stands in the way."


def rule_told(
    ledger: Ledger, group: RuleGroup, transfer: str, *, identifiers: bool
) -> Iterator[str]:
    """What one rule found: its first findings, what to do, and which words it takes."""
    rule = BY_ID.get(group.rule)
    title = f" {rule.title}:" if rule else ""
    yield f"{group.severity:<5}  {group.rule}{title} {count(group.findings, 'finding')}"
    shown = read_findings(ledger, _EXAMPLES, rule=group.rule, severity=group.severity)
    for finding in shown:
        yield f"       {finding.key}: {finding.message}"
        if identifiers:
            yield from _originals_told(ledger, finding)
    if group.findings > len(shown):
        yield f"       and {group.findings - len(shown):,} more"
    for remedy, _ in groupby(finding.remedy for finding in shown):
        yield f"       what to do: {remedy.replace('NAME', transfer)}"
    if group.severity in _ASKS:
        yield from _words_told(group.rule, transfer)
        yield from _acts_told(group.rule, [finding.key for finding in shown], transfer)


def _originals_told(ledger: Ledger, finding: Finding) -> Iterator[str]:
    found = originals_of(ledger, finding.key)
    own = [text for text in (found["patient_id"], found["file"] or found["study_uid"]) if text]
    if own:
        yield f"         {finding.key} is {', '.join(own)}"
    if other := counterpart_of(ledger, finding.key, finding.example):
        yield f"         {finding.example} is {other}"


def _acts_told(rule_id: str, keys: Sequence[str], transfer: str) -> Iterator[str]:
    """What can be done about them here, as it is typed."""
    if rule_id == _BODY_PART_RULE:
        series = next((key for key in keys if key.startswith("E")), "")
        if series:
            yield (
                f"       mend it with: eucaim-transfer mend {transfer} --series {series}"
                " --body-part TERM --by PERSON"
            )
    rows = [key for key in keys if key.startswith("R")]
    if rule_id == _FIT_RULE and rows:
        yield (
            f"       keep back with: eucaim-transfer clinical {transfer} --keep-back"
            f" {' '.join(rows)} --by PERSON --reason TEXT"
        )
    if any(key[:1] in SELECTABLE and key[1:].isdecimal() for key in keys):
        yield (
            f"       leave out with: eucaim-transfer select {transfer} --exclude-finding {rule_id}"
            " --by PERSON --reason TEXT"
        )


def _words_told(rule_id: str, transfer: str) -> Iterator[str]:
    """What a person can say about findings of a rule of the registry."""
    rule = BY_ID.get(rule_id)
    if rule is None:
        return
    said = f"eucaim-transfer check {transfer}"
    if rule.choices or rule.accepts is not None:
        yield f"       answers: {choices_told(rule)}"
        yield f"       give one with: {said} --answer {rule_id}=WORD --by PERSON"
    if is_waivable(rule_id):
        yield f"       set it aside with: {said} --waive {rule_id} --by PERSON --reason TEXT"


def _quality_told(line: DimensionLine) -> str:
    left = f", {count(line.findings, 'finding')}" if line.findings else ""
    waived = f", {line.waived:,} set aside by persons" if line.waived else ""
    return f"       {line.dimension}: {line.passed} of {line.rules} rules passed{left}{waived}"


def _aside_told(one: SetAside) -> str:
    who = f" by {one.person}" if one.person else ""
    what = f" ({one.value})" if one.value not in ("", "waived") else ""
    why = f": {one.reason}" if one.reason else ""
    return f"       {one.rule} {one.standing}{what}{who}, {count(one.findings, 'finding')}{why}"
