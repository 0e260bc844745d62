"""An XNAT node as the engine sees it: `transfer.node.Node` over XNAT's REST."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import httpx

from adapters.probe.failing import failure
from adapters.proxies import proxy_password, rules_from
from adapters.secrets import SecretStore
from adapters.sessions import Way, httpx_client
from adapters.xnat.archiving import Archiver, Pace
from adapters.xnat.calls import Calls
from adapters.xnat.catalogue import Catalogue
from adapters.xnat.clinical import Clinical, way
from adapters.xnat.clinical_document import document
from adapters.xnat.conflicts import Conflicts
from adapters.xnat.doctor import Doctor
from adapters.xnat.importing import Importer, project_of, rehearse
from adapters.xnat.labels import labels_of
from adapters.xnat.objects import Objects
from adapters.xnat.options import Settings
from adapters.xnat.prearchive import Prearchive
from adapters.xnat.publishing import ProjectPublisher
from adapters.xnat.rights import Rights
from adapters.xnat.server import Version, ask_version, too_old
from adapters.xnat.session import Session
from adapters.xnat.volumes import Volumes
from transfer.clinical.leaving import (
    ClinicalDocument,
    ClinicalItem,
    ClinicalOutcome,
    ClinicalSubject,
    ClinicalWay,
    Held,
)
from transfer.errors import NotSupported, TransferError
from transfer.node import (
    Abilities,
    Batch,
    CheckResult,
    Destination,
    HeldInstance,
    Identity,
    InstanceOutcome,
    Objection,
    OnBytes,
    StudyPlan,
)
from transfer.publication.node import Publisher
from transfer.values import SeriesRef, SOPInstanceUID, StudyRef
from transfer.volumes.leaving import HeldFile, OutgoingVolume, VolumeOutcome, VolumeRef


class XnatNode:
    """A node of kind xnat. Connections are opened by the first call that needs one, in its loop."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        *,
        environ: Mapping[str, str] | None = None,
        pace: Pace | None = None,
        beat_s: float | None = None,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._secrets = secrets
        self._environ = os.environ if environ is None else environ
        self._pace = pace or Pace(patience_s=settings.archive_patience_s)
        self._beat_s = beat_s
        self._opened: _Connections | None = None
        self._opening = asyncio.Lock()
        self._version: Version | None = None

    def __repr__(self) -> str:
        return f"XnatNode({self.name!r})"

    async def _connections(self) -> _Connections:
        async with self._opening:
            if self._opened is None:
                password = await asyncio.to_thread(proxy_password, self._secrets.get, self.name)
                # Reading the trust store and the PEM files takes a moment.
                way = await asyncio.to_thread(self._way, password)
                client = await asyncio.to_thread(httpx_client, way)
                self._opened = _Connections(
                    self._settings, self._secrets, way, client, self._pace, self._beat_s
                )
            return self._opened

    def _way(self, password: str | None) -> Way:
        return Way(
            node=self.name,
            ca_file=self._settings.ca_file,
            client_certificate=self._settings.client_certificate,
            proxies=rules_from(self._environ, password, self._settings.proxy, self.name),
            connect_timeout_s=self._settings.connect_timeout_s,
            read_timeout_s=self._settings.read_timeout_s,
            max_connections=self._settings.max_concurrency + 8,
        )

    async def abilities(self) -> Abilities:
        return Abilities(
            can_list=True,
            batch_scope="series",
            max_batch_bytes=self._settings.max_batch_bytes,
            max_batch_instances=self._settings.max_batch_instances,
            max_concurrency=self._settings.max_concurrency,
            listing_delay_s=self._settings.listing_delay_s,
            commits_studies=True,
            takes_volumes=True,
        )

    async def sign_in(self) -> Identity:
        opened = await self._connections()
        await opened.session.id()
        return await opened.rights.identity()

    async def sign_out(self) -> None:
        """End the session and forget what is stored of it, as far as the node can be told."""
        await (await self._connections()).session.sign_out()

    async def destinations(self) -> Sequence[Destination]:
        opened = await self._connections()
        return [
            Destination(project.id, project.title, project.role_in_words)
            for project in await opened.objects.projects()
            if project.may_send
        ]

    async def checks(self, destination: str = "") -> AsyncIterator[CheckResult]:
        try:
            opened = await self._connections()
        except TransferError as refused:
            yield failure(refused)
            return
        yield CheckResult("configuration", "ok", "The configuration is complete.")
        doctor = Doctor(self._settings, opened.calls, opened.objects, opened.rights, opened.way)
        async with contextlib.aclosing(doctor.results(destination)) as results:
            async for result in results:
                yield result

    async def send(self, batch: Batch, on_bytes: OnBytes) -> Sequence[InstanceOutcome]:
        opened = await self._connections()
        if self._version is None:
            self._version = await ask_version(opened.calls)
        if not self._version.reads_tar:
            raise too_old(self._version, self.name)
        return await opened.importer.send(batch, on_bytes)

    async def rehearse(self, batch: Batch, folder: Path) -> None:
        opened = await self._connections()
        await rehearse(opened.client.build_request, self._settings.url, batch, folder)

    async def objections(
        self, studies: AsyncIterator[StudyPlan], destination: str
    ) -> Sequence[Objection]:
        opened = await self._connections()
        project = project_of(destination)
        await opened.rights.refuse(project)
        return await opened.conflicts.objections(studies, project)

    async def commit_study(self, study: StudyRef, destination: str) -> None:
        opened = await self._connections()
        try:
            await opened.archiver.commit(study, project_of(destination))
        finally:
            opened.importer.forget(study)

    async def holdings(
        self, series: SeriesRef, destination: str = ""
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        project = self._project(destination)
        opened = await self._connections()
        session = await opened.catalogue.session(project, labels_of(series.study))
        if session is None or session.study_uid not in ("", series.study_uid):
            return {}
        return await opened.catalogue.holdings(session, series.series_uid)

    async def waiting(
        self, series: SeriesRef, destination: str = ""
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        # Of what waits in the prearchive XNAT tells file names and counts, no SOP Instance UIDs,
        # and while it receives not even these. What is sent twice overwrites itself.
        return {}

    async def send_volume(
        self, volume: OutgoingVolume, destination: str, on_bytes: OnBytes
    ) -> VolumeOutcome:
        project = self._project(destination)
        return await (await self._connections()).volumes.send(volume, project, on_bytes)

    async def held_files(self, ref: VolumeRef, destination: str) -> Mapping[str, HeldFile]:
        project = self._project(destination)
        return await (await self._connections()).volumes.held(ref, project)

    async def clinical_way(self, destination: str) -> ClinicalWay:
        return way(self._settings)

    def clinical_document(self, subject: ClinicalSubject) -> ClinicalDocument:
        return document(subject, self.name)

    async def send_clinical(
        self, item: ClinicalItem, destination: str, *, overwrite: bool = False
    ) -> ClinicalOutcome:
        project = self._project(destination)
        clinical = (await self._connections()).clinical
        return await clinical.send(item, project, overwrite=overwrite)

    async def held_clinical(self, item: ClinicalItem, destination: str) -> Held:
        project = self._project(destination)
        return await (await self._connections()).clinical.held(item, project)

    async def rehearse_clinical(self, item: ClinicalItem, destination: str, folder: Path) -> None:
        project = self._project(destination)
        await (await self._connections()).clinical.rehearse(item, project, folder)

    def publisher(self, destination: str) -> Publisher:
        async def objects() -> Objects:
            return (await self._connections()).objects

        return ProjectPublisher(self.name, self._settings.url, self._project(destination), objects)

    def _project(self, destination: str) -> str:
        if not destination and len(self._settings.destinations) == 1:
            destination = self._settings.destinations[0]
        if not destination:
            raise NotSupported(
                "XNAT lists instances of one project only, and none is named.",
                "Name the project as the transfer's destination.",
                node=self.name,
            )
        return project_of(destination)

    async def aclose(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.objects.close()
            await opened.session.close()
            await opened.client.aclose()


class _Connections:
    """What one node has open, made together and closed together."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        way: Way,
        client: httpx.AsyncClient,
        pace: Pace,
        beat_s: float | None,
    ) -> None:
        # The session id goes into each request by hand: a cookie that the node sets for a guest
        # must not take its place.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.way = way
        self.client = client
        self.session = Session(client, settings, secrets, beat_s=beat_s)
        self.calls = Calls(client, settings.url, self.session, settings.name)
        self.objects = Objects(settings.url, way, self.session)
        self.rights = Rights(self.calls, self.objects, settings.destinations)
        self.prearchive = Prearchive(self.calls)
        self.catalogue = Catalogue(self.calls)
        self.importer = Importer(self.calls)
        self.volumes = Volumes(self.calls, self.catalogue)
        self.archiver = Archiver(self.calls, self.prearchive, self.catalogue, pace)
        self.clinical = Clinical(self.objects, self.rights, settings)
        self.conflicts = Conflicts(self.calls, self.prearchive, self.catalogue)
