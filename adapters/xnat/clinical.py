"""Clinical data on XNAT: files of a resource of the project, and of each subject (rule XNT-08).

XNAT answers 200 to a file that it leaves as it is, and sometimes to one that it does not keep; so
the listing and the digests decide, before and after. One writer at a time for each resource: two
on one catalogue lose a file.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from adapters.xnat.labels import subject_of
from adapters.xnat.objects import Objects, rows_or_none
from adapters.xnat.options import Settings
from adapters.xnat.outgoing import Outgoing
from adapters.xnat.refusals import no_project
from adapters.xnat.resources import Resource, held_as, listed
from adapters.xnat.rights import Rights
from adapters.xnat.wire import segment
from adapters.xnat.writing import Writing
from adapters.xnat.xnatpy import LONGEST_WAIT_S
from transfer.clinical.leaving import (
    ClinicalItem,
    ClinicalOutcome,
    ClinicalVerdict,
    ClinicalWay,
    Held,
)
from transfer.errors import ClinicalRefused, NodeFault, NotSupported
from transfer.volumes.leaving import HeldFile

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

_MOST_AT_ONCE: Final = 4
_STORED: Final = ClinicalOutcome(ClinicalVerdict.STORED)
_DIFFERS: Final = ClinicalOutcome(
    ClinicalVerdict.DIFFERS,
    "The node has other data under this name, and they were not written over.",
)


class Clinical:
    """Stores clinical files on one node, and reads them back."""

    def __init__(self, objects: Objects, rights: Rights, settings: Settings) -> None:
        self._objects = objects
        self._rights = rights
        self._settings = settings
        self._may_write: set[str] = set()
        self._subjects: dict[str, frozenset[str]] = {}
        self._asking = asyncio.Lock()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def send(
        self, item: ClinicalItem, project: str, *, overwrite: bool = False
    ) -> ClinicalOutcome:
        """As `Node.send_clinical`."""
        writing = self._writing_of(item, project)
        if item.file.size_bytes < 1:
            return _refused("The file is empty, and XNAT takes no empty files.")
        await self._demand_right(project)
        alone = self._locks.setdefault(writing.resource.path, asyncio.Lock())
        try:
            await self._demand_subject(writing)
            async with alone:
                outcome = await self._store(item, writing, overwrite)
        except ClinicalRefused as refused:
            return _refused(refused.what)
        if outcome is None:
            # XNAT may say 200 to an account that may not write.
            await self._rights.refuse(project)
            raise self._fault("The node says that it took the file, and does not list it.")
        return outcome

    async def held(self, item: ClinicalItem, project: str) -> Held:
        """As `Node.held_clinical`."""
        writing = self._writing_of(item, project)
        try:
            await self._demand_subject(writing)
        except ClinicalRefused:
            return Held.NOTHING
        wanted = _wanted(item)
        held, _ = await self._objects.ask(lambda xnat: _look(xnat, writing.resource, wanted))
        return held

    async def rehearse(self, item: ClinicalItem, project: str, folder: Path) -> None:
        """As `Node.rehearse_clinical`: making the resource, and the file."""
        writing = self._writing_of(item, project)
        body = Outgoing(item.file)

        def call(xnat: BaseXNATSession) -> None:
            writing.make(xnat)
            writing.put(xnat, body)

        try:
            await self._objects.rehearse(call, folder, item.file.name)
        finally:
            body.close()

    # -- before a byte goes -----------------------------------------------------------------

    async def _demand_right(self, project: str) -> None:
        """Asked once; who loses the right later is told by the node, or by what it lists."""
        async with self._asking:
            if project not in self._may_write:
                await self._rights.refuse(project)
                self._may_write.add(project)

    async def _demand_subject(self, writing: Writing) -> None:
        """The images make the subject. One that is not there is no place for a file: XNAT might
        take the project for its parent."""
        label, project = writing.subject, writing.project
        if not label:
            return
        async with self._asking:
            if project not in self._subjects:
                labels = await self._objects.ask(lambda xnat: _labels(xnat, project))
                if labels is None:
                    raise no_project(project, self._settings.name)
                self._subjects[project] = labels
        if label in self._subjects[project]:
            return
        spelled = await self._objects.ask(lambda xnat: _spelling(xnat, project, label))
        if spelled == label:
            return
        what = (
            "The project has no subject of this label: the images make it, and they are not there."
            if spelled is None
            else "The project's subject of this label is spelled in another way, so that it may be "
            "another patient's; nothing was written to it."
        )
        raise ClinicalRefused(
            what,
            "Verify the images, and ask the project's owner about the subject.",
            node=self._settings.name,
        )

    # -- the file ---------------------------------------------------------------------------

    async def _store(
        self, item: ClinicalItem, writing: Writing, overwrite: bool
    ) -> ClinicalOutcome | None:
        """None where the node neither refuses the file nor lists it afterwards."""
        wanted = _wanted(item)
        bodies: list[Outgoing] = []

        def put(xnat: BaseXNATSession, *, overwrite: bool) -> bool:
            bodies.append(Outgoing(item.file))
            return writing.put(xnat, bodies[-1], overwrite=overwrite)

        def call(xnat: BaseXNATSession) -> ClinicalOutcome | None:
            before, is_made = _look(xnat, writing.resource, wanted)
            if before is Held.SAME:
                return _STORED
            if before is Held.OTHER and not overwrite:
                return _DIFFERS
            if not is_made:
                writing.make(xnat)
            is_taken = put(xnat, overwrite=before is Held.OTHER)
            after, _ = _look(xnat, writing.resource, wanted)
            if after is Held.NOTHING and not is_taken:
                # On the node's disk and in no catalogue (written by two at once), so that nobody
                # has it: only this repetition puts it right.
                is_taken = put(xnat, overwrite=True)
                after, _ = _look(xnat, writing.resource, wanted)
            if after is Held.OTHER and is_taken:
                raise self._fault("The node has other bytes than those that it was given.")
            return {Held.SAME: _STORED, Held.OTHER: _DIFFERS}.get(after)

        try:
            return await self._objects.ask(call)
        finally:
            for body in bodies:
                body.close()

    def _writing_of(self, item: ClinicalItem, project: str) -> Writing:
        """Raises: NotSupported: the configuration sends no such items."""
        allowed = ("both", "subject" if item.subject else "project")
        if self._settings.clinical_level not in allowed:
            raise NotSupported(
                "By the configuration this node takes no such clinical files.",
                f"Set clinical_level of [nodes.{self._settings.name}] in config.toml to both.",
                node=self._settings.name,
            )
        owner = f"/data/projects/{segment(project)}"
        subject = subject_of(item.subject) if item.subject else ""
        if subject:
            owner += f"/subjects/{segment(subject)}"
        return Writing(
            node=self._settings.name,
            project=project,
            subject=subject,
            resource=Resource(owner, self._settings.clinical_label),
            name=item.file.name,
            marks={"format": item.format, "content": item.content},
            covered=(item.subject, subject, item.file.name),
            timeout_s=(
                self._settings.connect_timeout_s,
                # A thread cannot be cancelled, and the program ends when the last one has.
                min(self._settings.read_timeout_s, LONGEST_WAIT_S),
            ),
        )

    def _fault(self, what: str) -> NodeFault:
        return NodeFault(
            what,
            "Try again later; if it stays so, tell the node's administrator the time.",
            node=self._settings.name,
        )


def way(settings: Settings) -> ClinicalWay:
    """As `Node.clinical_way`; asks nobody."""
    return ClinicalWay(
        by_subject=settings.clinical_level in ("both", "subject"),
        by_file=settings.clinical_level in ("both", "project"),
        max_concurrency=min(settings.max_concurrency, _MOST_AT_ONCE),
    )


def _refused(reason: str) -> ClinicalOutcome:
    return ClinicalOutcome(ClinicalVerdict.REFUSED, reason)


def _wanted(item: ClinicalItem) -> HeldFile:
    return HeldFile(item.file.name, item.file.size_bytes, item.file.md5)


def _look(xnat: BaseXNATSession, resource: Resource, wanted: HeldFile) -> tuple[Held, bool]:
    """What lies where the file goes, and whether the resource is there at all."""
    files = listed(xnat, resource)
    return held_as(xnat, resource, wanted, files or {}), files is not None


def _labels(xnat: BaseXNATSession, project: str) -> frozenset[str] | None:
    """The labels of the project's subjects; None where there is no such project."""
    path = f"/data/projects/{segment(project)}/subjects"
    found = rows_or_none(xnat, path, {"columns": "ID,label"})
    return None if found is None else frozenset(str(row.get("label") or "") for row in found)


def _spelling(xnat: BaseXNATSession, project: str, label: str) -> str | None:
    """How the node spells the subject that it finds by this label; None where it finds none."""
    from xnat.exceptions import XNATResponseError

    path = f"/data/projects/{segment(project)}/subjects/{segment(label)}"
    try:
        item = xnat.get_json(path)["items"][0]
    except XNATResponseError as refused:
        if refused.status_code == 404:
            return None
        raise
    return str(item["data_fields"].get("label") or "")
