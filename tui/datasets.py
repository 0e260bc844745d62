"""What the screens of step 10 ask of the engine. Everything here blocks: call in threads."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, read_order
from transfer.ledger.publication import kept_texts
from transfer.legal.standing import LegalStanding, read_legal
from transfer.publication.comparing import read_cohort
from transfer.publication.metadata import faults_of, keep_metadata, lacking
from transfer.publication.standing import Fault, Look, PublicationState, read_publication
from transfer.publication.values import Field, PublicationWay, Stage
from transfer.workspace import Home, Workspace
from tui.choosing import names_of
from tui.publishing import carry, way_of

if TYPE_CHECKING:
    from transfer.publication.carrying import Carrier
    from transfer.publication.values import Cohort, Dataset, GuideLine, NewDataset

T = TypeVar("T")
Values = tuple[str, ...]
_SHOWN = (Stage.RELEASED, Stage.PUBLISHED, Stage.INVALIDATED)


@dataclass(frozen=True, slots=True)
class DatasetView:
    """Step 10 as it is known: by the node where it was just asked, else by the ledger."""

    transfer: str
    node: str
    look: Look
    legal: LegalStanding
    is_catalogued: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The metadata: what was filled in here stands over what the node has. `is_on_node`: there is
    a dataset in which it can be saved; `is_shown`: others see that already."""

    fields: Sequence[Field] = ()
    kept: Mapping[str, Values] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    is_on_node: bool = False
    is_shown: bool = False

    def of(self, key: str) -> Field | None:
        """The field of that key."""
        return next((one for one in self.fields if one.key == key), None)

    def values(self, key: str) -> Values:
        """What stands in a field."""
        one = self.of(key)
        had = one.value if one else ()
        return self.kept.get(key, had) if one is not None and one.is_editable else had

    def fault(self, key: str) -> Fault | None:
        """What is wrong with a field."""
        return next((fault for fault in self.faults if fault.key == key), None)

    @property
    def changed(self) -> frozenset[str]:
        """Keys of what the node does not have so."""
        return frozenset(one.key for one in self.fields if self.values(one.key) != one.value)

    @property
    def blocking(self) -> Sequence[Fault]:
        """What has to be put right before others see it."""
        return [fault for fault in self.faults if fault.severity == "block"]

    @property
    def keeps_from_saving(self) -> bool:
        """Something that was filled in would be refused."""
        return any(fault.key in self.changed for fault in self.blocking)


