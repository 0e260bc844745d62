"""Clinical files on the stand-in: rights, faults, five hundred subjects, a table of 200 MB."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.registry import open_node
from adapters.sandbox.server import Sandbox, in_thread
from adapters.sandbox.xnat.model import Resource
from adapters.sandbox.xnat.site import PROJECT
from adapters.secrets import SecretStore
from tests.adapters.xnat.clinical_rows import TABLE, md5, subject_item, table_item
from transfer.clinical.leaving import ClinicalItem, ClinicalVerdict, Held
from transfer.errors import NodeBusy, NotAllowed, Unreachable
from transfer.node import Node

STORED, DIFFERS, REFUSED = ClinicalVerdict.STORED, ClinicalVerdict.DIFFERS, ClinicalVerdict.REFUSED
NAME = "made_clinical.csv"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with in_thread() as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
def opened(sandbox: Sandbox, tmp_path: Path) -> Callable[[str], Node]:
    """Opens a node as one of the accounts, whose passwords are their names."""

    def open_as(account: str) -> Node:
        home = tmp_path / account
        home.mkdir()
        (home / "config.toml").write_text(
            f'[nodes.one]\nkind = "xnat"\nurl = "{sandbox.xnat_url}"\n'
            f'ca_file = "{sandbox.ca_file}"\nusername = "{account}"\n'
        )
        store = SecretStore(home, environ={}, keyring=lambda: None)
        store.hold("one.password", account)
        return open_node(load_profiles(home)["one"], store, home=home)

    return open_as


@pytest.fixture
async def node(opened: Callable[[str], Node]) -> AsyncIterator[Node]:
    made = opened("ingester")
    try:
        yield made
    finally:
        await made.aclose()


def subjects_of(sandbox: Sandbox, number: int) -> list[str]:
    labels = [f"SUBJ-{n:04}" for n in range(1, number + 1)]
    for label in labels:
        sandbox.xnat.archive.add_subject(PROJECT, label)
    return labels


def resource(sandbox: Sandbox, subject: str = "") -> Resource | None:
    archive = sandbox.xnat.archive
    holder = archive.subject(PROJECT, subject) if subject else archive.projects[PROJECT]
    assert holder is not None
    return holder.resources.get("clinical")


async def all_sent(node: Node, items: list[ClinicalItem]) -> list[ClinicalVerdict]:
    """As the engine sends them: as many at once as the node's way says."""
    slots = asyncio.Semaphore((await node.clinical_way(PROJECT)).max_concurrency)

    async def one(item: ClinicalItem) -> ClinicalVerdict:
        async with slots:
            return (await node.send_clinical(item, PROJECT)).verdict

    return list(await asyncio.gather(*(one(item) for item in items)))


async def test_format_and_content_stand_on_the_resource_and_on_the_file(
    node: Node, sandbox: Sandbox
) -> None:
    [subject] = subjects_of(sandbox, 1)
    await node.send_clinical(table_item(), PROJECT)
    await node.send_clinical(subject_item(subject=subject), PROJECT)
    found = [resource(sandbox), resource(sandbox, subject)]
    assert [(r.format, r.content) for r in found if r] == [
        ("CSV", "clinical"),
        ("JSON", "clinical"),
    ]
    files = [file for r in found if r for file in r.files.values()]
    assert [(f.name, f.format, f.content, f.md5) for f in files] == [
        (NAME, "CSV", "clinical", md5(TABLE)),
        (f"{subject}_clinical.json", "JSON", "clinical", md5(b"{}\n")),
    ]


async def test_a_member_may_write(opened: Callable[[str], Node], sandbox: Sandbox) -> None:
    node = opened("member")
    try:
        assert (await node.send_clinical(table_item(), PROJECT)).verdict is STORED
    finally:
        await node.aclose()


async def test_a_collaborator_may_not_and_nothing_is_made(
    opened: Callable[[str], Node], sandbox: Sandbox
) -> None:
    node = opened("reader")
    try:
        with pytest.raises(NotAllowed, match="may only read"):
            await node.send_clinical(table_item(), PROJECT)
    finally:
        await node.aclose()
    assert resource(sandbox) is None


async def test_of_500_subjects_one_is_refused_and_the_rest_stands(
    node: Node, sandbox: Sandbox
) -> None:
    labels = subjects_of(sandbox, 500)
    sandbox.fault("xnat:refuse-file=SUBJ-0250")
    items = [subject_item(f'{{"n": "{label}"}}'.encode(), label) for label in labels]
    verdicts = await all_sent(node, items)
    assert [labels[n] for n, verdict in enumerate(verdicts) if verdict is not STORED] == [
        "SUBJ-0250"
    ]
    held = [found for label in labels if (found := resource(sandbox, label)) and found.files]
    assert len(held) == 499
    sandbox.xnat.faults.clear()
    assert set(await all_sent(node, items)) == {STORED}
    assert resource(sandbox, "SUBJ-0250") is not None


