"""Step 10 on the UPV node: `transfer.publication.node.Publisher` over the dataset-service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from adapters.upv.dataset_creation import body_of, knows_forms, order_of
from adapters.upv.dataset_details import (
    FINISHED,
    dataset_of,
    id_in,
    is_creating,
    is_id,
    licences_of,
    portal_of,
    study_of,
)
from adapters.upv.dataset_fields import faults_in
from adapters.upv.dataset_guide import guide
from adapters.upv.dataset_index import IndexFile, IndexSource, refused
from adapters.upv.dataset_listing import Listing
from adapters.upv.dataset_refusals import creation_refused, no_answer
from adapters.upv.dataset_service import DatasetService
from adapters.upv.options import Settings
from adapters.upv.places import project_of
from adapters.upv.publishing_changes import Changes
from adapters.upv.publishing_way import publication_way
from adapters.upv.roles import dataset_rights
from transfer.errors import DatasetGone, DatasetRefused, NodeError, NotAllowed
from transfer.legal.gate import Cleared
from transfer.node import Right
from transfer.publication.values import (
    Cohort,
    Dataset,
    GuideLine,
    HeldStudy,
    NewDataset,
    PublicationWay,
    Texts,
)
from transfer.values import StudyRef

_MOST_READ_AGAIN: Final = 3


class UpvPublisher:
    """One destination, PROJECT or PROJECT|SUBPROJECT. `opened` connects at the first request."""

    def __init__(
        self,
        settings: Settings,
        destination: str,
        opened: Callable[[], Awaitable[DatasetService]],
    ) -> None:
        self._settings = settings
        self._node = settings.name
        self._destination = destination
        self._opened = opened
        self._licences: Sequence[tuple[str, str]] | None = None
        self._listing = Listing(destination, portal_of(settings.dataset_service_url))
        self._changes = Changes(self.dataset, self._details, opened, settings.name)

    @property
    def way(self) -> PublicationWay:
        return publication_way(self._settings)

    def guide(self, cohort: Cohort) -> Sequence[GuideLine]:
        return guide(cohort, self._settings.qpinsights_url)

    async def rights(self) -> Sequence[Right]:
        service = await self._opened()
        await service.sign_in()
        rights = list(dataset_rights(service.claims))
        try:
            codes = await service.get("/projects", {"purpose": "datasetCreation"})
        except NotAllowed:
            codes = []
        if not isinstance(codes, list):
            raise no_answer(self._node)
        project = project_of(self._destination)
        what = f"create datasets in project {project}"
        if project in codes:
            return [*rights, Right(what, True)]
        remedy = f"Ask the helpdesk to join this account to project {project}, then sign in again."
        return [*rights, Right(what, False, remedy, "role")]

    async def candidates(self, name: str = "") -> Sequence[Dataset]:
        return await self._listing.candidates(await self._opened(), name)

    async def dataset(self, id: str) -> Dataset:
        for _ in range(_MOST_READ_AGAIN):
            details = await self._details(id)
            service = await self._opened()
            status = await self._status(service, id) if is_creating(details) else None
            # Between the two questions the job may have come to its end: then the first answer
            # is an old one.
            if status is None or status.get("status") != FINISHED:
                break
        found = dataset_of(
            details,
            portal=portal_of(self._settings.dataset_service_url),
            status=status,
            licences=await self._offered(service),
        )
        if found is None:
            raise no_answer(self._node)
        return found

    async def studies(self, id: str) -> AsyncIterator[HeldStudy]:
        path = f"{self._path(id)}/studies"
        service = await self._opened()
        async for row in service.rows(path, {}):
            study = study_of(row)
            if study is None:
                raise no_answer(self._node)
            yield study

    def subject_of(self, study: StudyRef) -> str:
        return study.patient_id

    async def create(self, wanted: NewDataset) -> str:
        """As the protocol; licence and contact are not taken at a creation: `edit` sets them."""
        return await self._create(wanted, IndexFile(wanted.index, wanted.clinical, self._node))

    async def _create(self, wanted: NewDataset, source: IndexSource) -> str:
        faults = faults_in({"name": (), **wanted.metadata})
        if faults:
            raise refused(f"The node would not take the metadata: {'; '.join(faults)}.", self._node)
        if wanted.previous_id and not is_id(wanted.previous_id):
            raise refused("The earlier version is named by no id of a dataset.", self._node)
        index = await asyncio.to_thread(source.read, is_new_version=bool(wanted.previous_id))
        service = await self._opened()
        await service.sign_in()
        is_recent = knows_forms(await service.version())
        subproject = await self._subproject(service) if is_recent else ""
        project = project_of(self._destination)
        order = order_of(wanted.metadata, project, subproject, wanted.previous_id)
        form = wanted.form if is_recent else "json"
        body = await asyncio.to_thread(body_of, order, index, form, self._node)
        answer = await service.post("/datasets", body)
        if answer.status != 201:
            size_bytes = len(body.content)
            raise creation_refused(
                answer.status, answer.body, answer.retry_after, size_bytes, self._node
            )
        made = id_in(service.read(answer))
        if made is None:
            raise no_answer(self._node)
        return made

    async def _subproject(self, service: DatasetService) -> str:
        """The destination's; where it names the project alone, the one of that very name, which
        is how QP-Insights calls it then (upv-node.md 4.1)."""
        project, _, subproject = self._destination.partition("|")
        if subproject:
            return subproject
        try:
            known = await service.get(f"/projects/{quote(project, safe='')}/subprojects")
        except DatasetGone:
            raise DatasetRefused(
                f"The node knows no project {project}. Nothing was sent.",
                "Check the destination of the transfer; a new project is asked for by the ticket "
                "of step 6 (eucaim-transfer ticket NAME).",
                node=self._node,
                reached_node=False,
            ) from None
        rows = known.get("list") if isinstance(known, dict) else None
        codes = [row.get("code") for row in rows or () if isinstance(row, dict)]
        return project if project in codes else ""

    async def edit(self, id: str, changes: Texts) -> Dataset:
        return await self._changes.edit(id, changes)

    async def show(self, id: str, visibility: str, leave: Cleared) -> Dataset:
        return await self._changes.release(id, leave)

    async def invalidate(self, id: str, reason: str) -> Dataset:
        return await self._changes.invalidate(id, reason)

    async def delete(self, id: str) -> None:
        await self._changes.delete(id)

    async def aclose(self) -> None:
        """The connections are the node's."""

    async def _details(self, id: str) -> Mapping[str, Any]:
        path = self._path(id)
        details = await (await self._opened()).get(path)
        if not isinstance(details, dict):
            raise no_answer(self._node)
        if not self._listing.is_here(details):
            # Else the leave of one transfer would release what another one is responsible for.
            raise DatasetGone(
                "The dataset is not one of this transfer's project and subproject.",
                "Look at its page for its project, and at the destination of the transfer.",
                node=self._node,
            )
        return details

    async def _status(self, service: DatasetService, id: str) -> Mapping[str, Any]:
        status = await service.get(f"{self._path(id)}/creationStatus")
        if not isinstance(status, dict):
            raise no_answer(self._node)
        return status

    async def _offered(self, service: DatasetService) -> Sequence[tuple[str, str]]:
        """Asked for once; they are help, and nothing stops for want of them."""
        if self._licences is None:
            try:
                self._licences = licences_of(await service.get("/licenses"))
            except NodeError:
                return ()
        return self._licences

    def _path(self, id: str) -> str:
        if not is_id(id):
            raise DatasetGone(
                "This is no id of a dataset on this node; it was not asked for.",
                "Copy the id from the dataset's page, where it stands in the address.",
                node=self._node,
            )
        return f"/datasets/{id}"
