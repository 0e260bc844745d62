"""What any reference node must keep of the promise in `transfer.node.Node`.

An adapter enters by subclassing `NodeConformance` and giving it a `site`. Nothing here knows which
node it is, nor what its requests look like.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.made import (
    MadeInstance,
    fresh_series,
    made,
    many,
    uids,
    unreadable,
)
from tests.conformance.volumes import volume, volume_ref
from tests.examining import examined
from transfer.errors import NodeError, NotSupported, SourceChanged
from transfer.node import Batch, InstanceOutcome, Node, SeriesPlan, StudyPlan, Verdict
from transfer.values import ExitCode, SOPInstanceUID

MORE_THAN_A_PAGE = 520
BIG_SIDE = 4096


@dataclass(frozen=True)
class Site:
    """A running node as the suite needs it.

    `open` gives an adapter that may sign in, `stranger` one whose credential is wrong, `nowhere`
    one whose server does not exist. `stored` looks behind the node's front: the Part 10 bytes
    under a UID, None where there are none. `secrets` are texts that nothing may show. `kept` is
    what of a Part 10 stream the node leaves as it is.
    """

    destination: str
    open: Callable[[], Node]
    stranger: Callable[[], Node]
    nowhere: Callable[[], Node]
    stored: Callable[[SOPInstanceUID], bytes | None]
    secrets: Sequence[str] = ()
    username: str = ""
    kept: Callable[[bytes], bytes] = bytes

    def holds(self, image: MadeInstance) -> bool:
        """Whether the node has this instance, with this content."""
        stored = self.stored(image.sop_instance_uid)
        return stored is not None and self.kept(stored) == self.kept(image.content)


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


class NodeConformance:
    """The tests; a subclass provides the fixture `site`, and may override nothing else."""

    @pytest.fixture
    def site(self) -> Site:
        raise NotImplementedError("a subclass says which node")

    @pytest.fixture
    async def node(self, site: Site) -> AsyncIterator[Node]:
        opened = site.open()
        try:
            yield opened
        finally:
            await opened.aclose()

    async def send(
        self, site: Site, node: Node, instances: Sequence[MadeInstance]
    ) -> dict[SOPInstanceUID, InstanceOutcome]:
        """Send one batch; exactly one outcome for each of its instances. Where the node has to be
        told to take a Study over, it is told."""
        answer = await node.send(Batch(1, site.destination, instances), lambda _: None)
        assert sorted(o.sop_instance_uid for o in answer) == sorted(uids(instances))
        outcomes = {o.sop_instance_uid: o for o in answer}
        if (await node.abilities()).commits_studies:
            taken = [i for i in instances if outcomes[i.sop_instance_uid].verdict.is_acknowledged]
            for study in dict.fromkeys(i.series.study for i in taken):
                await node.commit_study(study, site.destination)
        return outcomes

    async def test_signing_in_says_who_we_are(self, site: Site, node: Node) -> None:
        assert (await node.sign_in()).username == site.username

    async def test_a_wrong_credential_is_a_matter_of_signing_in(self, site: Site) -> None:
        stranger = site.stranger()
        try:
            with pytest.raises(NodeError) as refused:
                await stranger.sign_in()
        finally:
            await stranger.aclose()
        assert refused.value.exit_code == ExitCode.SIGN_IN
        assert not refused.value.retry.allowed

    async def test_a_wrong_credential_stores_nothing(self, site: Site) -> None:
        stranger, image = site.stranger(), made(fresh_series())
        try:
            with pytest.raises(NodeError) as refused:
                await stranger.send(Batch(1, site.destination, [image]), lambda _: None)
        finally:
            await stranger.aclose()
        assert refused.value.exit_code == ExitCode.SIGN_IN
        assert site.stored(image.sop_instance_uid) is None

    async def test_abilities_are_usable_figures_and_stay_the_same(self, node: Node) -> None:
        await node.sign_in()
        abilities = await node.abilities()
        assert abilities.max_batch_bytes > 0
        assert abilities.max_batch_instances > 0
        assert abilities.max_concurrency > 0
        assert abilities.listing_delay_s >= 0
        assert await node.abilities() == abilities

    async def test_a_destination_that_the_node_names_can_be_used(
        self, site: Site, node: Node
    ) -> None:
        keys = [destination.key for destination in await node.destinations()]
        assert not keys or site.destination in keys

    async def test_a_stored_instance_is_acknowledged_listed_and_there(
        self, site: Site, node: Node
    ) -> None:
        image = made(fresh_series())
        outcomes = await self.send(site, node, [image])
        assert outcomes[image.sop_instance_uid].verdict.is_acknowledged
        assert (await node.holdings(image.series, site.destination)).keys() == {
            image.sop_instance_uid
        }
        assert site.holds(image)

    async def test_repeating_a_batch_is_harmless(self, site: Site, node: Node) -> None:
        images = many(fresh_series(), 3)
        await self.send(site, node, images)
        outcomes = await self.send(site, node, images)
        assert all(o.verdict is not Verdict.REFUSED for o in outcomes.values())
        assert (await node.holdings(images[0].series, site.destination)).keys() == uids(images)
        assert [site.holds(i) for i in images] == [True, True, True]

    async def test_other_content_under_a_known_uid_leaves_one_whole_instance(
        self, site: Site, node: Node
    ) -> None:
        first = made(fresh_series(), grey=1)
        second = made(first.series, uid=first.sop_instance_uid, grey=2)
        await self.send(site, node, [first])
        await self.send(site, node, [second])
        assert list(await node.holdings(first.series, site.destination)) == [first.sop_instance_uid]
        assert [site.holds(first), site.holds(second)].count(True) == 1

    async def test_one_unreadable_instance_does_not_cost_the_others_their_outcome(
        self, site: Site, node: Node
    ) -> None:
        series = fresh_series()
        good, bad = many(series, 2), unreadable(series)
        outcomes = await self.send(site, node, [good[0], bad, good[1]])
        assert not outcomes[bad.sop_instance_uid].verdict.is_acknowledged
        assert site.stored(bad.sop_instance_uid) is None
        acknowledged = {uid for uid, o in outcomes.items() if o.verdict.is_acknowledged}
        assert acknowledged == uids(good)
        assert (await node.holdings(series, site.destination)).keys() == uids(good)

    async def test_an_unreadable_instance_alone_is_refused_for_good_and_in_words(
        self, site: Site, node: Node
    ) -> None:
        bad = unreadable(fresh_series())
        outcome = (await self.send(site, node, [bad]))[bad.sop_instance_uid]
        assert outcome.verdict is Verdict.REFUSED
        assert outcome.reason
        assert not outcome.retry.allowed

    async def test_a_big_instance_arrives_whole(self, site: Site, node: Node) -> None:
        image = made(fresh_series(), grey=3, side=BIG_SIDE)
        outcomes = await self.send(site, node, [image])
        assert outcomes[image.sop_instance_uid].verdict.is_acknowledged
        assert site.holds(image)

    async def test_every_byte_of_the_instances_is_counted(self, site: Site, node: Node) -> None:
        images = [made(fresh_series(), side=1024), made(fresh_series())]
        moved: list[int] = []
        await node.send(Batch(1, site.destination, images), moved.append)
        assert sum(moved) >= sum(i.size_bytes for i in images)
        assert len(moved) > 1

    async def test_a_series_that_the_node_does_not_know_is_empty(
        self, site: Site, node: Node
    ) -> None:
        assert dict(await node.holdings(fresh_series(), site.destination)) == {}

    async def test_a_listing_holds_its_own_series_and_no_other(
        self, site: Site, node: Node
    ) -> None:
        one, other = made(fresh_series()), made(fresh_series())
        await self.send(site, node, [one, other])
        assert (await node.holdings(one.series, site.destination)).keys() == {one.sop_instance_uid}
        assert (await node.holdings(other.series, site.destination)).keys() == {
            other.sop_instance_uid
        }

    async def test_a_listing_goes_on_beyond_one_page(self, site: Site, node: Node) -> None:
        images = many(fresh_series(), MORE_THAN_A_PAGE)
        most = (await node.abilities()).max_batch_instances
        for start in range(0, len(images), most):
            await self.send(site, node, images[start : start + most])
        held = await node.holdings(images[0].series, site.destination)
        assert held.keys() == uids(images)
        assert all(uid == instance.sop_instance_uid for uid, instance in held.items())

    async def test_taking_a_study_over_twice_is_harmless(self, site: Site, node: Node) -> None:
        image = made(fresh_series())
        await self.send(site, node, [image])
        await node.commit_study(image.series.study, site.destination)
        held = await node.holdings(image.series, site.destination)
        assert held.keys() == {image.sop_instance_uid}

    async def test_a_study_that_was_taken_over_can_grow(self, site: Site, node: Node) -> None:
        first = made(fresh_series())
        second = made(first.series)
        await self.send(site, node, [first])
        await self.send(site, node, [second])
        held = await node.holdings(first.series, site.destination)
        assert held.keys() == uids([first, second])

    async def test_what_waits_is_of_the_series_that_was_asked_for(
        self, site: Site, node: Node
    ) -> None:
        image = made(fresh_series())
        await node.send(Batch(1, site.destination, [image]), lambda _: None)
        waiting = await node.waiting(image.series, site.destination)
        assert waiting.keys() <= {image.sop_instance_uid}
        assert dict(await node.waiting(fresh_series(), site.destination)) == {}

    async def test_an_ordinary_study_meets_no_objection(self, site: Site, node: Node) -> None:
        image = made(fresh_series())

        async def plans() -> AsyncIterator[StudyPlan]:
            series = SeriesPlan(image.series.series_uid, "1", "OT", 1)
            yield StudyPlan("S1", image.series.study, [series])

        assert list(await node.objections(plans(), site.destination)) == []

    async def test_four_batches_may_go_at_once(self, site: Site, node: Node) -> None:
        batches = [many(fresh_series(), 4) for _ in range(4)]
        answers = await asyncio.gather(*(self.send(site, node, images) for images in batches))
        for images, outcomes in zip(batches, answers, strict=True):
            assert all(o.verdict.is_acknowledged for o in outcomes.values())
            assert (await node.holdings(images[0].series, site.destination)).keys() == uids(images)

    async def test_a_cancelled_batch_leaves_the_node_usable_and_can_go_again(
        self, site: Site, node: Node
    ) -> None:
        image = made(fresh_series(), side=512)
        image.stalls = threading.Event()
        sending = asyncio.create_task(self.send(site, node, [image]))
        assert await asyncio.to_thread(image.stalls.wait, 30)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        image.stalls = None
        outcomes = await self.send(site, node, [image])
        assert outcomes[image.sop_instance_uid].verdict.is_acknowledged
        assert site.holds(image)

    @pytest.mark.parametrize("breaks_at", [0, 200_000], ids=["before-the-first-byte", "midway"])
    async def test_a_changed_file_is_told_and_nothing_of_its_batch_counts(
        self, site: Site, node: Node, breaks_at: int
    ) -> None:
        good, bad = made(fresh_series()), made(fresh_series(), side=512)
        bad.breaks_at = breaks_at
        with pytest.raises(SourceChanged):
            await self.send(site, node, [good, bad])
        assert site.stored(bad.sop_instance_uid) is None
        outcomes = await self.send(site, node, [good])
        assert outcomes[good.sop_instance_uid].verdict.is_acknowledged

    async def test_a_rehearsal_writes_the_instances_sends_nothing_and_shows_no_secret(
        self, site: Site, node: Node, tmp_path: Path
    ) -> None:
        images = many(fresh_series(), 2)
        await node.rehearse(Batch(3, site.destination, images), tmp_path)
        written = _contents(tmp_path)
        assert any(all(i.content in content for i in images) for content in written)
        assert not [s for s in site.secrets for content in written if s.encode() in content]
        assert [site.stored(i.sop_instance_uid) for i in images] == [None, None]

    async def test_the_doctor_finds_a_good_node_good_in_the_same_order_each_time(
        self, node: Node
    ) -> None:
        results = await examined(node)
        assert [r for r in results if r.state == "fail"] == []
        assert all(r.message for r in results)
        assert all(r.remedy for r in results if r.state != "ok")
        order = [r.check for r in results]
        assert order.index("reachable") < order.index("sign-in") < order.index("listing")
        assert [r.check for r in await examined(node)] == order

    async def test_the_doctor_names_a_wrong_credential_and_stops_there(self, site: Site) -> None:
        stranger = site.stranger()
        try:
            results = await examined(stranger)
        finally:
            await stranger.aclose()
        assert [r.check for r in results if r.state == "fail"] == ["sign-in"]
        assert results[-1].check == "sign-in"
        assert results[-1].exit_code == ExitCode.SIGN_IN
        assert results[-1].remedy

    async def test_the_doctor_does_not_raise_where_no_node_is(self, site: Site) -> None:
        lost = site.nowhere()
        try:
            results = await examined(lost)
        finally:
            await lost.aclose()
        assert [r.check for r in results if r.state == "fail"] == ["reachable"]
        assert results[-1].check == "reachable"
        assert results[-1].exit_code == ExitCode.NETWORK

    async def test_where_no_node_is_a_batch_ends_in_an_error_of_ours(self, site: Site) -> None:
        lost, batch = site.nowhere(), Batch(1, site.destination, [made(fresh_series())])
        try:
            with pytest.raises(NodeError) as refused:
                await lost.send(batch, lambda _: None)
        finally:
            await lost.aclose()
        assert refused.value.retry.allowed
        assert not refused.value.reached_node

    async def test_where_no_node_is_a_listing_ends_in_an_error_of_ours(self, site: Site) -> None:
        lost = site.nowhere()
        try:
            with pytest.raises(NodeError) as refused:
                await lost.holdings(fresh_series(), site.destination)
        finally:
            await lost.aclose()
        assert refused.value.retry.allowed

    async def test_no_error_and_no_name_shows_a_secret(self, site: Site, node: Node) -> None:
        stranger = site.stranger()
        try:
            with pytest.raises(NodeError) as refused:
                await stranger.sign_in()
        finally:
            await stranger.aclose()
        shown = f"{refused.value.what} {refused.value.remedy} {stranger!r} {node!r} {node.name}"
        assert not [secret for secret in site.secrets if secret in shown]

    async def test_closing_twice_is_harmless(self, node: Node) -> None:
        await node.sign_in()
        await node.aclose()
        await node.aclose()

    async def test_closing_a_node_that_was_never_asked_is_harmless(self, node: Node) -> None:
        await node.aclose()

    async def test_a_volume_is_stored_once_and_listed_with_its_digests(
        self, site: Site, node: Node
    ) -> None:
        """Or the node says that it takes none, in its abilities and when it is asked."""
        given = volume(volume_ref())
        if not (await node.abilities()).takes_volumes:
            with pytest.raises(NotSupported):
                await node.send_volume(given, site.destination, lambda _: None)
            with pytest.raises(NotSupported):
                await node.held_files(given.ref, site.destination)
            return
        assert await node.held_files(given.ref, site.destination) == {}
        moved: list[int] = []
        first = await node.send_volume(given, site.destination, moved.append)
        again = await node.send_volume(given, site.destination, moved.append)
        assert (first.verdict, again.verdict) == (Verdict.STORED, Verdict.ALREADY_THERE)
        assert sum(moved) == sum(file.size_bytes for file in given.files)
        held = await node.held_files(given.ref, site.destination)
        assert {name: (f.size_bytes, f.md5) for name, f in held.items()} == {
            f.name: (f.size_bytes, f.md5) for f in given.files
        }

    async def test_a_volume_is_never_written_over(self, site: Site, node: Node) -> None:
        """A node that takes none refuses the first one as well."""
        first = volume(volume_ref())
        if not (await node.abilities()).takes_volumes:
            with pytest.raises(NotSupported):
                await node.send_volume(first, site.destination, lambda _: None)
            return
        await node.send_volume(first, site.destination, lambda _: None)
        other = volume(first.ref, image=b"other")
        outcome = await node.send_volume(other, site.destination, lambda _: None)
        assert outcome.verdict is Verdict.REFUSED
        held = await node.held_files(first.ref, site.destination)
        assert held[first.files[0].name].md5 == first.files[0].md5
