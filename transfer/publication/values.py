"""A dataset on a node as the engine and the screens see it, whichever node it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from transfer.legal.gate import Action

Texts = Mapping[str, tuple[str, ...]]
"""Values of metadata by the key of their field; a field of one value has one text, or none."""


class Stage(StrEnum):
    """How far a dataset is. What only its maker sees is a draft; where a project is the dataset,
    a private project is one."""

    CREATING = "creating"
    FAILED = "failed"
    DRAFT = "draft"
    RELEASED = "released"
    PUBLISHED = "published"
    INVALIDATED = "invalidated"


class Act(StrEnum):
    """What the node lets this account do with a dataset now."""

    EDIT = "edit"
    SHOW = "show"
    INVALIDATE = "invalidate"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Field:
    """One piece of metadata, with its limits. Lengths are in characters; `most` is None where
    nothing limits it. `allowed` are the only values of a choice. `is_needed`: the dataset is not
    shown to anybody without it. `is_fixed_later`: it cannot be changed once others see it.
    `if_empty` is what is told where the node does not ask for it and it is missed all the same: a
    sentence on what follows."""

    key: str
    title: str
    kind: Literal["line", "text", "choice", "choices", "words"] = "line"
    help: str = ""
    least: int = 0
    most: int | None = None
    allowed: Sequence[str] = ()
    is_needed: bool = False
    is_fixed_later: bool = False
    is_editable: bool = True
    if_empty: str = ""
    value: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """What the node says of one dataset. `said` is its own last message on the creation job, text
    that is not ours; `reason` why it is invalid. Counts are None where it does not tell. `studies`
    and `subjects` are what it holds of the images. `pids` are persistent identifiers by their
    name (`doi`). `link` is the page for a person's own browser."""

    id: str
    name: str
    stage: Stage
    version: str = ""
    created_at_utc: str = ""
    said: str = ""
    studies: int | None = None
    subjects: int | None = None
    size_bytes: int | None = None
    fields: Sequence[Field] = ()
    may: frozenset[Act] = frozenset()
    visibility: str = ""
    pids: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    link: str = ""
    previous_id: str = ""


@dataclass(frozen=True, slots=True)
class HeldStudy:
    """A Study in a dataset, as the node lists it, with how many Series. `subject` is a name as
    `Publisher.subject_of` gives it."""

    subject: str
    name: str
    series: int | None = None


@dataclass(frozen=True, slots=True)
class NewDataset:
    """A dataset to be created from an index that a person has. `index` is the JSON file of the
    studies, `clinical` a JSON or CSV file of the subjects; without it they carry no data.
    `previous_id` names the dataset of which this is a new version."""

    metadata: Texts
    index: Path
    clinical: Path | None = None
    previous_id: str = ""
    form: Literal["json", "multipart"] = "multipart"


@dataclass(frozen=True, slots=True)
class Visibility:
    """A level of visibility that a person chooses. `gives_away` says in plain words what others
    can do from then on; `asks_twice`: it cannot be taken back from those who used it."""

    key: str
    title: str
    gives_away: str
    asks_twice: bool = False


@dataclass(frozen=True, slots=True)
class GuideLine:
    """One thing that a person does in the node's own pages. `value` is what to enter there, to the
    letter; `link` the page."""

    text: str
    value: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """What was verified on the node, for the guide and the comparison. `name` is the transfer's,
    `first_sent_utc` when the first instance was acknowledged, `dataset_name` the dataset's as its
    metadata say here, empty where they say none."""

    name: str
    destination: str
    patients: int
    studies: int
    series: int
    first_sent_utc: str = ""
    dataset_name: str = ""


@dataclass(frozen=True, slots=True)
class PublicationWay:
    """How step 10 goes on this node; asks nobody.

    `action` is what the gate has to clear before `show`. `is_born_elsewhere`: the dataset comes to
    be in the node's own pages (see `Publisher.guide`) or from an index; else the destination is
    the dataset and its id. `visibilities` are empty where the node leaves no choice, the first is
    the default. `fields` is the empty form. `waits_for` says who lets others in after `show`, with
    a word on how long; empty where `show` does. `lacking` is what the configuration does not say,
    each a sentence with its remedy; nothing can be done before.
    """

    action: Action
    is_born_elsewhere: bool
    visibilities: Sequence[Visibility] = ()
    fields: Sequence[Field] = ()
    waits_for: str = ""
    takes_index: bool = False
    lacking: Sequence[str] = ()
