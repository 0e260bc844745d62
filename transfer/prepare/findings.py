"""What a person has to know, or to decide, after everything was de-identified."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from transfer.deid.rewrite import Cause
from transfer.errors import StepBlocked
from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, replace_findings
from transfer.ledger.prepared import (
    COLLISION,
    INCONSISTENT,
    Stop,
    hits_by_patient,
    hold_patient,
    leave_out,
    merged_patients,
    stops,
)
from transfer.ledger.steps import set_step
from transfer.ledger.waivers import is_waived
from transfer.prepare.method import IDENTIFIER_RULE, OpenMethod
from transfer.sentences import listed
from transfer.values import StepState

SKIP_RULE: Final = "DEID-SKIP"
QUARANTINE_RULE: Final = "DEID-QUARANTINE"
NAMES_RULE: Final = "DEID-NAMES"
MERGED_RULE: Final = "DEID-MERGED"
_RULES: Final = (IDENTIFIER_RULE, SKIP_RULE, QUARANTINE_RULE, NAMES_RULE, MERGED_RULE)
_LEFT_OUT: Final = "deid-skipped"
_STOPS: Final = 10_000
_PLACES_NAMED: Final = 5
_BY: Final = "--by PERSON --reason TEXT"


def conclude(ledger: Ledger, method: OpenMethod) -> None:
    """Hold back the patients of whom an identifier was found, and say how the step ended.

    Raises:
        StepBlocked: nothing at all may leave.
    """
    if is_waived(ledger, SKIP_RULE):
        leave_out(ledger, Cause.SKIPPED, _LEFT_OUT)
    hits = hold_patients(ledger)
    findings = [_of_patient(patient, places) for patient, places in hits.items()]
    findings += _of_series(stops(ledger, _STOPS))
    findings += [_of_merged(*pair) for pair in merged_patients(ledger)]
    replace_findings(ledger, _RULES, findings)
    n = take_census(ledger).instances
    halted = ledger.number("SELECT sum(n) FROM tally WHERE state = 'failed'")
    what = f"{n.ready - halted} instances are de-identified by {method.title}."
    if not halted:
        set_step(ledger, "deidentify", StepState.DONE, what)
        return
    held = f"{halted} instances may not leave, each with its reason."
    set_step(ledger, "deidentify", StepState.BLOCKED, f"{what} {held}")
    if n.ready == halted:
        raise StepBlocked(
            f"None of the {n.ready} instances may leave.",
            "See why, and what can be done, with: eucaim-transfer check NAME",
        )


def hold_patients(ledger: Ledger) -> dict[int, list[str]]:
    """Hold back the patients of whom an identifier was found: all that waits and is not in an open
    request. Returns the places, by patient row."""
    hits = hits_by_patient(ledger, Cause.IDENTIFIER)
    with ledger.transaction():
        for patient, places in hits.items():
            hold_patient(ledger, patient, _held(places))
    return hits


def _held(places: list[str]) -> str:
    return (
        f"An original identifier of this patient was found in {listed(places, _PLACES_NAMED)};"
        " nothing more of the patient goes. See: eucaim-transfer check NAME"
    )


def _of_patient(patient: int, places: list[str]) -> Finding:
    return Finding(
        IDENTIFIER_RULE,
        "block",
        "patient",
        f"P{patient}",
        f"An original identifier was found in {listed(places, _PLACES_NAMED)} of what"
        " would leave. Nothing of this patient goes.",
        "Look at that element in the source. If what stands there tells nobody who it is, a named"
        f" person can answer for it: eucaim-transfer check NAME --waive {IDENTIFIER_RULE} --element"
        f" GGGG,EEEE {_BY} (without --element: for all that were found)",
    )


def _of_series(found: list[Stop]) -> list[Finding]:
    by_rule: dict[tuple[str, int], list[Stop]] = defaultdict(list)
    for stop in found:
        if rule := _RULE_OF.get(stop.cause):
            by_rule[rule, stop.series_row].append(stop)
    return [_of_stops(rule, series, stops) for (rule, series), stops in by_rule.items()]


def _of_stops(rule: str, series: int, stops: list[Stop]) -> Finding:
    n = sum(stop.instances for stop in stops)
    more = f" And {len(stops) - 1} other reasons." if len(stops) > 1 else ""
    severity, remedy = _SAID[rule]
    what = f"{n} instances of this series do not leave: {stops[0].reason}{more}"
    return Finding(rule, severity, "series", f"E{series}", what, remedy)


def _of_merged(patient: int, other: int) -> Finding:
    return Finding(
        MERGED_RULE,
        "warn",
        "patient",
        f"P{patient}",
        f"The method gives this patient the same pseudonym as patient P{other}.",
        "If they are two persons, stop here and correct the method: on the node they are one.",
    )


_RULE_OF: Final = {
    Cause.SKIPPED.value: SKIP_RULE,
    Cause.QUARANTINED.value: QUARANTINE_RULE,
    Cause.UNREADABLE.value: QUARANTINE_RULE,
    INCONSISTENT: NAMES_RULE,
    COLLISION: NAMES_RULE,
}
_SAID: Final = {
    SKIP_RULE: (
        "ask",
        "If they are not meant to go, leave them out:"
        f" eucaim-transfer check NAME --waive {SKIP_RULE} {_BY}; else correct the script.",
    ),
    QUARANTINE_RULE: (
        "block",
        "Correct the files at the source or the script, then run: eucaim-transfer check NAME",
    ),
    NAMES_RULE: ("block", "Correct the script, then make a new transfer with it."),
}
