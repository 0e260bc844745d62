"""The rules over everything that the ledger knows: every finding, and whether it stands.

Each header is judged as it lies in the source and, where it was made already, as it leaves. What
leaves decides: a fault that de-identification or mending took away is kept as `mended`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

from transfer.clinical.derive import derive
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, replace_findings
from transfer.ledger.standing import stand_anew
from transfer.ledger.traits import TraitsGroup, traits_document, traits_groups
from transfer.quality.attributes import PIXELS_BLANKED, Traits
from transfer.quality.document import read_traits as read_traits
from transfer.quality.document import write_traits as write_traits
from transfer.quality.rule import (
    Circumstances,
    DeepRule,
    Found,
    HeaderRule,
    LedgerRule,
    Problem,
    Rule,
    Severity,
)
from transfer.quality.rules import RULES
from transfer.quality.wording import with_count

_KEPT_OPEN = 4096
_CIRCUMSTANCES = "circumstances"
_Judged = Callable[[int | None, int | None], tuple[tuple[HeaderRule, Problem], ...]]
"""By the rows of the traits: of a file, and of what leaves where that was made."""


def judge(ledger: Ledger, circumstances: Circumstances) -> None:
    """Run every rule and replace all findings of theirs, but what a deep look found. Blocking; may
    be repeated at any time."""
    derive(ledger)
    found = _standing(ledger, _all(ledger, circumstances), circumstances)
    replace_findings(ledger, [rule.id for rule in RULES if not isinstance(rule, DeepRule)], found)
    stand_anew(ledger)
    _record_circumstances(ledger, circumstances)


def _all(ledger: Ledger, circumstances: Circumstances) -> Iterator[tuple[Rule, Found, bool]]:
    """Rule, finding, and whether it was mended."""
    yield from _of_headers(ledger, circumstances)
    for rule in RULES:
        if isinstance(rule, LedgerRule | HeaderRule) and rule.look is not None:
            for found in rule.look(ledger, circumstances):
                yield rule, found, found.is_mended


def _of_headers(ledger: Ledger, circumstances: Circumstances) -> Iterator[tuple[Rule, Found, bool]]:
    judged = _judged(ledger, circumstances)
    for series, groups in groupby(traits_groups(ledger), key=lambda group: group.series):
        yield from _of_series(series, list(groups), judged)


def _of_series(
    series: int, groups: list[TraitsGroup], judged: _Judged
) -> Iterator[tuple[Rule, Found, bool]]:
    # An instance that a person left out says nothing about those that go.
    chosen = [g for g in groups if g.state != "excluded"] or groups
    counts: dict[tuple[str, bool, str, str], list[int]] = {}
    rules: dict[str, HeaderRule] = {}
    for group in chosen:
        before = judged(group.traits, None)
        now = before if group.out_traits is None else judged(group.traits, group.out_traits)
        still = {rule.id for rule, _ in now}
        for is_mended, problems in ((False, now), (True, before)):
            for rule, problem in problems:
                if is_mended and rule.id in still:
                    continue
                rules[rule.id] = rule
                key = (rule.id, is_mended, problem.severity.value, problem.message)
                count = counts.setdefault(key, [0, group.example])
                count[0] += group.n
    yield from _told(series, counts, rules)


def _told(
    series: int, counts: dict[tuple[str, bool, str, str], list[int]], rules: dict[str, HeaderRule]
) -> Iterator[tuple[Rule, Found, bool]]:
    """One finding a rule: the worst one that stands, with the count of all of them."""
    order = list(Severity)
    for rule_id, rule in rules.items():
        mine = [(key, count) for key, count in counts.items() if key[0] == rule_id]
        standing = [one for one in mine if not one[0][1]] or mine
        (_, is_mended, severity, message), (_, example) = min(
            standing, key=lambda one: order.index(Severity(one[0][2]))
        )
        n = sum(count[0] for _, count in standing)
        yield (
            rule,
            Found(
                f"E{series}",
                rule.level,
                Severity(severity),
                with_count(message, n),
                rule.remedy,
                n,
                f"I{example}",
            ),
            is_mended,
        )


def _judged(ledger: Ledger, circumstances: Circumstances) -> _Judged:
    header_rules = [rule for rule in RULES if isinstance(rule, HeaderRule)]
    leaving = replace(circumstances, is_leaving=True)

    @lru_cache(_KEPT_OPEN)
    def judged(row: int | None, out: int | None) -> tuple[tuple[HeaderRule, Problem], ...]:
        if row is None:
            return ()
        source = read_traits(traits_document(ledger, row))
        if out is None:
            found = ((rule, rule.judge(source, circumstances)) for rule in header_rules)
        else:
            made = read_traits(traits_document(ledger, out))
            found = ((rule, _of_leaving(rule, source, made, leaving)) for rule in header_rules)
        return tuple((rule, problem) for rule, problem in found if problem is not None)

    return judged


def _of_leaving(
    rule: HeaderRule, source: Traits, made: Traits, leaving: Circumstances
) -> Problem | None:
    if not rule.is_about_pixels:
        return rule.judge(made, leaving)
    if made[PIXELS_BLANKED]:
        return None
    return rule.judge(source, leaving) or rule.judge(made, leaving)


def _standing(
    ledger: Ledger,
    found: Iterator[tuple[Rule, Found, bool]],
    circumstances: Circumstances,
) -> Iterator[Finding]:
    said = {
        (rule, key): of
        for rule, key, *of in ledger.rows("SELECT rule, key, standing, severity, n FROM settled")
    }
    for rule, one, is_mended in found:
        severity = in_force(rule, one.severity, circumstances)
        standing = "mended" if is_mended else _settled(said.get((rule.id, one.key)), severity, one)
        yield Finding(
            rule.id,
            severity.value,
            one.level.value,
            one.key,
            one.message,
            one.remedy or rule.remedy,
            one.n,
            one.example,
            standing,
        )


def _settled(word: list[Any] | None, severity: Severity, found: Found) -> str:
    """How a person's word settles a finding: not at all where that has grown since."""
    if word is None:
        return "open"
    standing, was, n = word
    order = list(Severity)
    has_grown = found.n > n or order.index(severity) < order.index(Severity(was))
    return "open" if has_grown else str(standing)


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
    kept = {k: v for k, v in asdict(circumstances).items() if k not in ("today", "is_leaving")}
    with ledger.transaction():
        ledger.write(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)", _CIRCUMSTANCES, json.dumps(kept)
        )
