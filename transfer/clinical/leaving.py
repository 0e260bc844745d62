"""Clinical data as they leave: what the engine hands to a node, and what the node says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transfer.leaving import OutgoingFile
    from transfer.node import Objection


@dataclass(frozen=True, slots=True)
class ClinicalField:
    """A column as it leaves: `role` is a code of `transfer.clinical.columns.Role`, empty where it
    has none; `form` one of `transfer.clinical.attributes.Form`."""

    heading: str
    role: str = ""
    form: str = "text"


@dataclass(frozen=True, slots=True)
class SubjectTable:
    """What one table says of one subject, as it leaves; each row has a cell for each field."""

    name: str
    fields: Sequence[ClinicalField]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class ClinicalSubject:
    """All clinical data of one subject as they leave, by the pseudonym of the images."""

    pseudonym: str
    tables: Sequence[SubjectTable]


@dataclass(frozen=True, slots=True)
class ClinicalDocument:
    """A subject's data in the node's form: the same data always give the same bytes. `name` is
    that of the file, safe for any file system and address."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ClinicalWay:
    """How a node takes clinical data: subject by subject, as whole files, or both.

    `by_hand` says where a person uploads the checked files instead, when neither is known; empty
    else. `reads_back`: it gives back what it took. `objections` are what is missing in the
    configuration, or on the node; those that block stop the step before anything is sent.
    """

    by_subject: bool = False
    by_file: bool = False
    by_hand: str = ""
    reads_back: bool = True
    max_concurrency: int = 4
    objections: Sequence[Objection] = ()


@dataclass(frozen=True, slots=True)
class ClinicalItem:
    """One thing that goes and is answered for by itself: a subject's document, or a whole file.

    `subject` is the pseudonym, empty for a file of the project. `format` and `content` are what
    standard tools file it under (CSV, JSON; clinical, studies, timepoints).
    """

    file: OutgoingFile
    subject: str = ""
    media_type: str = "application/octet-stream"
    format: str = "CSV"
    content: str = "clinical"


class Held(StrEnum):
    """What the node holds where an item goes. `UNTOLD`: it does not say."""

    NOTHING = "nothing"
    SAME = "same"
    OTHER = "other"
    UNTOLD = "untold"


class ClinicalVerdict(StrEnum):
    """What became of an item. `DIFFERS`: other data lie there, and nothing was written."""

    STORED = "stored"
    DIFFERS = "differs"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ClinicalOutcome:
    """The node's word on one clinical item; `reason` is plain text for an operator."""

    verdict: ClinicalVerdict
    reason: str = ""
