"""What the legal record consists of: three declarations, and the papers of the checklist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from transfer.legal.papers import BY_KEY


class Declaration(StrEnum):
    """What has to be declared or signed before anything is published (LEG-01, LEG-02)."""

    CLEARANCE = "clearance"
    INSTITUTION = "dta-institution"
    EUCAIM = "dta-eucaim"


class State(StrEnum):
    """How far an entry is. `WITHDRAWN`: a person took it back; it counts as missing."""

    THERE = "there"
    NOT_APPLICABLE = "not-applicable"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LegalEntry:
    """What was recorded of one thing, as whoever entered it wrote it: untrusted text.

    `what` is a declaration or the key of a paper. `person` declared or signed it on `day` (ISO
    8601); `sha256` is that of the document, in lower case. `is_digested_here`: this program read
    the document, the digest was not just given. Anything may be empty: what then lacks is a gap.
    `is_sandbox`: it counts on stand-in nodes alone.
    """

    what: str
    state: State
    person: str = ""
    day: str = ""
    sha256: str = ""
    is_digested_here: bool = False
    ticket: str = ""
    reason: str = ""
    entered_by: str = ""
    is_sandbox: bool = False
    recorded_at_utc: str = ""

    @property
    def is_there(self) -> bool:
        return self.state is State.THERE


Entries: TypeAlias = Mapping[str, LegalEntry]
"""The newest entry on each thing."""

TITLES: Final[Mapping[str, str]] = {
    Declaration.CLEARANCE: "Clearance by EUCAIM's legal team",
    Declaration.INSTITUTION: "DTA signature of the institution's legal representative",
    Declaration.EUCAIM: "DTA signature of EUCAIM's Scientific Director",
    **{key: paper.title for key, paper in BY_KEY.items()},
}
"""Everything that an entry can be about, in the order in which it is shown."""
