"""Step 10 on XNAT: the project is the dataset, and its accessibility shows it to others.

Rule XNT-09. Everything goes through xnatpy's session in threads; see `accessibility` for the act
itself and `project_metadata` for the form.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.xnat import project_metadata as metadata
from adapters.xnat.accessibility import (
    PRIVATE,
    VISIBILITIES,
    AccessRefused,
    level_of,
    set_level,
)
from adapters.xnat.labels import labels_of, subject_key
from adapters.xnat.objects import Objects
from adapters.xnat.project_reading import Seen, look, sessions_of
from adapters.xnat.project_writing import put_texts
from adapters.xnat.publishing_rights import ProjectRole, role_in
from adapters.xnat.wire import segment
from transfer.errors import (
    DatasetGone,
    DatasetRefused,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
    SignInRefused,
    Unreachable,
)
from transfer.legal.gate import Action, Cleared
from transfer.node import Right
from transfer.publication.values import (
    Act,
    Cohort,
    Dataset,
    GuideLine,
    HeldStudy,
    NewDataset,
    PublicationWay,
    Stage,
    Texts,
)
from transfer.values import StudyRef

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

_WAY: Final = PublicationWay(
    action=Action.ACCESSIBILITY,
    is_born_elsewhere=False,
    visibilities=VISIBILITIES,
    fields=metadata.FIELDS,
)
_OUTCOME_OPEN: Final = (Unreachable, NodeBusy, NodeFault)


class ProjectPublisher:
    """`transfer.publication.node.Publisher` for one project; the connections are the node's."""

    def __init__(
        self, node: str, url: str, project: str, objects: Callable[[], Awaitable[Objects]]
    ) -> None:
        self._node = node
        self._url = url
        self._project = project
        self._objects = objects

    @property
    def way(self) -> PublicationWay:
        return _WAY

    def guide(self, cohort: Cohort) -> Sequence[GuideLine]:
        return ()

    async def rights(self) -> Sequence[Right]:
        role = await role_in(await self._objects(), self._project)
        return [
            Right(f"{what} of {self._project}", role.may_publish, role.remedy)
            for what in ("set the accessibility", "edit the title and description")
        ]

    async def candidates(self, name: str = "") -> Sequence[Dataset]:
        found = await self.dataset(self._project)
        is_meant = Act.EDIT in found.may and name in ("", found.name, found.id)
        return [replace(found, fields=())] if is_meant else []

    async def dataset(self, id: str) -> Dataset:
        self._demand_ours(id)
        objects = await self._objects()
        role = await role_in(objects, self._project)
        return self._dataset(await self._look(objects, role), role)

    async def studies(self, id: str) -> AsyncIterator[HeldStudy]:
        self._demand_ours(id)
        objects = await self._objects()
        for row in await objects.ask(lambda xnat: sessions_of(xnat, self._project)) or ():
            label = str(row.get("subject_label") or "")
            yield HeldStudy(subject_key(label), str(row.get("label") or ""))

    def subject_of(self, study: StudyRef) -> str:
        return subject_key(labels_of(study).subject)

    async def create(self, wanted: NewDataset) -> str:
        raise self._not_here(
            "The dataset on this node is the project, which is there already.",
            "There is nothing to create: go on with its texts and its accessibility.",
        )

    async def edit(self, id: str, changes: Texts) -> Dataset:
        self._demand_ours(id)
        objects = await self._objects()
        role = await role_in(objects, self._project)
        before = await self._look(objects, role)
        faults = list(metadata.faults(before.item, changes))
        if faults:
            raise self._refused(" ".join(faults), "Nothing was changed. Mend them and try again.")
        wanted = metadata.stored(changes)
        groups = list(metadata.differing(before.item, wanted))
        if groups and role.may_publish is False:
            raise role.refusal("change the title and description", self._node)
        taken: list[str] = []
        for texts in groups:
            await put_texts(objects, self._project, texts, taken, self._node)
            taken.extend(key for key in texts if key in wanted)
        after = await self._look(objects, role) if groups else before
        self._demand_kept(after, before, wanted)
        return self._dataset(after, role)

    async def show(self, id: str, visibility: str, leave: Cleared) -> Dataset:
        self._demand_ours(id)
        if leave.action is not Action.ACCESSIBILITY or leave.node != self._node:
            # Refuses by itself, and before anything is asked.
            leave.spend(Action.ACCESSIBILITY, node=self._node)
        if visibility not in {known.key for known in VISIBILITIES}:
            raise self._not_here(
                "A project is shown to others as protected or as public.", "Choose one of the two."
            )
        objects = await self._objects()
        role = await role_in(objects, self._project)
        before = await self._look(objects, role)
        if before.level == visibility:
            return self._dataset(before, role)
        if role.may_publish is False:
            raise role.refusal("set the accessibility", self._node)
        await self._change(objects, visibility, leave)
        after = await self._look(objects, role)
        if after.level != visibility:
            raise self._refused(
                f"The node took the change and says, read back, that the project is {after.level}.",
                "Look at the project's page, under Access; if it says the same, tell the node's"
                " administrator.",
            )
        return self._dataset(after, role)

    async def invalidate(self, id: str, reason: str) -> Dataset:
        raise self._not_here(
            "XNAT cannot mark a project as not to be used.",
            "An owner can set it private again, in the project's page, under Access.",
        )

    async def delete(self, id: str) -> None:
        raise self._not_here(
            "A project is not deleted from here: its images would go with it.",
            "If it has to go, an owner deletes it in the project's page.",
        )

    async def aclose(self) -> None:
        return

    # -- looking ----------------------------------------------------------------------------

    async def _look(self, objects: Objects, role: ProjectRole) -> Seen:
        seen = await objects.ask(lambda xnat: look(xnat, self._project, role, self._node))
        if seen.item.id != self._project:
            # XNAT finds a project by an alias too, in some of its routes.
            raise self._refused(
                f"{self._project} is another name of a project on this node, not its ID.",
                "Name the project's ID as the transfer's destination.",
            )
        return seen

    def _dataset(self, seen: Seen, role: ProjectRole) -> Dataset:
        may_edit = role.may_publish is not False
        is_private = seen.level == PRIVATE
        return Dataset(
            id=self._project,
            name=seen.item.title,
            stage=Stage.DRAFT if is_private else Stage.PUBLISHED,
            studies=seen.studies,
            subjects=seen.subjects,
            fields=seen.item.fields(may_edit=may_edit),
            may=frozenset({Act.EDIT, Act.SHOW}) if may_edit else frozenset(),
            visibility=seen.level,
            link=f"{self._url}/data/projects/{segment(self._project)}?format=html",
        )

    # -- the act ----------------------------------------------------------------------------

    async def _change(self, objects: Objects, visibility: str, leave: Cleared) -> None:
        """Set it. Where the sign-in ran out meanwhile it is looked at first, then asked for again
        under the same leave; where an answer was lost, what the node says decides."""
        is_spent = False

        def change(xnat: BaseXNATSession) -> None:
            nonlocal is_spent
            if is_spent and level_of(xnat, self._project, self._node) == visibility:
                return
            if not is_spent:
                leave.spend(Action.ACCESSIBILITY, node=self._node)
                is_spent = True
            set_level(xnat, self._project, visibility, self._node)

        try:
            await objects.ask(change)
        except AccessRefused as refused:
            raise await self._why_refused(objects, refused) from refused
        except DatasetGone:
            raise
        except NodeError as problem:
            # Also one that did not reach the node: it may be of the request after the change.
            if not is_spent:
                raise
            await self._read_back(objects, visibility, problem)

    async def _why_refused(self, objects: Objects, refused: AccessRefused) -> NotAllowed:
        """403 has two reasons: the role, which may have changed since it was asked, and the
        site's settings."""
        role = await role_in(objects, self._project)
        if role.may_publish is False:
            return role.refusal("set the accessibility", self._node)
        if role.may_publish is None:
            return refused
        return NotAllowed(
            "The site forbids projects that are not private, also to their owners.",
            "Ask the node's administrator to allow non-private projects in the site's settings;"
            " then run the command again. Nothing was changed.",
            node=self._node,
        )

    async def _read_back(self, objects: Objects, visibility: str, problem: NodeError) -> None:
        try:
            level = await objects.ask(lambda xnat: level_of(xnat, self._project, self._node))
        except (*_OUTCOME_OPEN, SignInExpired, SignInRefused) as again:
            is_signed_out = isinstance(again, SignInExpired | SignInRefused)
            kind = type(again) if is_signed_out else Unreachable
            raise kind(
                f"It is not known whether project {self._project} is {visibility} now: the node's"
                f" answer was lost, and it gives no other. {again.what}",
                f"{again.remedy if is_signed_out else 'Wait a little.'} Then run the same command"
                " again: it looks first, and changes nothing twice.",
                node=self._node,
                retry=again.retry,
            ) from problem
        if level == visibility:
            return
        if not isinstance(problem, _OUTCOME_OPEN):
            raise problem
        raise Unreachable(
            f"The change did not come through. Read back, the project is still {level}.",
            "Run the same command again.",
            node=self._node,
            retry=problem.retry,
        ) from problem

    # -- refusals ---------------------------------------------------------------------------

    def _demand_ours(self, id: str) -> None:
        if id != self._project:
            raise DatasetGone(
                f"The dataset of this transfer is project {self._project}, and no other one.",
                "Look at the transfer's destination.",
                node=self._node,
            )

    def _demand_kept(self, after: Seen, before: Seen, wanted: Mapping[str, str]) -> None:
        if after.level != before.level:
            raise self._refused(
                f"While its texts were changed the project went from {before.level} to"
                f" {after.level}; this program did not ask for that.",
                "Look at the project's page, under Access, and ask the other owners.",
            )
        lost = [key for key, text in wanted.items() if not after.item.keeps(key, text)]
        if lost:
            raise self._refused(
                f"The node took the change and keeps another text: {metadata.titles(lost)}.",
                "Look in the project's page at what it made of it; what was to be emptied may have"
                " to be emptied there.",
            )

    def _refused(self, what: str, remedy: str) -> DatasetRefused:
        return DatasetRefused(what, remedy, node=self._node)

    def _not_here(self, what: str, remedy: str) -> NotSupported:
        return NotSupported(what, remedy, node=self._node)
