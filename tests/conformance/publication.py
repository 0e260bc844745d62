"""What any node that carries step 10 must keep of `transfer.publication.node.Publisher`.

An adapter enters by subclassing `PublicationConformance` and giving it a `place`. Nothing here
knows which node it is, nor what its metadata are called.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.legal.records import whole
from transfer.errors import DatasetGone, DatasetRefused, NodeError, NotAllowed, StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries
from transfer.ledger.order import Order, write_order
from transfer.legal.gate import Action, Cleared, cleared
from transfer.node import Node
from transfer.publication.node import Publisher
from transfer.publication.values import Act, Cohort, Dataset, Field, Stage, Texts
from transfer.values import ExitCode

STRANGE = 'Ünïcode & <b>"quotes"</b> \' \\ 𝄞 [/x]'
SHOWN = (Stage.RELEASED, Stage.PUBLISHED)
NAME = "conformance"


@dataclass(frozen=True)
class PublicationPlace:
    """A running node as this suite needs it.

    `open` gives an adapter that may do all of step 10, `stranger` one whose credential is wrong,
    `nowhere` one whose server does not exist. `draft` makes a dataset that is ready to be shown
    and gives its id. `subjects` are those of such a draft. `texts` are metadata that differ from
    a draft's.
    """

    destination: str
    open: Callable[[], Node]
    stranger: Callable[[], Node]
    nowhere: Callable[[], Node]
    draft: Callable[[], Awaitable[str]]
    subjects: Sequence[str]
    texts: Texts
    secrets: Sequence[str] = ()


@contextlib.contextmanager
def gate(folder: Path, node: str) -> Iterator[Callable[[Action], Cleared]]:
    """The gate of a transfer to this node whose legal record is whole."""
    path = folder / "ledger.sqlite3"
    with Ledger.create(path) as ledger:
        write_order(ledger, Order(NAME, node, Path("/data"), "P|S"))
        add_entries(ledger, whole())
    with Ledger.open(path) as ledger:
        yield lambda action: cleared(ledger, action, confirm=NAME)


def values_of(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {field.key: field.value for field in dataset.fields}


class PublicationConformance:
    """The tests that hold for every node."""

    @pytest.fixture
    def place(self) -> PublicationPlace:
        raise NotImplementedError("a subclass says which node")

    @pytest.fixture
    async def node(self, place: PublicationPlace) -> AsyncIterator[Node]:
        opened = place.open()
        try:
            yield opened
        finally:
            await opened.aclose()

    @pytest.fixture
    def publisher(self, place: PublicationPlace, node: Node) -> Publisher:
        return node.publisher(place.destination)

    @pytest.fixture
    def leave(self, node: Node, tmp_path: Path) -> Iterator[Callable[[Action], Cleared]]:
        with gate(tmp_path, node.name) as clears:
            yield clears

    def test_there_is_a_way_and_nothing_lacks(self, publisher: Publisher) -> None:
        way = publisher.way
        keys = [field.key for field in way.fields]
        assert list(way.lacking) == []
        assert keys
        assert len(set(keys)) == len(keys)
        assert way.action in Action

    def test_the_form_is_empty_and_says_what_it_wants(self, publisher: Publisher) -> None:
        for field in publisher.way.fields:
            assert field.value == ()
            assert field.title
            assert (field.kind in ("choice", "choices")) == bool(field.allowed)

    def test_a_dataset_that_is_born_elsewhere_comes_with_a_guide(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        lines = publisher.guide(Cohort("lung-2024", place.destination, 2, 3, 9))
        assert bool(lines) == publisher.way.is_born_elsewhere
        assert [line.text for line in lines if not line.text] == []

    async def test_the_account_has_its_rights(self, publisher: Publisher) -> None:
        rights = await publisher.rights()
        assert rights
        assert [right for right in rights if right.is_given is False] == []

    async def test_a_draft_is_looked_at(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        found = await publisher.dataset(id)
        assert (found.id, found.stage) == (id, Stage.DRAFT)
        assert found.may >= {Act.EDIT, Act.SHOW}
        assert found.subjects == len(place.subjects)
        assert [f.key for f in found.fields] == [f.key for f in publisher.way.fields]
        assert found.link.startswith("https://")

    async def test_a_draft_is_among_the_candidates(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        name = (await publisher.dataset(id)).name
        found = await publisher.candidates()
        named = await publisher.candidates(name)
        assert id in [dataset.id for dataset in found]
        assert id in [dataset.id for dataset in named]
        assert {dataset.name for dataset in named} == {name}
        assert [len(dataset.fields) for dataset in found] == [0] * len(found)
        made_at = [dataset.created_at_utc for dataset in found]
        assert made_at == sorted(made_at, reverse=True)
        assert await publisher.candidates(f"{name} that nobody made") == []

    async def test_its_studies_name_their_subjects(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        held = [study async for study in publisher.studies(id)]
        assert {study.subject for study in held} == set(place.subjects)
        assert len(held) == (await publisher.dataset(id)).studies

    async def test_a_dataset_that_nobody_made_is_gone(self, publisher: Publisher) -> None:
        id = "00000000-0000-4000-8000-000000000000"
        with pytest.raises(DatasetGone):
            await publisher.dataset(id)
        with pytest.raises(DatasetGone):
            await publisher.edit(id, {})

    async def test_metadata_are_changed_and_read_back(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        edited = await publisher.edit(id, place.texts)
        for dataset in (edited, await publisher.dataset(id)):
            values = values_of(dataset)
            assert {key: values[key] for key in place.texts} == dict(place.texts)

    async def test_each_text_keeps_every_character(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        texts = {
            field.key: (STRANGE[: field.most],)
            for field in publisher.way.fields
            if _takes_any_text(field)
        }
        assert texts
        values = values_of(await publisher.edit(id, texts))
        assert {key: values[key] for key in texts} == texts

    async def test_what_is_as_wanted_is_no_error(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        first = await publisher.edit(id, place.texts)
        assert values_of(await publisher.edit(id, place.texts)) == values_of(first)

    async def test_a_value_beyond_its_limit_changes_nothing(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        before = values_of(await publisher.dataset(id))
        limited = next(f for f in publisher.way.fields if f.most is not None and not f.allowed)
        assert limited.most is not None
        with pytest.raises(DatasetRefused):
            await publisher.edit(id, {**place.texts, limited.key: ("x" * (limited.most + 1),)})
        assert values_of(await publisher.dataset(id)) == before

    async def test_a_key_that_is_none_changes_nothing(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        before = values_of(await publisher.dataset(id))
        with pytest.raises(DatasetRefused):
            await publisher.edit(id, {**place.texts, "no-such-key": ("x",)})
        assert values_of(await publisher.dataset(id)) == before

    async def test_it_is_shown_with_the_gates_leave(
        self,
        place: PublicationPlace,
        publisher: Publisher,
        leave: Callable[[Action], Cleared],
    ) -> None:
        id = await place.draft()
        shown = await publisher.show(id, _visibility(publisher), leave(publisher.way.action))
        assert shown.stage in SHOWN
        assert (await publisher.dataset(id)).stage in SHOWN

    async def test_one_that_is_shown_is_not_asked_for_again(
        self,
        place: PublicationPlace,
        publisher: Publisher,
        leave: Callable[[Action], Cleared],
    ) -> None:
        id = await place.draft()
        for _ in range(2):
            shown = await publisher.show(id, _visibility(publisher), leave(publisher.way.action))
            assert shown.stage in SHOWN

    async def test_another_leave_shows_nothing(
        self,
        place: PublicationPlace,
        publisher: Publisher,
        leave: Callable[[Action], Cleared],
        tmp_path: Path,
    ) -> None:
        id = await place.draft()
        spent = leave(publisher.way.action)
        spent.spend(publisher.way.action, node=spent.node)
        other = next(action for action in Action if action is not publisher.way.action)
        (tmp_path / "elsewhere").mkdir()
        with gate(tmp_path / "elsewhere", "of-another-node") as elsewhere:
            for wrong in (spent, leave(other), elsewhere(publisher.way.action)):
                with pytest.raises(StepBlocked):
                    await publisher.show(id, _visibility(publisher), wrong)
        assert (await publisher.dataset(id)).stage is Stage.DRAFT

    async def test_a_wrong_credential_sees_and_changes_nothing(
        self, place: PublicationPlace, publisher: Publisher
    ) -> None:
        id = await place.draft()
        before = values_of(await publisher.dataset(id))
        stranger = place.stranger()
        try:
            theirs = stranger.publisher(place.destination)
            with pytest.raises(NodeError) as unseen:
                await theirs.dataset(id)
            with pytest.raises(NodeError) as unchanged:
                await theirs.edit(id, place.texts)
        finally:
            await stranger.aclose()
        for refused in (unseen.value, unchanged.value):
            assert refused.exit_code == ExitCode.SIGN_IN
            assert not [s for s in place.secrets if s in refused.what + refused.remedy]
        assert values_of(await publisher.dataset(id)) == before

    async def test_where_no_node_is_it_ends_in_an_error_of_ours(
        self, place: PublicationPlace
    ) -> None:
        lost = place.nowhere()
        try:
            with pytest.raises(NodeError) as refused:
                await lost.publisher(place.destination).candidates()
        finally:
            await lost.aclose()
        assert refused.value.retry.allowed
        assert not isinstance(refused.value, NotAllowed)

    async def test_closing_twice_is_harmless(self, publisher: Publisher) -> None:
        await publisher.aclose()
        await publisher.aclose()
        assert await publisher.rights()


def _takes_any_text(field: Field) -> bool:
    is_long_enough = field.most is None or field.most >= field.least
    return field.kind in ("line", "text") and field.is_editable and is_long_enough


def _visibility(publisher: Publisher) -> str:
    """The default of the node; empty where it leaves no choice."""
    levels = publisher.way.visibilities
    return levels[0].key if levels else ""
