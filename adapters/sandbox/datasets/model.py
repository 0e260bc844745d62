"""What the dataset-service keeps: projects with their subprojects, datasets with their studies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

Json = dict[str, Any]


@dataclass(slots=True)
class Subproject:
    """A collection within a project; `external_id` is QP-Insights' id of it."""

    code: str
    name: str
    description: str = ""
    external_id: str = ""


@dataclass(slots=True)
class Project:
    code: str
    name: str
    short_description: str = ""
    external_url: str = ""
    logo_url: str = ""
    config: Json = field(default_factory=dict)
    subprojects: list[Subproject] = field(default_factory=list)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**{**kept, "subprojects": [Subproject(**sub) for sub in kept["subprojects"]]})


@dataclass(slots=True)
class Study:
    """A study in a dataset; `series` holds `folderName` and `tags` of each."""

    id: str
    name: str
    subject: str
    path: str
    url: str
    series: list[Json]
    size_bytes: int


@dataclass(slots=True)
class Job:
    """A creation under way or ended in error; a finished one leaves none.

    `fails_at` is the number of the message at which it is to end in error, if it is told to.
    """

    begun_at: float
    is_held: bool = False
    fails_at: int | None = None
    error: str | None = None


@dataclass(slots=True)
class Dataset:
    """One dataset. `facts` are what the job collected from images and clinical data."""

    id: str
    name: str
    description: str
    project: str
    author_id: str
    author_name: str
    author_email: str
    created_at: float
    asked: Json
    """`studies` and `subjects` of the creation, as they came in."""
    version: str = "??"
    provenance: str = "??"
    purpose: str = "??"
    subproject: str | None = None
    previous_id: str | None = None
    next_id: str | None = None
    type: list[str] = field(default_factory=list)
    collection_method: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    license: dict[str, str] = field(default_factory=lambda: {"title": "", "url": ""})
    contact_info: str = ""
    preferred_pid: str | None = None
    zenodo_doi: str | None = None
    custom_pid: str | None = None
    draft: bool = True
    public: bool = False
    public_use: bool = False
    invalidated: bool = False
    invalidation_reason: str | None = None
    checked_at: float | None = None
    studies: list[Study] = field(default_factory=list)
    facts: Json = field(default_factory=dict)
    job: Job | None = None

    @property
    def is_creating(self) -> bool:
        """The job runs still, or ended in error."""
        return self.job is not None

    @property
    def subjects(self) -> set[str]:
        return {study.subject for study in self.studies}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Self:
        studies = [Study(**study) for study in kept["studies"]]
        job = None if kept["job"] is None else Job(**kept["job"])
        return cls(**{**kept, "studies": studies, "job": job})
