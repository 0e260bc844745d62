"""The whole way to the stand-in, with what goes wrong on real servers made to go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.xnat.site import SiteOptions
from adapters.secrets import SecretStore
from adapters.xnat.archiving import Pace
from adapters.xnat.node import XnatNode
from adapters.xnat.options import Settings
from tests.conformance.made import MadeInstance, fresh_series, fresh_uid, made, many, uids
from tests.examining import examined
from transfer.errors import BodyTooLarge, NodeError, NotAllowed, StudyRefused
from transfer.node import Batch, Verdict
from transfer.values import SeriesInstanceUID, SeriesRef

PROJECT = "SANDBOX"
QUICK = Pace(first_look_s=0.02, longest_look_s=0.1, settle_s=0.5, silence_s=10.0, patience_s=20.0)
_MOST_TRIES = 6


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with in_thread(Options(xnat=SiteOptions(has_guests=True))) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The module's sandbox, with no fault left from the test before."""
    sandbox.faults.clear()
    yield sandbox
    sandbox.faults.clear()


def node_at(server: Sandbox, home: Path, username: str = "ingester") -> XnatNode:
    (home / "config.toml").write_text(
        f'[nodes.n]\nkind = "xnat"\nurl = "{server.xnat_url}"\nca_file = "{server.ca_file}"\n'
        f'username = "{username}"\ndestinations = ["{PROJECT}"]\n'
    )
    store = SecretStore(home, environ={}, keyring=lambda: None)
    store.hold("n.password", username)
    settings = Settings.of(load_profiles(home)["n"], home)
    return XnatNode(settings, store, environ={}, pace=QUICK)


class Engine:
    """As the engine does: repeats what may be repeated, commits, and looks at the archive."""

    def __init__(self, node: XnatNode) -> None:
        self._node = node
        self.refused: list[NodeError] = []

    async def send(self, images: Sequence[MadeInstance]) -> None:
        """Until every instance is acknowledged."""
        for _ in range(_MOST_TRIES):
            try:
                outcomes = await self._node.send(Batch(1, PROJECT, images), lambda _: None)
            except NodeError as error:
                self._note(error)
                continue
            assert {o.verdict for o in outcomes} == {Verdict.STORED}
            return
        raise AssertionError("never acknowledged")

    async def commit(self, series: SeriesRef) -> None:
        for _ in range(_MOST_TRIES):
            try:
                await self._node.commit_study(series.study, PROJECT)
            except NodeError as error:
                self._note(error)
                continue
            return
        raise AssertionError("never taken over")

    def _note(self, error: NodeError) -> None:
        if not error.retry.allowed:
            raise error
        self.refused.append(error)


def sessions_of(server: Sandbox, study: str) -> list[str]:
    server.xnat.advance()
    found = server.xnat.archive.sessions_of(PROJECT)
    return [s.label for s in found if s.uid == study]


def waiting(server: Sandbox) -> int:
    return len(server.xnat.waiting_objects())


async def proved(node: XnatNode, server: Sandbox, images: Sequence[MadeInstance]) -> None:
    """All are in one archived session of their Study, listed, and nothing waits."""
    for series in {image.series for image in images}:
        held = await node.holdings(series, PROJECT)
        assert held.keys() == uids([i for i in images if i.series == series])
    assert len(sessions_of(server, images[0].series.study_uid)) == 1
    assert waiting(server) == 0
    archived = server.xnat.archived_objects()
    assert uids(images) <= archived.keys()


BEFORE_SENDING = [
    "xnat:processing,times=2",
    "xnat:concurrent,times=2",
    "xnat:import-status=503,retry-after=1,times=1",
    "xnat:import-status=500,times=1",
    "xnat:import-status=502,times=1",
    "xnat:expire-session,times=1",
    "xnat:cut-before-body,after=4,times=1",
    "xnat:cut-before-store,times=1",
    "xnat:cut-after-store,times=1",
    "xnat:cut-after-store=3000,times=2",
    "xnat:cut-answer,times=1",
    "xnat:evict,after=3,times=1",
    "xnat:become-guest,after=3,times=1",
    "xnat:second-row=0.3,times=1",
    "xnat:second-row=0.3,after=1,times=1",
]
BEFORE_COMMITTING = [
    "xnat:gateway-timeout=700,times=1",
    "xnat:slow-archive=300,times=1",
    "xnat:archive-status=500,times=1",
    "xnat:archive-status=502,times=1",
    "xnat:duplicate-archive,times=1",
    "xnat:in-use,times=1",
    "xnat:cut-answer,times=1",
    "xnat:evict,times=1",
    "xnat:become-guest,times=1",
    "xnat:become-guest,after=1,times=1",
    "xnat:become-guest,after=2,times=1",
    "xnat:become-guest,after=3,times=1",
    "xnat:status=504,after=2,times=1",
]


async def whole_way(
    server: Sandbox, home: Path, before_sending: str = "", before_committing: str = ""
) -> None:
    one = fresh_series()
    other = SeriesRef(one.study_uid, SeriesInstanceUID(fresh_uid()), one.patient_id)
    batches = [many(one, 3), many(one, 3), many(other, 3)]
    node = node_at(server, home)
    engine = Engine(node)
    try:
        await node.sign_in()
        armed = server.fault(before_sending) if before_sending else None
        await asyncio.gather(*(engine.send(batch) for batch in batches))
        if before_committing:
            armed = server.fault(before_committing)
        await engine.commit(one)
        assert armed is None or armed.fired
        await proved(node, server, [image for batch in batches for image in batch])
    finally:
        await node.aclose()


