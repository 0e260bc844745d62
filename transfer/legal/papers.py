"""The papers that a data transfer asks for. Source: EUCAIM's transfer rules, section 13.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of the checklist. `may_not_apply`: a reason can stand in its place."""

    key: str
    title: str
    may_not_apply: bool = True


PAPERS: Final = (
    Paper("application-form", "Application form"),
    Paper("tier-questionnaire", "Tier questionnaire"),
    Paper("data-warehouse-questionnaire", "Data-warehouse questionnaire (clinical sites)"),
    Paper("ethical-training", "Ethical training"),
    Paper("legal-representation", "Proof of legal representation and legal basis"),
    Paper("ethics-approval", "Ethics approval, if it applies"),
    Paper("dpo-report", "Data protection officer's report of compliance"),
    Paper("security-compliance", "Security compliance"),
    Paper("gdpr-compliance", "GDPR compliance"),
    Paper("dpia", "Data protection impact assessment, if it applies"),
    Paper("national-law", "Papers under national law"),
    Paper("deidentification-evidence", "Evidence of anonymisation or pseudonymisation"),
    Paper("terms-of-use", "Terms of use and restrictions (commercial use, IP, consent)"),
    # Its signatures are what LEG-02 asks for.
    Paper("dta", "Data transfer agreement with its annexes", may_not_apply=False),
)
BY_KEY: Final[Mapping[str, Paper]] = {paper.key: paper for paper in PAPERS}
