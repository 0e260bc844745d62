"""A node's step 10 in memory: a small state machine that keeps its rules, and a clock beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from transfer.errors import DatasetGone, DatasetRefused, NodeError, NotAllowed, Unreachable
from transfer.legal.gate import Action, Cleared
from transfer.node import Right
from transfer.publication.values import (
    Act,
    Cohort,
    Dataset,
    Field,
    GuideLine,
    HeldStudy,
    NewDataset,
    PublicationWay,
    Stage,
    Texts,
    Visibility,
)
from transfer.values import StudyRef

FIELDS: Final = (
    Field("name", "Name", least=3, most=20, is_needed=True, is_fixed_later=True),
    Field("description", "Description", "text", is_fixed_later=True),
    Field("type", "Type", "choices", allowed=("original", "annotated")),
    Field("license", "Licence", if_empty="Nobody may use it without one."),
)
BORN_THERE: Final = PublicationWay(
    Action.RELEASE,
    is_born_elsewhere=True,
    fields=FIELDS,
    waits_for="the platform, some days",
    takes_index=True,
)
A_PROJECT: Final = PublicationWay(
    Action.ACCESSIBILITY,
    is_born_elsewhere=False,
    visibilities=(
        Visibility("protected", "Protected", "Its name."),
        Visibility("public", "Public", "All of it.", asks_twice=True),
    ),
    fields=FIELDS,
)
SUBJECTS: Final = ("ORIGINAL-1", "ORIGINAL-2", "ORIGINAL-3")


class Hours:
    """A clock that only sleeping moves, and what was slept."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class MadeNode:
    """The node's side. `asked` is its log. A creation is done at the `takes`-th look at it; with
    `fails` it ends in that message. `refusals` are raised instead of an answer, by call, in order;
    with `loses` the node does what it is asked to, and its answer is lost. `called` are names that
    it gives to subjects in the place of their Patient IDs."""

    clock: Hours
    name: str = "upv"
    held: tuple[tuple[str, str], ...] = tuple((s, f"study of {s}") for s in SUBJECTS)
    called: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    takes: int = 0
    fails: str = ""
    lists_creating: bool = True
    refusals: dict[str, list[NodeError]] = field(default_factory=dict)
    loses: set[str] = field(default_factory=set)
    is_allowed: bool = True
    may_delete: bool = True
    contents: list[bytes] = field(default_factory=list)
    _looks: dict[str, int] = field(default_factory=dict)

    def log(self, call: str) -> None:
        self.asked.append(call)
        if waiting := self.refusals.get(call):
            raise waiting.pop(0)
        if not self.is_allowed:
            raise NotAllowed("The account lacks the role admin_datasets.", "Ask for it.")

    def export(self, name: str = "Lungs", **changed: object) -> Dataset:
        """A person presses "Export dataset" in the node's own pages."""
        number = len(self.datasets) + 1
        made = Dataset(
            f"d{number}",
            name,
            Stage.CREATING if self.takes else Stage.DRAFT,
            version="1",
            created_at_utc=self.clock.now.isoformat(),
            studies=None if self.takes else len(self.held),
            subjects=None if self.takes else len({subject for subject, _ in self.held}),
            fields=tuple(
                replace(field_, value=(name,)) if field_.key == "name" else field_
                for field_ in FIELDS
            ),
            may=frozenset([Act.EDIT, Act.SHOW, Act.INVALIDATE]),
        )
        if self.takes:
            may = [Act.EDIT, Act.DELETE] if self.may_delete else [Act.EDIT]
            made = replace(made, said="Launching dataset creation job...", may=frozenset(may))
        made = replace(made, **changed)  # type: ignore[arg-type]
        self.datasets[made.id] = made
        return made

    def looked(self, id: str) -> Dataset:
        if id not in self.datasets:
            raise DatasetGone("The node knows no such dataset.", "Look again.")
        self._looks[id] = self._looks.get(id, 0) + 1
        if self.datasets[id].stage is Stage.CREATING and self._looks[id] >= self.takes:
            self._end(id)
        return self.datasets[id]

    def _end(self, id: str) -> None:
        dataset = self.datasets[id]
        if self.fails:
            self.datasets[id] = replace(dataset, stage=Stage.FAILED, said=self.fails)
            return
        self.datasets[id] = replace(
            dataset,
            stage=Stage.DRAFT,
            said="",
            studies=len(self.held),
            subjects=len({subject for subject, _ in self.held}),
            may=frozenset([Act.EDIT, Act.SHOW, Act.INVALIDATE]),
        )

    def publish(self, id: str, **pids: str) -> None:
        """The platform lets everybody in."""
        self.datasets[id] = replace(self.datasets[id], stage=Stage.PUBLISHED, pids=pids)

    def times(self, call: str) -> int:
        return self.asked.count(call)