class Datasets:
    """Step 10 of all transfers of a home. What a node said of a dataset's fields is remembered:
    the ledger does not keep them. What is pressed while a look is under way waits for its end."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._fields: dict[str, Sequence[Field]] = {}
        self._turn = threading.Lock()

    # Looking ------------------------------------------------------------------------------

    def standing(self, name: str) -> DatasetView:
        """What is known without asking anybody.

        Raises:
            UsageError: the node's configuration cannot be used.
        """
        way = way_of(self._home, name)
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            order, state = read_order(ledger), read_publication(ledger)
            cohort = read_cohort(ledger)
            look = look_from(state, way, cohort, name)
            if look.dataset is not None and name in self._fields:
                fields = self._fields[name]
                known = replace(look.dataset, fields=fields)
                is_open = known.stage in (Stage.CREATING, Stage.DRAFT)
                look = replace(look, dataset=known, faults=lacking(fields) if is_open else ())
            return self._view(ledger, order, state, look)

    def look(self, name: str) -> DatasetView:
        """The same, the node asked now. Raises: NodeError."""
        return self._seen(name, lambda carrier: carrier.look())

    def guide(self, name: str) -> Sequence[GuideLine]:
        """What a person enters in the node's own pages."""

        async def guide(carrier: Carrier) -> Sequence[GuideLine]:
            return carrier.guide()

        return carry(self._home, name, guide)

    def candidates(self, name: str) -> Sequence[Dataset]:
        """New drafts on the node that may be this transfer's. Raises: NodeError."""
        return carry(self._home, name, lambda carrier: carrier.candidates())

    # Acting -------------------------------------------------------------------------------

    def pick_up(self, name: str, id: str, person: str) -> DatasetView:
        """Follow this draft from now on."""
        return self._seen(name, lambda carrier: carrier.pick_up(id, person))

    def settle(self, name: str) -> DatasetView:
        """The node has just made the dataset: put into it what was filled in before."""
        return self._seen(name, lambda carrier: carrier.follow(0.0))

    def create(
        self, name: str, wanted: NewDataset, person: str, *, again: bool = False
    ) -> DatasetView:
        """Have the node make the dataset from an index; see `Carrier.create`."""
        return self._seen(name, lambda carrier: carrier.create(wanted, person, again=again))

    def accept(self, name: str, person: str, reason: str) -> DatasetView:
        """Keep a person's word on the difference."""
        return self._seen(name, lambda carrier: carrier.accept_difference(person, reason))

    def publish(self, name: str, visibility: str, confirm: str, person: str) -> DatasetView:
        """The act behind the gate."""
        return self._seen(name, lambda carrier: carrier.publish(visibility, confirm, person))

    def invalidate(self, name: str, reason: str, person: str, confirm: str) -> DatasetView:
        """Mark the dataset as not to be used."""
        return self._seen(name, lambda carrier: carrier.invalidate(reason, person, confirm))

    def delete(self, name: str, confirm: str) -> DatasetView:
        """Remove what is left of a creation that failed."""
        return self._seen(name, lambda carrier: carrier.delete(confirm))

    # Metadata -----------------------------------------------------------------------------

    def form(self, name: str) -> Form:
        """The form; the node is asked only where it holds a dataset that was not looked at yet.

        Raises:
            NodeError: it could not be asked.
        """
        view = self.standing(name)
        if view.look.dataset is not None and name not in self._fields:
            view = self.look(name)
        return self._form(name, view)

    def keep(self, name: str, key: str, values: Values | None) -> Form:
        """Keep what a person filled in; None: what the node has."""
        form = self.form(name)
        one = form.of(key)
        if one is not None:
            with Ledger.open(self._workspace(name).ledger) as ledger:
                ledger.names = names_of(self._home, ledger)
                keep_metadata(ledger, {key: one.value if values is None else values})
        return self.form(name)

    def save(self, name: str, person: str) -> Form:
        """Put what was filled in on the node, and read it back. Raises: NodeError."""
        form = self.form(name)
        texts = {key: form.values(key) for key in form.changed}
        view = self._seen(name, lambda carrier: carrier.edit(texts, person))
        return self._form(name, view)

    def faults_in(self, one: Field, values: Values) -> list[str]:
        """What the node would refuse of these values, a sentence each; asks nobody."""
        faults = faults_of([one], {one.key: values})
        return [fault.text for fault in faults if fault.severity == "block"]

    def _form(self, name: str, view: DatasetView) -> Form:
        dataset = view.look.dataset
        fields = self._fields.get(name, ()) if dataset else view.look.way.fields
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            kept = kept_texts(ledger, not_in=dataset.id if dataset else None)
        is_shown = dataset is not None and dataset.stage in _SHOWN
        form = Form(fields, kept, (), dataset is not None, is_shown)
        texts = {one.key: form.values(one.key) for one in fields if one.is_editable}
        filled = {key: values for key, values in texts.items() if values}
        faults = [*faults_of(fields, filled), *lacking(fields, texts)]
        return replace(form, faults=faults)

    # Both ---------------------------------------------------------------------------------

    def _seen(self, name: str, act: Callable[[Carrier], Awaitable[Look]]) -> DatasetView:
        with self._turn:
            look = carry(self._home, name, act)
        self._fields.pop(name, None)
        if look.dataset is not None:
            self._fields[name] = look.dataset.fields
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return self._view(ledger, read_order(ledger), read_publication(ledger), look)

    def _view(
        self, ledger: Ledger, order: Order, state: PublicationState, look: Look
    ) -> DatasetView:
        from tui.nodes import is_sandbox_node

        legal = read_legal(ledger, is_sandbox_node=is_sandbox_node(self._home, order.node))
        return DatasetView(order.name, order.node, look, legal, state.catalogued)

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def look_from(state: PublicationState, way: PublicationWay, cohort: Cohort, name: str) -> Look:
    """What the ledger knows, in the form of a look at the node."""
    bound = state.bound
    next_, command = state.next_move(name)
    return Look(
        way,
        cohort,
        dataset=bound.dataset if bound else None,
        origin=bound.origin if bound else None,
        difference=state.difference,
        accepted=state.accepted,
        creation=state.creation,
        trouble=state.trouble,
        stage_since_utc=bound.stage_since_utc if bound else "",
        seen_at_utc=bound.seen_at_utc if bound else "",
        next=next_,
        command=command,
    )
