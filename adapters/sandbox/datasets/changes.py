"""PATCH: one property at a time, each with its own rule and, for some, a line for the tracer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from adapters.sandbox.datasets import checks, words
from adapters.sandbox.datasets.answers import Refused
from adapters.sandbox.datasets.model import Dataset, Json
from adapters.sandbox.datasets.rights import User

_TAG: Final = re.compile(r"[A-Za-z0-9-]{1,20}")
_TRACED: Final = {"license": "LICENSE_UPDATED", "contactInfo": "CONTACT_INFORMATION_UPDATED"}
_FLAGS_TRACED: Final = {
    ("draft", False): "RELEASE",
    ("public", True): "PUBLISH",
    ("public", False): "UNPUBLISH",
    ("invalidated", True): "INVALIDATE",
    ("invalidated", False): "REACTIVATE",
}


class Surroundings:
    """What a change may need to know beside the dataset."""

    def __init__(
        self,
        dataset: Callable[[str], Dataset | None],
        user: Callable[[str], User | None],
        zenodo_token: Callable[[str], str],
        doi: Callable[[], str],
    ) -> None:
        self.dataset, self.user, self.zenodo_token, self.doi = dataset, user, zenodo_token, doi


def traced_as(name: str, value: Any) -> str | None:
    """What the tracer is told of a change; None for one that it is not told of."""
    return _TRACED.get(name) or (
        _FLAGS_TRACED.get((name, value)) if isinstance(value, bool) else None
    )


def apply(dataset: Dataset, name: str, value: Any, around: Surroundings) -> None:
    """Change `name`, which has been found to be editable.

    Raises:
        Refused: the value is none for it.
    """
    _CHANGES[name](dataset, value, around)


def _plain(attribute: str, least: int = 0, most: int | None = None) -> Any:
    def change(dataset: Dataset, value: Any, around: Surroundings) -> None:
        setattr(dataset, attribute, checks.text(value, "value", least, most))

    return change


def _type(dataset: Dataset, value: Any, around: Surroundings) -> None:
    dataset.type = checks.items(value, "value", checks.TYPES)


def _collection_method(dataset: Dataset, value: Any, around: Surroundings) -> None:
    dataset.collection_method = checks.items(value, "value", checks.METHODS)


def _license(dataset: Dataset, value: Any, around: Surroundings) -> None:
    dataset.license = checks.licence(value)


def _previous(dataset: Dataset, value: Any, around: Surroundings) -> None:
    if value is not None and around.dataset(value) is None:
        raise Refused(400, words.NO_SUCH_ID)
    dataset.previous_id = value


def _draft(dataset: Dataset, value: Any, around: Surroundings) -> None:
    dataset.draft = checks.boolean(value)


def _public(dataset: Dataset, value: Any, around: Surroundings) -> None:
    """Publishing takes a DOI, unless there is one from before or another identifier."""
    is_public = checks.boolean(value)
    if is_public and dataset.preferred_pid is None:
        _deposit(dataset, around)
    dataset.public = is_public
    dataset.public_use = dataset.public_use and is_public


def _deposit(dataset: Dataset, around: Surroundings) -> None:
    if not around.zenodo_token(dataset.project):
        raise Refused(500, words.NO_ZENODO)
    dataset.zenodo_doi = dataset.zenodo_doi or around.doi()
    dataset.preferred_pid = "zenodoDoi"


def _public_use(dataset: Dataset, value: Any, around: Surroundings) -> None:
    dataset.public_use = checks.boolean(value)


def _invalidated(dataset: Dataset, value: Any, around: Surroundings) -> None:
    dataset.invalidated = checks.boolean(value)
    dataset.invalidation_reason = None


def _tags(dataset: Dataset, value: Any, around: Surroundings) -> None:
    tags = checks.texts(value, "value")
    if not all(_TAG.fullmatch(tag) for tag in tags):
        raise Refused(400, words.BAD_CHARACTERS.format(name="value"))
    dataset.tags = tags


def _pids(dataset: Dataset, value: Any, around: Surroundings) -> None:
    if not isinstance(value, dict):
        raise Refused(400, words.NOT_OBJECT.format(name="pids"))
    preferred = value["preferred"]
    if preferred == "zenodoDoi":
        _deposit(dataset, around)
    elif preferred == "custom":
        urls: Json = value["urls"]
        dataset.custom_pid, dataset.preferred_pid = checks.text(urls["custom"], "value"), "custom"
    else:
        known = "zenodoDoi, custom"
        raise Refused(400, words.UNKNOWN_VALUE.format(value=preferred, name="value", known=known))


def _author(dataset: Dataset, value: Any, around: Surroundings) -> None:
    author = around.user(checks.text(value, "value"))
    if author is None:
        raise Refused(400, words.NOT_FOUND)
    dataset.author_id = author.id
    dataset.author_name, dataset.author_email = author.name, author.email


_CHANGES: Final = {
    "name": _plain("name", checks.NAME_LEAST, checks.NAME_MOST),
    "version": _plain("version", 0, checks.VERSION_MOST),
    "description": _plain("description"),
    "provenance": _plain("provenance"),
    "purpose": _plain("purpose"),
    "contactInfo": _plain("contact_info", 0, checks.CONTACT_MOST),
    "invalidationReason": _plain("invalidation_reason", 0, checks.REASON_MOST),
    "type": _type,
    "collectionMethod": _collection_method,
    "license": _license,
    "previousId": _previous,
    "draft": _draft,
    "public": _public,
    "publicUse": _public_use,
    "invalidated": _invalidated,
    "tags": _tags,
    "pids": _pids,
    "authorId": _author,
}
