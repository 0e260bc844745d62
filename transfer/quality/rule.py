"""One rule: what it says, how heavy it is, what to do about it. Adding one touches its own file.

Source: EUCAIM's transfer requirements, which give each rule its number and its severity.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from transfer.deid.methods import PROFILES
from transfer.ledger.connection import Ledger
from transfer.quality.attributes import Attribute, Traits
from transfer.quality.cells import Cell

Gate = Literal["eucaim", "integrity"]


class Severity(StrEnum):
    """What a finding means for the step. An open question stands in the way as a block does."""

    BLOCK = "block"
    ASK = "ask"
    WARN = "warn"
    INFO = "info"


class Level(StrEnum):
    """What a finding is about."""

    INSTANCE = "instance"
    SERIES = "series"
    STUDY = "study"
    PATIENT = "patient"
    TABLE = "table"
    DATASET = "dataset"


class Dimension(StrEnum):
    """Which quality of the data a rule serves (EUCAIM's requirements, section 10)."""

    COMPLETE = "complete"
    UNIQUE = "unique"
    CONSISTENT = "consistent"
    ACCURATE = "accurate"
    INTEGRITY = "integrity"
    VALID = "valid"
    PRIVATE = "de-identified"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a rule may have to know besides the data.

    `is_leaving`: what is judged is what is about to leave, not the source. `method` is the name
    of what de-identifies, empty where files go as they are; `blanks_pixels` whether pixel rules
    are in force. `names_all`: each faulty row of a table gets a finding, however many there are.
    """

    today: dt.date
    gate: Gate = "eucaim"
    is_leaving: bool = False
    method: str = ""
    blanks_pixels: bool = False
    requires_deidentified: bool = True
    takes_unknown_classes: bool = False
    names_all: bool = False

    @property
    def is_by_profile(self) -> bool:
        """Whether a profile of ours de-identifies; pixel rules may stand beside it."""
        return self.method.partition(" ")[0] in PROFILES


@dataclass(frozen=True, slots=True)
class Problem:
    """What a header rule says of one header; `{n}` in the message becomes the count."""

    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, before it is known whether it stands.

    `key` is a row key (P, S, E, I, F; R for a row of the clinical table) or `all`; `n` counts the
    things concerned, `example` is the key of one. Message and remedy hold no original identifier.
    `is_mended`: what leaves has the fault no longer. `cells` of a clinical table are what it is
    about.
    """

    key: str
    level: Level
    severity: Severity
    message: str
    remedy: str = ""
    n: int = 1
    example: str = ""
    is_mended: bool = False
    cells: tuple[Cell, ...] = ()


Look = Callable[[Ledger, Circumstances], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that can be given to a question. `word` is stable; `text` is for people."""

    word: str
    text: str
    needs_reason: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all rules have. `reads` is what the scan has to keep of headers for it.

    `severities` are those that its findings can have where the gate is EUCAIM's, the worst first.
    `choices` belong to questions; `accepts` to those that are answered in one's own words, and
    `asks_for` says which. A rule that `is_waivable` is set aside by a named person with a reason.
    `serves_also`: further qualities of the data. `blocks_everywhere`: by the gate `integrity` too.
    """

    id: str
    title: str
    dimension: Dimension
    remedy: str
    severities: tuple[Severity, ...] = (Severity.BLOCK,)
    is_waivable: bool = False
    choices: tuple[Choice, ...] = ()
    accepts: Callable[[str], bool] | None = None
    asks_for: str = ""
    serves_also: tuple[Dimension, ...] = ()
    reads: tuple[Attribute, ...] = ()

    @property
    def blocks_everywhere(self) -> bool:
        """Whether the gate `integrity` stops at it as well."""
        return self.id in ("IMG-07", "IMG-10") or self.id.startswith("UNQ-")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRule(Rule):
    """Judges one header at a time; its findings are put together by Series.

    `is_about_pixels`: no change of a header takes the fault away, so that the header of the source
    counts for what leaves as well, until its pixels are blanked. `look` finds the same fault in
    files that never became instances; its keys are those of files.
    """

    level: Level = Level.SERIES
    judge: Callable[[Traits, Circumstances], Problem | None]
    is_about_pixels: bool = False
    look: Look | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRule(Rule):
    """Looks at what the ledger holds as a whole: files, studies, patients, table rows.

    `on_source_only`: what leaves cannot be otherwise than the source in this respect.
    """

    look: Look
    on_source_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepRule(Rule):
    """Its findings come of a look that a person asks for; they are kept until the next one."""
