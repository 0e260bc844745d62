"""Step 10 of one transfer, carried out: a dataset is found or made, followed, filled in, compared,
and shown to others behind the gate; then the platform is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from transfer.checkpoint import passed
from transfer.errors import (
    DatasetRefused,
    NodeError,
    StepBlocked,
    UsageError,
)
from transfer.journey.waiting import since
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.publication import (
    Accepted,
    Happened,
    add_accepted,
    add_happened,
    bound_dataset,
    kept_texts,
    read_trouble,
)
from transfer.legal.gate import refuse_unless_confirmed
from transfer.publication.comparing import read_cohort
from transfer.publication.creating import (
    LOOK_UP_S,
    bind_created,
    create_once,
    give_up,
    look_up,
    open_creation,
    refuse_same_name,
    same_named,
    unknown,
)
from transfer.publication.explaining import explain_failure, plain
from transfer.publication.holding import held
from transfer.publication.index_file import forget_index, take_index
from transfer.publication.looking import (
    DELETE_ASKED,
    compare,
    forget,
    known_dataset,
    look_at_node,
    look_of,
)
from transfer.publication.means import Clock, Means, Sleep, now
from transfer.publication.metadata import lacking
from transfer.publication.node import Publisher
from transfer.publication.readiness import refuse_unless_ready
from transfer.publication.seeking import new_candidates, only_one
from transfer.publication.showing import (
    edit,
    keep_entered,
    refuse_at_the_gate,
    refuse_faulty,
    refuse_lacking,
    show,
    told_of,
    write_kept,
)
from transfer.publication.speech import person_of, reason_of, refuse_patients
from transfer.publication.standing import Look
from transfer.publication.values import (
    Act,
    Dataset,
    GuideLine,
    NewDataset,
    PublicationWay,
    Stage,
    Texts,
)
from transfer.workspace import Workspace

FOLLOW_S: Final = 3600.0
"""How long `publish` follows a dataset that is being made."""
WAIT_EVERY_S: Final = 600.0
"""No platform is asked more often than that whether it has published."""
_FAST_S: Final = 2.0
_SLOW_S: Final = 10.0
_FAST_FOR_S: Final = 60.0
_LONGEST_REASON: Final = 128
_GONE_ON: Final = (Stage.FAILED, Stage.INVALIDATED)

Told = Callable[[Look], None]


def _nobody(_: Look) -> None:
    return None


class Carrier:
    """Carries one transfer through step 10. One process acts at a time: it holds
    `publication.lock` of the workspace for as long as one act takes, and no longer.

    The ledger is used in the thread of the event loop, which it blocks. Every method that asks the
    node raises its `NodeError`; what stood in the way is kept in the ledger then.

    Raises:
        RunnerHeld: another process is at step 10, or a runner has the transfer.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        publisher: Publisher,
        *,
        is_sandbox_node: bool,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = now,
    ) -> None:
        self._means = Means(workspace, ledger, publisher, is_sandbox_node, sleep, clock)
        self._workspace = workspace
        self._ledger = ledger
        self._publisher = publisher
        self._name = read_order(ledger).name

    @property
    def way(self) -> PublicationWay:
        return self._publisher.way

    def guide(self) -> Sequence[GuideLine]:
        """What a person does in the node's own pages; asks nobody."""
        return self._publisher.guide(read_cohort(self._ledger))

    def seen(self) -> Look:
        """As it was seen last; asks nobody. Of the metadata it has the empty form alone."""
        bound = bound_dataset(self._ledger)
        return look_of(self._means, bound.dataset if bound else None)

    async def look(self) -> Look:
        """Ask the node how it stands and keep what it says. Nothing is picked up but a dataset
        that this transfer asked for itself."""
        refuse_lacking(self._means)
        async with held(self._workspace, self._ledger):
            with self._means.trying("look"):
                return await look_at_node(self._means)

    async def candidates(self) -> Sequence[Dataset]:
        """Datasets on the node that may be this transfer's: made after its first instance went,
        and bound to no other transfer of this home. Not held: asks alone."""
        refuse_lacking(self._means)
        return await new_candidates(self._means)

    async def pick_up(self, id: str | None, person: str = "") -> Look:
        """Take a dataset that a person made on the node for that of this transfer: the only new
        draft, or the one of that id. Metadata that were entered before are written into it.

        Raises:
            StepBlocked: there is none or several, or the transfer has one that others see.
            UsageError: the project is the dataset here.
            DatasetGone: there is none of that id.
        """
        self._refuse_where_born()
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger):
            with self._means.trying("pick up"):
                return await self._pick_up(id, person)

    async def _pick_up(self, id: str | None, person: str) -> Look:
        bound = bound_dataset(self._ledger)
        if bound is not None and id in (None, bound.id) and bound.stage not in _GONE_ON:
            return await look_at_node(self._means)
        if id is None:
            id = only_one(await new_candidates(self._means)).id
        elif id in self._means.bound_elsewhere():
            raise StepBlocked(
                "That dataset belongs to another transfer; nothing was picked up.",
                "See which is this one's: eucaim-transfer dataset NAME --pick-up",
            )
        dataset = await self._publisher.dataset(id)
        if bound is not None and bound.id != dataset.id:
            self._refuse_second(dataset.previous_id)
        self._means.keep(dataset, "picked-up", Happened("picked up", dataset.id, person=person))
        passed("picked-up")
        dataset = await write_kept(self._means, dataset, person)
        self._means.keep(dataset, "picked-up")
        await compare(self._means, dataset, "picked-up", by_name=True)
        return look_of(self._means, dataset)

    def _refuse_second(self, previous_id: str) -> None:
        bound = bound_dataset(self._ledger)
        if bound is None or bound.stage in _GONE_ON or previous_id == bound.id:
            return
        if bound.stage in (Stage.RELEASED, Stage.PUBLISHED):
            raise StepBlocked(
                "This transfer has a dataset already that others see; nothing was changed.",
                "Make a new version of it (--new-version-of ID), or mark it first as not to be"
                " used: eucaim-transfer dataset NAME --invalidate --reason TEXT --by PERSON",
            )

    def _refuse_where_born(self) -> None:
        refuse_lacking(self._means)
        if not self.way.is_born_elsewhere:
            raise UsageError(
                "On this node the project itself is the dataset; there is none to pick up or to"
                " create.",
                f"Go on with: eucaim-transfer publish {self._name}",
            )

    async def create(self, wanted: NewDataset, person: str = "", *, again: bool = False) -> Look:
        """Create a dataset from an index that a person has. Where an earlier attempt was not
        answered, what became of it is found out instead. `again`: a person says that there may be a
        second one of that name, or that an earlier attempt came to nothing.

        Raises:
            StepBlocked: something comes first, a name is taken, subjects are strangers, or nobody
                knows whether it was created.
            UsageError: the files or the metadata are not fit.
            DatasetRefused: the node will not take it.
        """
        self._refuse_where_born()
        if not self.way.takes_index:
            raise UsageError(
                "This node takes no index of studies.",
                f"See what to do instead: eucaim-transfer dataset {self._name} --guide",
            )
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger, from_runners=True):
            refuse_unless_ready(self._workspace, self._ledger)
            bound = bound_dataset(self._ledger)
            if open_creation(self._means) is None and bound is not None:
                if bound.stage in (Stage.CREATING, Stage.DRAFT):
                    raise StepBlocked(
                        "This transfer has a draft already; nothing was created.",
                        f"Look at it: eucaim-transfer dataset {self._name}",
                    )
                self._refuse_second(wanted.previous_id)
            metadata = {**kept_texts(self._ledger), **wanted.metadata}
            refuse_faulty(self.way.fields, metadata)
            needed = [f for f in lacking(self.way.fields, metadata) if f.key == "name"]
            if needed:
                raise UsageError(
                    f"The dataset needs a name; nothing was created. {told_of(needed)}",
                    "Give it in the metadata: --metadata FILE",
                )
            keep_entered(self._means, metadata, person)
            name = metadata.get("name", ("",))[0]
            ready = NewDataset(
                metadata, wanted.index, wanted.clinical, wanted.previous_id, wanted.form
            )
            with self._means.trying("create"):
                return await self._create(ready, name, person, again=again)

    async def _create(self, wanted: NewDataset, name: str, person: str, *, again: bool) -> Look:
        means, attempt = self._means, open_creation(self._means)
        if attempt is not None:
            found = await look_up(means, attempt, LOOK_UP_S)
            if found is not None:
                bind_created(means, attempt, found)
                return await look_at_node(means)
            if not again:
                raise unknown(attempt)
            give_up(means, attempt, person)
        index = take_index(self._workspace, self._ledger, wanted)
        try:
            if not wanted.previous_id and not again:
                refuse_same_name(await same_named(means, name, wanted.previous_id))
            dataset_id = await create_once(means, index, name, person)
        finally:
            forget_index(self._workspace)
        attempt = open_creation(means)
        assert attempt is not None, "it was written before the request"
        made = Dataset(dataset_id, name, Stage.CREATING, previous_id=wanted.previous_id)
        bind_created(means, attempt, made)
        return await look_at_node(means)

    async def follow(self, for_s: float = FOLLOW_S, told: Told = _nobody) -> Look:
        """Go on asking until the node has made the dataset; then it is compared, and what was
        entered before is written into it. Returns at once where nothing is being made.

        Raises:
            StepBlocked: it is not made after that time; nothing is lost.
            DatasetRefused: the node gave up, and why.
        """
        followed_s = 0.0
        while True:
            try:
                look = await self.look()
            except NodeError as error:
                # It goes on on the node, whether it can be asked or not.
                if not error.retry.allowed or followed_s >= for_s:
                    raise
            else:
                told(look)
                stage = look.dataset.stage if look.dataset else None
                if stage is Stage.FAILED and look.dataset is not None:
                    failure = DatasetRefused(*explain_failure(look.dataset.said))
                    self._means.trouble("follow", failure)
                    raise failure
                if stage is not Stage.CREATING:
                    return await self._made() if stage is Stage.DRAFT else look
            if followed_s >= for_s:
                late = self._late(for_s)
                self._means.trouble("follow", late)
                raise late
            pause = _FAST_S if followed_s < _FAST_FOR_S else _SLOW_S
            await self._means.sleep(pause)
            followed_s += pause

    async def _made(self) -> Look:
        async with held(self._workspace, self._ledger):
            with self._means.trying("follow"):
                look = await look_at_node(self._means)
                if look.dataset is None:
                    return look
                dataset = await write_kept(self._means, look.dataset, "")
                return look if dataset is look.dataset else await look_at_node(self._means)

    def _late(self, for_s: float) -> StepBlocked:
        bound = bound_dataset(self._ledger)
        said = plain(bound.dataset.said) if bound else ""
        last = f" Its last word: {said}" if said else ""
        return StepBlocked(
            f"The node has not made the dataset after {for_s / 60:.0f} minutes.{last} Nothing is"
            " lost: it may still do so.",
            f"Go on following: eucaim-transfer dataset {self._name} --follow. Where it has not even"
            " begun for hours, tell the node's support, or remove it:"
            f" eucaim-transfer dataset {self._name} --delete --confirm {self._name}",
        )

    async def edit(self, texts: Texts, person: str = "") -> Look:
        """Fill metadata in. They are kept here first; before there is a dataset, only here.

        Raises:
            StepBlocked: a text tells of a patient.
            UsageError: a value does not fit.
            DatasetRefused: the node did not take one.
        """
        refuse_lacking(self._means)
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger):
            if await self._has_none():
                refuse_faulty(self.way.fields, texts)
                keep_entered(self._means, texts, person)
                return look_of(self._means, None)
            with self._means.trying("edit"):
                look = await look_at_node(self._means)
                if look.dataset is not None:
                    refuse_faulty(tuple(look.dataset.fields), texts)
                keep_entered(self._means, texts, person)
                if look.dataset is None:
                    return look
                edited = await edit(self._means, look.dataset, texts, person)
                if edited is look.dataset:
                    return look
                return await look_at_node(self._means)

    async def _has_none(self) -> bool:
        is_waiting = open_creation(self._means) is not None
        return not is_waiting and await known_dataset(self._means) is None

    async def accept_difference(self, person: str, reason: str) -> Look:
        """A person answers for what the node counts otherwise: for these very figures.

        Raises:
            UsageError: who or why is missing, or nothing differs.
            StepBlocked: the reason tells of a patient.
        """
        person, reason = person_of(person), reason_of(reason)
        refuse_patients(self._ledger, {"reason": reason})
        async with held(self._workspace, self._ledger):
            with self._means.trying("compare"):
                look = await look_at_node(self._means, by_name=True)
            if look.dataset is None or look.difference is None or not look.difference.is_fault:
                raise UsageError(
                    "Nothing differs that would have to be accepted.",
                    f"See how it stands: eucaim-transfer dataset {self._name}",
                )
            at, figures = self._means.now_utc(), look.difference.figures
            with self._ledger.transaction():
                word = Accepted(look.dataset.id, figures, person, reason)
                add_accepted(self._ledger, word, at)
                said = Happened("difference accepted", look.dataset.id, reason, person)
                add_happened(self._ledger, said, at)
            return look_of(self._means, look.dataset)

    async def publish(
        self,
        visibility: str,
        confirm: str | None,
        person: str = "",
        texts: Texts | None = None,
        told: Told = _nobody,
        follow_s: float = FOLLOW_S,
    ) -> Look:
        """Release the dataset, or let others see the project. The gate is asked before anything
        else, and once more right before the request that changes something. What was left off goes
        on where it stands; what is shown already is not shown again.

        Raises:
            StepBlocked: the legal record is not whole, something comes first, there is no dataset
                yet, or what the node holds differs.
            UsageError: the name was not typed, or a value does not fit.
            NotAllowed, DatasetRefused: the node will not.
        """
        visibility = refuse_at_the_gate(self._means, visibility, confirm)
        refuse_lacking(self._means)
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger, from_runners=True):
            refuse_unless_ready(self._workspace, self._ledger)
            if texts:
                refuse_faulty(self.way.fields, texts)
                keep_entered(self._means, texts, person)
            with self._means.trying("publish"):
                if await known_dataset(self._means) is None:
                    attempt = open_creation(self._means)
                    if attempt is not None:
                        raise unknown(attempt)
                    await self._pick_up(None, person)
        if self.way.is_born_elsewhere:
            await self.follow(follow_s, told)
        async with held(self._workspace, self._ledger, from_runners=True):
            refuse_unless_ready(self._workspace, self._ledger)
            with self._means.trying("publish"):
                look = await show(self._means, visibility, confirm, person, texts)
            told(look)
            return look

    async def wait(self, for_s: float, told: Told = _nobody) -> Look:
        """Ask now and then, never more often than every ten minutes, until the platform has
        published the dataset and named its identifiers; returns at the end of that time all the
        same. A node that cannot be reached meanwhile is asked again later; a sign-in that ran out
        is told."""
        left_s = for_s
        while True:
            pause = min(self._pause_s(), left_s)
            if pause > 0:
                await self._means.sleep(pause)
                left_s -= pause
                if left_s <= 0 and self._pause_s() > 0:
                    return self.seen()
            try:
                look = await self.look()
            except NodeError as error:
                if not error.retry.allowed:
                    raise
                look = self.seen()
            else:
                told(look)
                if not self._is_awaited(look):
                    return look
            if left_s <= 0:
                return look

    def _is_awaited(self, look: Look) -> bool:
        if look.dataset is None or not look.way.waits_for:
            return False
        stage = look.dataset.stage
        return stage is Stage.RELEASED or (stage is Stage.PUBLISHED and not look.dataset.pids)

    def _pause_s(self) -> float:
        """How long nobody is to be asked yet. A clock that was put back never makes it longer than
        one turn."""
        bound, trouble = bound_dataset(self._ledger), read_trouble(self._ledger)
        asked = [bound.seen_at_utc] if bound else []
        asked += [trouble.at_utc] if trouble else []
        moments = [at for at in map(since, asked) if at is not None]
        if not moments:
            return 0.0
        passed_s = (self._means.clock() - max(moments)).total_seconds()
        return min(max(WAIT_EVERY_S - passed_s, 0.0), WAIT_EVERY_S)

    async def invalidate(self, reason: str, person: str, confirm: str | None) -> Look:
        """Mark the dataset as not to be used any more, with the reason that others read.

        Raises:
            UsageError: name, person or reason is missing.
            StepBlocked: there is no dataset, or the reason tells of a patient.
            NotAllowed, DatasetRefused: the node will not.
        """
        refuse_unless_confirmed(self._name, confirm)
        refuse_lacking(self._means)
        person, reason = person_of(person), reason_of(reason, _LONGEST_REASON)
        refuse_patients(self._ledger, {"reason": reason})
        async with held(self._workspace, self._ledger):
            with self._means.trying("invalidate"):
                look = await look_at_node(self._means)
                dataset = look.dataset
                if dataset is None or look.origin is None:
                    raise StepBlocked("There is no dataset to be marked.", "Nothing is to be done.")
                if dataset.stage is Stage.INVALIDATED:
                    return look
                asked = Happened("invalidation asked for", dataset.id, reason, person)
                self._means.happened(asked)
                passed("invalidate-asked")
                dataset = await self._publisher.invalidate(dataset.id, reason)
                passed("invalidate-answered")
                done = Happened("marked as not to be used", dataset.id, reason, person)
                self._means.keep(dataset, look.origin, done)
                return look_of(self._means, dataset)

    async def delete(self, confirm: str | None) -> Look:
        """Remove a dataset whose creation did not end well. Images and clinical data stay.

        Raises:
            UsageError: the name was not typed.
            StepBlocked: there is none, or it is not one of that kind.
        """
        refuse_unless_confirmed(self._name, confirm)
        self._refuse_where_born()
        async with held(self._workspace, self._ledger):
            with self._means.trying("delete"):
                look = await look_at_node(self._means)
                dataset = look.dataset
                if dataset is None:
                    return look
                is_unfinished = dataset.stage in (Stage.CREATING, Stage.FAILED)
                if not is_unfinished or Act.DELETE not in dataset.may:
                    raise StepBlocked(
                        "Only a dataset that was not made to its end can be removed, by who made"
                        " it; nothing was changed.",
                        "One that is made is marked as not to be used instead: eucaim-transfer"
                        " dataset NAME --invalidate --reason TEXT --by PERSON",
                    )
                self._means.happened(Happened(DELETE_ASKED, dataset.id))
                passed("delete-asked")
                await self._publisher.delete(dataset.id)
                passed("delete-answered")
                forget(self._means, "removed", dataset.id)
                return look_of(self._means, None)