class MadePublisher:
    """What an adapter would say of `MadeNode`."""

    def __init__(self, node: MadeNode, way: PublicationWay = BORN_THERE) -> None:
        self._node = node
        self._way = way

    @property
    def way(self) -> PublicationWay:
        return self._way

    def guide(self, cohort: Cohort) -> Sequence[GuideLine]:
        return (GuideLine("Select the cases", str(cohort.studies)),)

    async def rights(self) -> Sequence[Right]:
        self._node.log("rights")
        return ()

    async def candidates(self, name: str = "") -> Sequence[Dataset]:
        self._node.log("candidates")
        return [
            replace(dataset, fields=())
            for dataset in self._node.datasets.values()
            if (not name or dataset.name == name)
            and (self._node.lists_creating or dataset.stage is not Stage.CREATING)
        ]

    async def dataset(self, id: str) -> Dataset:
        self._node.log("dataset")
        return self._node.looked(id)

    async def studies(self, id: str) -> AsyncIterator[HeldStudy]:
        self._node.log("studies")
        for subject, name in self._node.held:
            yield HeldStudy(subject, name)

    def subject_of(self, study: StudyRef) -> str:
        return self._node.called.get(study.patient_id, study.patient_id)

    async def create(self, wanted: NewDataset) -> str:
        self._node.log("create")
        self._node.contents.append(wanted.index.read_bytes())
        made = self._node.export(wanted.metadata["name"][0], previous_id=wanted.previous_id)
        self._lose("create")
        return made.id

    async def edit(self, id: str, changes: Texts) -> Dataset:
        self._node.log("edit")
        dataset = self._node.datasets[id]
        fields = tuple(
            replace(one, value=tuple(changes[one.key])) if one.key in changes else one
            for one in dataset.fields
        )
        named = {one.key: one.value for one in fields}["name"]
        self._node.datasets[id] = replace(dataset, fields=fields, name=named[0])
        self._lose("edit")
        return self._node.datasets[id]

    async def show(self, id: str, visibility: str, leave: Cleared) -> Dataset:
        dataset = self._node.datasets[id]
        if Act.SHOW not in dataset.may:
            raise DatasetRefused("It cannot be shown.", "Look at it.")
        leave.spend(self._way.action, node=self._node.name)
        self._node.log("show")
        stage = Stage.RELEASED if self._way.waits_for else Stage.PUBLISHED
        self._node.datasets[id] = replace(dataset, stage=stage, visibility=visibility)
        self._lose("show")
        return self._node.datasets[id]

    async def invalidate(self, id: str, reason: str) -> Dataset:
        self._node.log("invalidate")
        dataset = self._node.datasets[id]
        self._node.datasets[id] = replace(dataset, stage=Stage.INVALIDATED, reason=reason)
        self._lose("invalidate")
        return self._node.datasets[id]

    async def delete(self, id: str) -> None:
        self._node.log("delete")
        del self._node.datasets[id]
        self._lose("delete")

    async def aclose(self) -> None:
        return None

    def _lose(self, call: str) -> None:
        if call in self._node.loses:
            raise Unreachable("The connection broke before the answer was whole.", "Again.")
