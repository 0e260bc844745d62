"""Every fault of the clinical tables, however many there are: the content of the error report.

The ledger names the first thousand rows of a rule and counts the rest; whoever mends a table wants
them all (EUCAIM's requirements, TAB-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, Standing
from transfer.quality.clinical_rules import is_clinical
from transfer.quality.judging import as_findings
from transfer.quality.rule import Circumstances, Found, LedgerRule, Rule
from transfer.quality.rules import RULES
from transfer.quality.rules.rowed import RowRule, of_rows

_RANK: Final = ("block", "ask", "warn", "info")


def table_errors(ledger: Ledger, circumstances: Circumstances) -> Iterator[Finding]:
    """One finding a rule and row, each with the standing that persons gave it. The same tables and
    words give the same order: whole tables and patients first, then row by row of each patient.

    What is derived of the tables has to be current, as `transfer.quality.judging.judge` leaves it.
    """
    now = replace(circumstances, names_all=True)
    said = _words(ledger)
    for finding in as_findings(_found(ledger, now), now):
        yield replace(finding, standing=_standing(finding, said))


def _found(ledger: Ledger, now: Circumstances) -> Iterator[tuple[Rule, Found]]:
    rules = [rule for rule in RULES if is_clinical(rule.id)]
    for rule in rules:
        if isinstance(rule, LedgerRule | RowRule) and rule.look is not None:
            yield from ((rule, found) for found in rule.look(ledger, now))
    yield from of_rows(ledger, [rule for rule in rules if isinstance(rule, RowRule)], now)


def _words(ledger: Ledger) -> dict[tuple[str, str], tuple[Standing, str, int]]:
    rows = ledger.rows("SELECT rule, key, standing, severity, n FROM settled")
    return {
        (rule, key): (standing, severity, n)
        for rule, key, standing, severity, n in rows
        if is_clinical(rule)
    }


def _standing(finding: Finding, said: dict[tuple[str, str], tuple[Standing, str, int]]) -> Standing:
    """As `transfer.ledger.standing` decides it for what the ledger keeps."""
    word = said.get((finding.rule, finding.key))
    if word is None:
        return "open"
    standing, severity, n = word
    is_covered = finding.n <= n and _RANK.index(finding.severity) >= _RANK.index(severity)
    return standing if is_covered else "open"