async def test_three_requests_of_one_study_end_in_one_session(
    server: Sandbox, tmp_path: Path
) -> None:
    await whole_way(server, tmp_path)


@pytest.mark.parametrize("fault", BEFORE_SENDING)
async def test_a_fault_while_sending_loses_nothing_and_doubles_nothing(
    server: Sandbox, tmp_path: Path, fault: str
) -> None:
    await whole_way(server, tmp_path, before_sending=fault)


@pytest.mark.parametrize("fault", BEFORE_COMMITTING)
async def test_a_fault_while_archiving_loses_nothing_and_doubles_nothing(
    server: Sandbox, tmp_path: Path, fault: str
) -> None:
    await whole_way(server, tmp_path, before_committing=fault)


async def test_an_object_that_the_node_lost_without_a_word_is_seen_and_goes_again(
    server: Sandbox, tmp_path: Path
) -> None:
    images = many(fresh_series(), 4)
    node = node_at(server, tmp_path)
    engine = Engine(node)
    server.fault("xnat:drop,times=1")
    await engine.send(images)
    await engine.commit(images[0].series)
    held = await node.holdings(images[0].series, PROJECT)
    missing = [i for i in images if i.sop_instance_uid not in held]
    assert len(missing) == 1
    await engine.send(missing)
    await engine.commit(images[0].series)
    await proved(node, server, images)
    await node.aclose()


async def test_a_row_of_an_earlier_run_is_found_and_finished(
    server: Sandbox, tmp_path: Path
) -> None:
    images = many(fresh_series(), 3)
    first = node_at(server, tmp_path)
    await Engine(first).send(images[:2])
    await first.aclose()
    second = node_at(server, tmp_path)
    await Engine(second).send(images[2:])
    await Engine(second).commit(images[0].series)
    await proved(second, server, images)
    await second.aclose()


async def test_a_conflict_is_told_and_can_be_tried_again_once_it_is_settled(
    server: Sandbox, tmp_path: Path
) -> None:
    images = many(fresh_series(), 2)
    node = node_at(server, tmp_path)
    engine = Engine(node)
    await engine.send(images)
    server.fault("xnat:conflict,times=1")
    with pytest.raises(StudyRefused, match="conflict made by the sandbox"):
        await engine.commit(images[0].series)
    await engine.commit(images[0].series)
    await proved(node, server, images)
    await node.aclose()


async def test_images_that_land_in_the_project_less_area_are_never_called_sent(
    server: Sandbox, tmp_path: Path
) -> None:
    images = many(fresh_series(), 2)
    node = node_at(server, tmp_path)
    server.fault("xnat:unassigned,times=1")
    with pytest.raises(NotAllowed, match=r"\(Unassigned\), prearchive entry \d{8}_\d{9}"):
        await node.send(Batch(1, PROJECT, images), lambda _: None)
    await node.aclose()
    server.xnat.prearchive.rows.clear()


async def test_a_project_that_does_not_exist_is_no_place_for_images(
    server: Sandbox, tmp_path: Path
) -> None:
    node = node_at(server, tmp_path)
    with pytest.raises(NotAllowed):
        await node.send(Batch(1, "NOSUCH", [made(fresh_series())]), lambda _: None)
    await node.aclose()
    server.xnat.prearchive.rows.clear()


async def test_one_who_may_only_read_cannot_send(server: Sandbox, tmp_path: Path) -> None:
    node = node_at(server, tmp_path, "reader")
    with pytest.raises(NotAllowed):
        await node.send(Batch(1, PROJECT, [made(fresh_series())]), lambda _: None)
    assert [r.check for r in await examined(node) if r.state == "fail"] == ["role"]
    assert await node.destinations() == []
    await node.aclose()
    server.xnat.prearchive.rows.clear()


async def test_a_member_may_send_and_is_told_that_publishing_needs_more(
    server: Sandbox, tmp_path: Path
) -> None:
    images = many(fresh_series(), 2)
    node = node_at(server, tmp_path, "member")
    assert [d.role for d in await node.destinations()] == ["member: may send, not publish"]
    await Engine(node).send(images)
    await Engine(node).commit(images[0].series)
    await proved(node, server, images)
    await node.aclose()


async def test_a_limit_of_the_node_asks_for_less_at_once(server: Sandbox, tmp_path: Path) -> None:
    images = [made(fresh_series(), side=256)]
    node = node_at(server, tmp_path)
    server.fault("xnat:too-large=20000")
    with pytest.raises(BodyTooLarge):
        await node.send(Batch(1, PROJECT, images), lambda _: None)
    await node.aclose()


async def test_two_series_of_one_number_are_told_apart_by_their_uids(
    server: Sandbox, tmp_path: Path
) -> None:
    """Instances made here carry no Series Number at all, so every Series has the same one."""
    one = fresh_series()
    other = SeriesRef(one.study_uid, SeriesInstanceUID(fresh_uid()), one.patient_id)
    images = [*many(one, 2), *many(other, 2)]
    node = node_at(server, tmp_path)
    await Engine(node).send(images)
    await Engine(node).commit(one)
    await proved(node, server, images)
    await node.aclose()
