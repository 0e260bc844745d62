"""Lists: filters, search, order and pages of `GET /datasets`, and what may get a new version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.sandbox.datasets import checks, rights, views
from adapters.sandbox.datasets.model import Dataset, Json
from adapters.sandbox.datasets.rights import User

_LIMIT: Final = 30
_ORDERS: Final[Mapping[str, Callable[[Dataset], Any]]] = {
    "name": lambda d: d.name,
    "authorName": lambda d: d.author_name,
    "creationDate": lambda d: d.created_at,
    "studiesCount": lambda d: len(d.studies),
    "subjectsCount": lambda d: len(d.subjects),
    "timesUsed": lambda d: 0,
}


def page(rows: Sequence[Any], query: Mapping[str, str]) -> tuple[Sequence[Any], Json]:
    """The rows asked for, and the numbers about them.

    Raises:
        ValueError: `skip` or `limit` is no number.
    """
    skip = max(0, int(query.get("skip", 0)))
    limit = max(0, int(query.get("limit", _LIMIT)))
    shown = rows[skip : skip + limit] if limit else rows[skip:]
    numbers = {"total": len(rows), "returned": len(shown), "skipped": skip, "limit": limit}
    return shown, numbers


def datasets(
    known: Iterable[Dataset],
    user: User | None,
    query: Mapping[str, str],
    tags: Sequence[str],
    *,
    with_creating: bool,
) -> Json:
    """What the account may find, newest first where nothing else is asked for.

    `with_creating` as in the options. A dataset found by `searchSubject` comes once for each of
    its studies of such a subject, as in the service (`list-subject`).

    Raises:
        Refused: the project's code is none. ValueError: a page by something that is no number.
    """
    page([], query)
    if "project" in query:
        checks.code(query["project"], "project")
    found = [
        dataset
        for dataset in known
        if rights.may_find(user, dataset)
        and (with_creating or not dataset.is_creating)
        and _fits(dataset, query, tags)
    ]
    order = query.get("sortBy", "creationDate")
    backwards = query.get("sortDirection", "") != "ascending"
    if "sortDirection" not in query and order in _ORDERS and order != "creationDate":
        backwards = False
    found.sort(key=_ORDERS.get(order, _ORDERS["creationDate"]), reverse=backwards)
    if subject := query.get("searchSubject", "").lower():
        found = [d for d in found for study in d.studies if subject in study.subject.lower()]
    shown, numbers = page(found, query)
    may_create = user is not None and user.may_create
    return {
        **numbers,
        "list": [views.item(dataset, user) for dataset in shown],
        "allowedActionsForTheUser": ["create"] if may_create else [],
    }


def upgradable(known: Iterable[Dataset], user: User, project: str | None) -> list[Json]:
    """Released datasets of one's own that have no later version yet."""
    return [
        {"id": dataset.id, "name": dataset.name, "version": dataset.version}
        for dataset in known
        if rights.owns(user, dataset)
        and not (dataset.draft or dataset.invalidated or dataset.next_id)
        and project in (None, dataset.project)
    ]


def _fits(dataset: Dataset, query: Mapping[str, str], tags: Sequence[str]) -> bool:
    flags = {
        "draft": dataset.draft,
        "public": dataset.public,
        "invalidated": dataset.invalidated,
    }
    if any(name in query and _is_true(query[name]) != flag for name, flag in flags.items()):
        return False
    if query.get("project", dataset.project) != dataset.project:
        return False
    if _is_true(query.get("onlyLastVersions", "")) and dataset.next_id is not None:
        return False
    if not set(tags) <= set(dataset.tags):
        return False
    sought = query.get("searchString", "").lower()
    return any(sought in text.lower() for text in (dataset.name, dataset.id, dataset.author_name))


def _is_true(text: str) -> bool:
    return text.lower() == "true"
