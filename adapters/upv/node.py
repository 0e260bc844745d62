"""The UPV node as the engine sees it: `transfer.node.Node` over DICOMweb and OIDC."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import httpx

from adapters.probe.failing import failure
from adapters.proxies import proxy_password, rules_from
from adapters.secrets import SecretStore
from adapters.sessions import Way, httpx_client
from adapters.signin import Person
from adapters.upv.auth import Credential, credential, datasets_of
from adapters.upv.clinical import Clinical
from adapters.upv.clinical_ways import clinical_way
from adapters.upv.dataset_service import DatasetService
from adapters.upv.doctor import Doctor
from adapters.upv.eform import eform_document
from adapters.upv.oidc import Realm
from adapters.upv.options import Settings
from adapters.upv.publishing import UpvPublisher
from adapters.upv.publishing_way import publication_way
from adapters.upv.qido import Qido
from adapters.upv.stow import Stow
from adapters.upv.wado import retrieve_instance
from transfer.clinical.leaving import (
    ClinicalDocument,
    ClinicalItem,
    ClinicalOutcome,
    ClinicalSubject,
    ClinicalWay,
    Held,
)
from transfer.errors import NotAllowed, NotSupported, TransferError
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
from transfer.values import SeriesInstanceUID, SeriesRef, SOPInstanceUID, StudyInstanceUID, StudyRef
from transfer.volumes.leaving import HeldFile, OutgoingVolume, VolumeOutcome, VolumeRef

# A Series that no node holds: the answer tells whether the node lists at all.
_NO_SERIES = SeriesRef(
    StudyInstanceUID("1.2.826.0.1.3680043.8.498.1"),
    SeriesInstanceUID("1.2.826.0.1.3680043.8.498.2"),
)
_LARGEST_SPOT_CHECK_BYTES = 1 << 30


class UpvNode:
    """A node of kind upv. Connections are opened by the first call that needs one, in its loop."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        *,
        person: Person | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._secrets = secrets
        self._person = person
        self._environ = os.environ if environ is None else environ
        self._opened: _Connections | None = None
        self._opening = asyncio.Lock()
        self._can_list: bool | None = None

    def __repr__(self) -> str:
        return f"UpvNode({self.name!r})"

    async def _connections(self) -> _Connections:
        async with self._opening:
            if self._opened is None:
                password = await asyncio.to_thread(proxy_password, self._secrets.get, self.name)
                # Reading the trust store and the PEM files takes a moment.
                self._opened = await asyncio.to_thread(self._open, password)
            return self._opened

    def _open(self, password: str | None) -> _Connections:
        way = Way(
            node=self.name,
            ca_file=self._settings.ca_file,
            client_certificate=self._settings.client_certificate,
            proxies=rules_from(self._environ, password, self._settings.proxy, self.name),
            connect_timeout_s=self._settings.connect_timeout_s,
            read_timeout_s=self._settings.read_timeout_s,
            max_connections=self._settings.max_concurrency + 4,
        )
        return _Connections(self._settings, self._secrets, way, self._person)

    async def abilities(self) -> Abilities:
        if self._can_list is None:
            self._can_list = await self._ask_whether_it_lists()
        return Abilities(
            # Not known yet, say because nobody is signed in: `holdings` will tell.
            can_list=self._can_list is not False,
            batch_scope="any",
            max_batch_bytes=self._settings.max_batch_bytes,
            max_batch_instances=self._settings.max_batch_instances,
            max_concurrency=self._settings.max_concurrency,
            listing_delay_s=self._settings.listing_delay_s,
        )

    async def _ask_whether_it_lists(self) -> bool | None:
        if self._settings.can_list != "ask":
            return self._settings.can_list
        try:
            await self.holdings(_NO_SERIES)
        except (NotSupported, NotAllowed):
            return False
        except TransferError:
            return None
        return True

    async def sign_in(self) -> Identity:
        opened = await self._connections()
        identity = await opened.credential.identity()
        if self._settings.auth in ("basic", "token", "none"):
            # A realm tells at once that a password is wrong or a certificate is bad; here only
            # the node itself can.
            await self._doctor(opened).listing_status()
        return identity

    async def sign_out(self) -> None:
        """End the session and forget what is stored of it, as far as the node can be told."""
        try:
            await (await self._connections()).credential.forget()
        finally:
            await asyncio.to_thread(self._secrets.forget_node, self.name)

    async def dataset_credential(self) -> Credential | None:
        """The credential of the dataset-service's own client, renewed and stored apart from that
        for images; None where the node has no dataset-service."""
        return datasets_of((await self._connections()).credential)

    async def destinations(self) -> Sequence[Destination]:
        return [Destination(key, " / ".join(key.split("|"))) for key in self._settings.destinations]

    async def checks(self, destination: str = "") -> AsyncIterator[CheckResult]:
        try:
            opened = await self._connections()
        except TransferError as refused:
            yield failure(refused)
            return
        yield CheckResult("configuration", "ok", "The configuration is complete.")
        async with contextlib.aclosing(self._doctor(opened).results(destination)) as results:
            async for result in results:
                yield result

    def _doctor(self, opened: _Connections) -> Doctor:
        return Doctor(opened.client, self._settings, opened.credential, opened.way)

    async def send(self, batch: Batch, on_bytes: OnBytes) -> Sequence[InstanceOutcome]:
        return await (await self._connections()).stow.send(batch, on_bytes)

    async def rehearse(self, batch: Batch, folder: Path) -> None:
        await (await self._connections()).stow.rehearse(batch, folder)

    async def objections(
        self, studies: AsyncIterator[StudyPlan], destination: str
    ) -> Sequence[Objection]:
        # Nothing is known that QP-Insights, or DICOMweb, would stumble over.
        return ()

    async def commit_study(self, study: StudyRef, destination: str) -> None:
        # DICOMweb stores at once.
        return

    async def send_volume(
        self, volume: OutgoingVolume, destination: str, on_bytes: OnBytes
    ) -> VolumeOutcome:
        raise self._no_volumes()

    async def held_files(self, ref: VolumeRef, destination: str) -> Mapping[str, HeldFile]:
        raise self._no_volumes()

    def _no_volumes(self) -> NotSupported:
        return NotSupported(
            "How NIfTI images are uploaded to this node is not public.",
            "Use the hand-over folder of the transfer; its README says how.",
            node=self.name,
        )

    async def clinical_way(self, destination: str) -> ClinicalWay:
        return clinical_way(self._settings, destination)

    def clinical_document(self, subject: ClinicalSubject) -> ClinicalDocument:
        options = self._settings.clinical
        return eform_document(subject, options.mapping, options.envelope, self.name)

    async def send_clinical(
        self, item: ClinicalItem, destination: str, *, overwrite: bool = False
    ) -> ClinicalOutcome:
        clinical = (await self._connections()).clinical
        return await clinical.send(item, destination, overwrite=overwrite)

    async def held_clinical(self, item: ClinicalItem, destination: str) -> Held:
        return await (await self._connections()).clinical.held(item, destination)

    async def rehearse_clinical(self, item: ClinicalItem, destination: str, folder: Path) -> None:
        await (await self._connections()).clinical.rehearse(item, destination, folder)

    def publisher(self, destination: str) -> UpvPublisher:
        return UpvPublisher(self._settings, destination, self._dataset_service)

    async def _dataset_service(self) -> DatasetService:
        credential = await self.dataset_credential()
        if credential is None:
            lacking = publication_way(self._settings).lacking
            raise NotSupported(
                "Datasets cannot be made on this node as it is configured.",
                " ".join(lacking) or "Run the doctor command.",
                node=self.name,
            )
        opened = await self._connections()
        return DatasetService(opened.client, self._settings, credential)

    async def waiting(
        self, series: SeriesRef, destination: str = ""
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        return {}

    async def holdings(
        self, series: SeriesRef, destination: str = ""
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        if self._settings.can_list is False:
            raise NotSupported(
                "The node is configured as one that does not list instances.",
                "Have a person compare the counts, or remove can_list from config.toml.",
                node=self.name,
            )
        return await (await self._connections()).qido.holdings(series)

    async def retrieve_instance(self, series: SeriesRef, uid: SOPInstanceUID) -> bytes:
        """One instance as the node stores it, in memory; for spot checks."""
        opened = await self._connections()
        return await retrieve_instance(
            opened.client,
            self._settings.dicomweb_url,
            series,
            uid,
            authorization=await opened.credential.header(),
            node=self.name,
            limit_bytes=_LARGEST_SPOT_CHECK_BYTES,
        )

    async def aclose(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.qido.close()
            await opened.client.aclose()


class _Connections:
    """What one node has open, made together and closed together."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        way: Way,
        person: Person | None,
    ) -> None:
        self.way = way
        self.client: httpx.AsyncClient = httpx_client(way)
        self.credential: Credential = credential(
            settings,
            secrets,
            lambda: Realm(self.client, settings.issuer_url, node=way.node),
            person=person,
        )
        self.stow = Stow(self.client, settings, self.credential)
        self.clinical = Clinical(self.client, settings, self.credential)
        self.qido = Qido(settings.dicomweb_url, way, self.credential)
