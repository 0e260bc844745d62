"""What stands in the way of an upload at this moment, by the findings as they stand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import RuleGroup, group_findings

IN_THE_WAY: Final = "Findings stand in the way: "
"""How every message begins that is true for as long as they stand, and no longer."""

CLINICAL_IN_THE_WAY: Final = "Findings on the clinical data stand in the way: "
"""The same, where only the rules of the clinical step count."""

MENDED_BY_PROFILES: Final = frozenset(("IMG-07", "DID-02", "DID-04"))
"""What the built-in profiles put right: file meta information, marks, private groups."""

_SEVERITIES: Final = ("block", "ask")
_TABLE_ALONE: Final = ("CLP-", "CLN-")
_RULES_NAMED: Final = 5


def rules_in_the_way(ledger: Ledger, *, passing_over: Collection[str] = ()) -> list[RuleGroup]:
    """The registry's rules whose open findings block or ask, worst first, some rules aside."""
    standing = [
        group
        for group in group_findings(ledger)
        if group.standing == "open"
        and group.severity in _SEVERITIES
        and group.rule not in passing_over
    ]
    if not standing:
        # All rules together take longer to import than a status does to read.
        return []
    from transfer.quality.rules import BY_ID

    return [group for group in standing if group.rule in BY_ID]


def images_in_the_way(ledger: Ledger, *, passing_over: Collection[str] = ()) -> list[RuleGroup]:
    """Those that stop the images: all but the minimum sets of clinical attributes, which are about
    the table alone and stop step 9."""
    standing = rules_in_the_way(ledger, passing_over=passing_over)
    return [group for group in standing if stops_images(group.rule)]


def stops_images(rule: str) -> bool:
    """Whether an open finding of this rule keeps the images back."""
    return not rule.startswith(_TABLE_ALONE)


def in_the_way_told(standing: list[RuleGroup], begins: str = IN_THE_WAY) -> tuple[str, str]:
    """What stands in the way and what to do about it, for people."""
    named = ", ".join(f"{g.rule} ({g.findings:,})" for g in standing[:_RULES_NAMED])
    rest = len(standing) - _RULES_NAMED
    return (
        f"{begins}{named}{f' and {rest} more' if rest > 0 else ''}.",
        "See each one, and what to do about it, with: eucaim-transfer check NAME",
    )


def count_in_the_way(ledger: Ledger) -> int:
    """How many lines of the list of findings have something for which no image is sent, or not
    all; what the engine finds beside the registry's rules counts as well."""
    return sum(
        group.standing == "open" and group.severity in _SEVERITIES and stops_images(group.rule)
        for group in group_findings(ledger)
    )
