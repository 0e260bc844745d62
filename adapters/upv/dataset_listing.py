"""Which datasets of a destination the account may go on with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.upv.dataset_details import dataset_of, is_creating, is_id, listed_dataset
from adapters.upv.dataset_refusals import no_answer
from adapters.upv.dataset_service import DatasetService
from transfer.errors import DatasetGone, NotAllowed
from transfer.publication.values import Dataset

_PLAIN: Final = re.compile(r"[\w .,:()-]+")
_MOST_DRAFTS: Final = 200
_MOST_RELEASED: Final = 200


class Listing:
    """Remembers which released datasets are of this destination: that never changes."""

    def __init__(self, destination: str, portal: str) -> None:
        self._project, _, self._subproject = destination.partition("|")
        self._portal = portal
        self._is_here: dict[str, bool] = {}

    async def candidates(self, service: DatasetService, name: str) -> Sequence[Dataset]:
        """As `Publisher.candidates`: drafts, which only their maker sees, and released ones that
        the service offers to this account for a new version. Invalidated ones are left out.

        Raises:
            NotAllowed: the account lacks the role; an empty list would say something else.
        """
        # Asked first, and always: the lists alone look empty to an account without the role.
        own = await self._upgradable(service)
        drafts = [
            found
            for item in await self._listed(service, name, draft="true")
            if (found := await self._draft(service, item)) is not None
        ]
        items = await self._listed(service, name, draft="false") if own else []
        released = [
            found
            for item in [item for item in items if item["id"] in own][:_MOST_RELEASED]
            if await self._is_released_here(service, item["id"])
            and (found := listed_dataset(item, portal=self._portal)) is not None
        ]
        return sorted([*drafts, *released], key=lambda d: d.created_at_utc, reverse=True)

    async def _listed(
        self, service: DatasetService, name: str, *, draft: str
    ) -> Sequence[Mapping[str, Any]]:
        query = {"draft": draft, "project": self._project, "invalidated": "false"}
        # A search for other letters, or for signs that a database has its own use for, may miss
        # what is there; then a creation would be made twice.
        if name.isascii() and _PLAIN.fullmatch(name):
            query["searchString"] = name
        items = []
        async for item in service.rows("/datasets", query):
            if not isinstance(item, dict) or not is_id(item.get("id")):
                raise no_answer(service.node)
            # The search looks for a part of the name, of the id and of the author's name too.
            is_sought = not name or str(item.get("name")).strip() == name.strip()
            if is_sought and item.get("project") == self._project:
                items.append(item)
            if len(items) >= _MOST_DRAFTS and draft == "true":
                break
        return items

    async def _draft(self, service: DatasetService, item: Mapping[str, Any]) -> Dataset | None:
        """A draft of this destination; None for one that is gone meanwhile, or elsewhere."""
        id = item["id"]
        try:
            details = await service.get(f"/datasets/{id}")
            status = None
            if isinstance(details, dict) and is_creating(details):
                status = await service.get(f"/datasets/{id}/creationStatus")
        except (DatasetGone, NotAllowed):
            return None
        if not isinstance(details, dict):
            raise no_answer(service.node)
        if not self.is_here(details):
            return None
        found = dataset_of(
            details, portal=self._portal, status=status if isinstance(status, dict) else None
        )
        return None if found is None else replace(found, fields=())

    def is_here(self, details: Mapping[str, Any]) -> bool:
        """Whether a dataset is one of this destination, by its details. One that names no
        subproject may be any's of the project: services before 3.23 know of none."""
        if details.get("project") != self._project:
            return False
        return not self._subproject or details.get("subproject") in (None, "", self._subproject)

    async def _is_released_here(self, service: DatasetService, id: str) -> bool:
        if not self._subproject:
            return True
        if id not in self._is_here:
            try:
                details = await service.get(f"/datasets/{id}")
            except (DatasetGone, NotAllowed):
                return False
            if not isinstance(details, dict):
                raise no_answer(service.node)
            self._is_here[id] = self.is_here(details)
        return self._is_here[id]

    async def _upgradable(self, service: DatasetService) -> frozenset[str]:
        rows = await service.get("/upgradableDatasets", {"project": self._project})
        if not isinstance(rows, list):
            raise no_answer(service.node)
        return frozenset(str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row)