async def test_a_second_run_sends_only_what_is_missing(
    opened: Callable[[str], Node], sandbox: Sandbox
) -> None:
    labels = subjects_of(sandbox, 12)
    items = [subject_item(subject=label) for label in labels]
    first, second = opened("ingester"), opened("member")
    try:
        await all_sent(first, items[:9])
        before = {label: _revision(sandbox, label) for label in labels}
        await all_sent(second, items)
    finally:
        await first.aclose()
        await second.aclose()
    after = {label: _revision(sandbox, label) for label in labels}
    assert list(before.values()) == [1] * 9 + [0] * 3
    assert list(after.values()) == [1] * 12


def _revision(sandbox: Sandbox, label: str) -> int:
    """How many files were taken in."""
    found = resource(sandbox, label)
    return found.revision if found else 0


async def test_a_catalogue_written_by_two_is_tried_again_and_the_file_is_listed_in_the_end(
    node: Node, sandbox: Sandbox
) -> None:
    sandbox.fault("xnat:catalog-500,times=1")
    with pytest.raises(NodeBusy, match="Somebody else writes") as busy:
        await node.send_clinical(table_item(), PROJECT)
    assert busy.value.retry.allowed
    assert (await node.send_clinical(table_item(), PROJECT)).verdict is STORED
    assert await node.held_clinical(table_item(), PROJECT) is Held.SAME


async def test_an_answer_that_was_lost_is_settled_by_what_the_node_holds(
    node: Node, sandbox: Sandbox
) -> None:
    sandbox.fault("xnat:lose-file-answer,times=1")
    with pytest.raises(Unreachable):
        await node.send_clinical(table_item(), PROJECT)
    assert await node.held_clinical(table_item(), PROJECT) is Held.SAME
    assert (await node.send_clinical(table_item(), PROJECT)).verdict is STORED
    found = resource(sandbox)
    assert found is not None
    assert found.revision == 1


@pytest.mark.parametrize("spec", ["xnat:expire-session", "xnat:expire-session,answer=200"])
async def test_a_sign_in_that_ends_midway_is_renewed(
    node: Node, sandbox: Sandbox, spec: str
) -> None:
    fault = sandbox.fault(f"{spec},times=1")
    assert (await node.send_clinical(table_item(), PROJECT)).verdict is STORED
    assert fault.fired == 1
    assert await node.held_clinical(table_item(), PROJECT) is Held.SAME


async def test_a_front_that_takes_no_large_files_refuses_that_file(
    node: Node, sandbox: Sandbox
) -> None:
    sandbox.fault(f"xnat:too-large={MEBIBYTE}")
    large = table_item(b"PatientID\r\n" + b"x" * 12 * MEBIBYTE, "large.csv")
    outcome = await node.send_clinical(large, PROJECT)
    assert (outcome.verdict, "HTTP 413" in outcome.reason) == (REFUSED, True)
    assert (await node.send_clinical(table_item(), PROJECT)).verdict is STORED


_LARGE = """
import asyncio, hashlib, resource, sys
from dataclasses import dataclass
from pathlib import Path
from adapters.profiles import load_profiles
from adapters.registry import open_node
from adapters.secrets import SecretStore
from transfer.clinical.leaving import ClinicalItem

LINE = b"SUBJ-0001,Female,61.5,2019-03-01\\r\\n"
PIECE = LINE * ((1 << 20) // len(LINE))

@dataclass
class Large:
    name: str
    times: int
    @property
    def size_bytes(self):
        return len(PIECE) * self.times
    @property
    def md5(self):
        digest = hashlib.md5(usedforsecurity=False)
        for _ in range(self.times):
            digest.update(PIECE)
        return digest.hexdigest()
    def pieces(self):
        for _ in range(self.times):
            yield PIECE

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

async def main():
    home = Path(sys.argv[1])
    store = SecretStore(home, environ={}, keyring=lambda: None)
    store.hold("one.password", "ingester")
    node = open_node(load_profiles(home)["one"], store, home=home)
    try:
        small, large = (
            ClinicalItem(Large(f"{n}.csv", n), "", "text/csv", "CSV", "clinical") for n in (2, 200)
        )
        print((await node.send_clinical(small, "SANDBOX")).verdict)
        before = peak()
        print((await node.send_clinical(large, "SANDBOX")).verdict)
        print(peak() - before)
    finally:
        await node.aclose()

asyncio.run(main())
"""


@pytest.mark.parametrize("has_checksums", [True, False])
def test_a_table_of_200_mb_passes_through_little_memory(
    sandbox: Sandbox, opened: Callable[[str], Node], tmp_path: Path, has_checksums: bool
) -> None:
    """Without checksums the node's file comes back as well, and is not kept either."""
    sandbox.xnat.set_up({"has_checksums": has_checksums})
    opened("ingester")
    script = [sys.executable, "-c", _LARGE, str(tmp_path / "ingester")]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second, grown_mb = done.stdout.split()
    assert (first, second) == ("stored", "stored")
    assert int(grown_mb) < 24
    found = resource(sandbox)
    assert found is not None
    assert found.files["200.csv"].size > 200_000_000
