"""Datasets and projects as the service shows them to somebody."""

from __future__ import annotations

from adapters.sandbox.datasets import facts, rights
from adapters.sandbox.datasets.clock import as_written
from adapters.sandbox.datasets.model import Dataset, Json, Project
from adapters.sandbox.datasets.rights import User


def details(dataset: Dataset, user: User | None) -> Json:
    """The details; without the author's name and address for those outside the project."""
    author = {"authorName": dataset.author_name, "authorEmail": dataset.author_email}
    shown: Json = {
        "id": dataset.id,
        "name": dataset.name,
        "version": dataset.version,
        "project": dataset.project,
        "subproject": dataset.subproject,
        "previousId": dataset.previous_id,
        "nextId": dataset.next_id,
        "authorId": dataset.author_id,
        **(author if rights.belongs(user, dataset) else {}),
        "creationDate": as_written(dataset.created_at),
        "description": dataset.description,
        "tags": dataset.tags,
        "provenance": dataset.provenance,
        "purpose": dataset.purpose,
        "type": dataset.type,
        "collectionMethod": dataset.collection_method,
        "license": dataset.license,
        "contactInfo": dataset.contact_info,
        "pids": {
            "preferred": dataset.preferred_pid,
            "urls": {"zenodoDoi": dataset.zenodo_doi, "custom": dataset.custom_pid},
        },
        **_flags(dataset),
        "lastIntegrityCheck": None
        if dataset.checked_at is None
        else as_written(dataset.checked_at),
        **_counts(dataset),
        **(dataset.facts or facts.empty()),
        "timesUsed": 0,
    }
    if dataset.invalidated:
        shown["invalidationReason"] = dataset.invalidation_reason
    if dataset.draft:
        shown["creating"] = dataset.is_creating
    return shown | {
        "external": False,
        "editablePropertiesByTheUser": rights.editable(user, dataset),
        "allowedActionsForTheUser": rights.actions(user, dataset),
    }


def item(dataset: Dataset, user: User | None) -> Json:
    """A dataset in a list."""
    author = {"authorName": dataset.author_name} if rights.belongs(user, dataset) else {}
    return {
        "id": dataset.id,
        "name": dataset.name,
        "version": dataset.version,
        **author,
        "creationDate": as_written(dataset.created_at),
        "project": dataset.project,
        **_flags(dataset),
        "tags": dataset.tags,
        **_counts(dataset),
        "timesUsed": 0,
    }


def studies(dataset: Dataset) -> list[Json]:
    """The studies of a dataset. Their paths are not told."""
    return [
        {
            "studyId": study.id,
            "studyName": study.name,
            "subjectName": study.subject,
            "series": study.series,
            "url": study.url,
            "sizeInBytes": study.size_bytes,
        }
        for study in dataset.studies
    ]


def collection(dataset: Dataset) -> Json:
    """A dataset for EUCAIM's federated search."""
    return {
        "id": dataset.id,
        "name": dataset.name,
        "studies_count": len(dataset.studies),
        "subjects_count": len(dataset.subjects),
        "age_range": {"min": dataset.facts["ageLow"], "max": dataset.facts["ageHigh"]},
        "gender": dataset.facts["sex"],
        "modality": dataset.facts["modality"],
        "body_parts": dataset.facts["bodyPart"],
        "description": dataset.description,
    }


def project(shown: Project, user: User | None) -> Json:
    """A project; what its administrators and the node's staff may do more is a guess."""
    editable, actions = [], []
    if user is not None and user.administers(shown.code):
        editable = ["name", "shortDescription", "externalUrl", "logoUrl"]
        actions = ["config"]
    if user is not None:
        actions.append("viewSubprojects")
        actions += ["delete"] if user.may_make_projects else []
    return {
        "code": shown.code,
        "name": shown.name,
        "shortDescription": shown.short_description,
        "externalUrl": shown.external_url,
        "logoUrl": shown.logo_url,
        "editablePropertiesByTheUser": editable,
        "allowedActionsForTheUser": actions,
    }


def _flags(dataset: Dataset) -> Json:
    return {
        "draft": dataset.draft,
        "public": dataset.public,
        "publicUse": dataset.public_use,
        "invalidated": dataset.invalidated,
        "corrupted": False,
    }


def _counts(dataset: Dataset) -> Json:
    return {"studiesCount": len(dataset.studies), "subjectsCount": len(dataset.subjects)}
