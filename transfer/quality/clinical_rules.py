"""Which rules are the clinical step's (EUCAIM's requirements, sections 3 to 7, 11 and 12)."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import RuleGroup
from transfer.quality.in_the_way import rules_in_the_way

_FAMILIES: Final = ("AGE", "CLP", "CLN", "REL", "LNK", "TAB", "TPT")


def is_clinical(rule: str) -> bool:
    """Whether a rule is about clinical data, or about how images and table belong together."""
    return rule.partition("-")[0] in _FAMILIES or rule == "UNQ-01"


def clinical_in_the_way(ledger: Ledger) -> list[RuleGroup]:
    """Those of them whose open findings block or ask, worst first."""
    return [group for group in rules_in_the_way(ledger) if is_clinical(group.rule)]
