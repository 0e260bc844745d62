"""Clinical data on the stand-in: many subjects, faults in the middle, what stands on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.upv.node import UpvNode
from tests.adapters.upv.clinical_made import fresh_subject, put_subject
from tests.adapters.upv.nodes import node_at
from tests.conformance.clinical import subject_data, subject_item
from transfer.clinical.leaving import ClinicalVerdict, Held
from transfer.errors import NodeBusy, SignInExpired, SignInRefused, Unreachable
from transfer.node import Node

PROJECT = "SANDBOX|MAIN"
STORED, REFUSED = ClinicalVerdict.STORED, ClinicalVerdict.REFUSED


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record"


@pytest.fixture
def sandbox(record: Path) -> Iterator[Sandbox]:
    with in_thread(Options(record=record)) as running:
        yield running
        assert list(running.crashes) == []


def node_of(sandbox: Sandbox, home: Path) -> UpvNode:
    home.mkdir(exist_ok=True)
    url = f"https://127.0.0.1:{sandbox.port}"
    extra = (
        f'issuer_url = "{sandbox.endpoints.issuer_url}"\nusername = "ingester"\n'
        f'eform_url = "{sandbox.endpoints.eform_url}"\n'
    )
    secrets = {"n.password": "ingester"}
    return node_at(url, sandbox.ca_file, home, auth="password", extra=extra, secrets=secrets)


async def send_all(node: Node, subjects: list[str]) -> dict[str, ClinicalVerdict]:
    """Send every subject, four at a time."""
    lanes = asyncio.Semaphore(4)

    async def one(subject: str) -> tuple[str, ClinicalVerdict]:
        async with lanes:
            item = subject_item(node, subject_data(subject))
            return subject, (await node.send_clinical(item, PROJECT)).verdict

    return dict(await asyncio.gather(*(one(subject) for subject in subjects)))


async def test_one_refused_of_500_is_told_and_the_rest_stands(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subjects = [put_subject(sandbox, f"SUBJ-{n:04}") for n in range(500)]
    sandbox.fault("eform:refuse=SUBJ-0249")
    node = node_of(sandbox, tmp_path / "home")
    verdicts = await send_all(node, subjects)
    await node.aclose()
    assert [s for s, verdict in verdicts.items() if verdict is not STORED] == ["SUBJ-0249"]
    assert verdicts["SUBJ-0249"] is REFUSED
    kept = {subject for _, subject in sandbox.eforms.forms()}
    assert kept == set(subjects) - {"SUBJ-0249"}
    assert set(sandbox.eforms.received.values()) == {1}
    assert sandbox.issuer.sign_ins == 1


async def test_a_token_that_ends_in_the_middle_is_renewed_and_each_subject_goes_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subjects = [fresh_subject(sandbox) for _ in range(20)]
    fault = sandbox.fault("issuer:expire,after=17,times=2")
    node = node_of(sandbox, tmp_path / "home")
    verdicts = await send_all(node, subjects)
    await node.aclose()
    assert fault.fired == 2
    assert set(verdicts.values()) == {STORED}
    assert set(sandbox.eforms.received.values()) == {1}
    assert len(sandbox.eforms.received) == 20


async def test_a_session_that_ends_in_the_middle_begins_anew_by_the_password(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subjects = [fresh_subject(sandbox) for _ in range(5)]
    sandbox.fault("issuer:expire-session,after=4,times=1")
    node = node_of(sandbox, tmp_path / "home")
    verdicts = await send_all(node, subjects)
    await node.aclose()
    assert set(verdicts.values()) == {STORED}
    assert sandbox.issuer.sign_ins == 2


async def test_without_a_password_a_session_that_ended_needs_a_person(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subject = fresh_subject(sandbox)
    node = node_of(sandbox, tmp_path / "home")
    await node.sign_in()
    await node.aclose()
    url = f"https://127.0.0.1:{sandbox.port}"
    extra = (
        f'issuer_url = "{sandbox.endpoints.issuer_url}"\nusername = "ingester"\n'
        f'eform_url = "{sandbox.endpoints.eform_url}"\n'
    )
    sandbox.fault("issuer:expire-session")
    later = node_at(url, sandbox.ca_file, tmp_path / "home", auth="password", extra=extra)
    item = subject_item(later, subject_data(subject))
    with pytest.raises((SignInExpired, SignInRefused)):
        await later.send_clinical(item, PROJECT)
    await later.aclose()
    assert dict(sandbox.eforms.forms()) == {}


async def test_an_answer_that_was_lost_is_found_by_reading_back(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subject = fresh_subject(sandbox)
    sandbox.fault("eform:lose-answer,times=1")
    node = node_of(sandbox, tmp_path / "home")
    item = subject_item(node, subject_data(subject))
    with pytest.raises(Unreachable):
        await node.send_clinical(item, PROJECT)
    assert (await node.send_clinical(item, PROJECT)).verdict is STORED
    await node.aclose()
    assert sandbox.eforms.received == {(PROJECT, subject): 1}


async def test_a_node_that_keeps_nothing_is_found_out_by_reading_back(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    subject = fresh_subject(sandbox)
    sandbox.fault("eform:silent-refusal")
    node = node_of(sandbox, tmp_path / "home")
    item = subject_item(node, subject_data(subject))
    assert (await node.send_clinical(item, PROJECT)).verdict is STORED
    assert await node.held_clinical(item, PROJECT) is Held.NOTHING
    await node.aclose()


async def test_a_busy_node_says_when_to_come_back(sandbox: Sandbox, tmp_path: Path) -> None:
    subject = fresh_subject(sandbox)
    sandbox.fault("eform:status=503,times=1,retry-after=3")
    node = node_of(sandbox, tmp_path / "home")
    item = subject_item(node, subject_data(subject))
    with pytest.raises(NodeBusy) as busy:
        await node.send_clinical(item, PROJECT)
    assert busy.value.retry.after_s == 3.0
    await node.aclose()


async def test_no_request_tells_a_path_of_this_machine_or_a_secret(
    sandbox: Sandbox, record: Path, tmp_path: Path
) -> None:
    subject = fresh_subject(sandbox)
    node = node_of(sandbox, tmp_path / "home")
    item = subject_item(node, subject_data(subject))
    await node.send_clinical(item, PROJECT)
    await node.held_clinical(item, PROJECT)
    await node.aclose()
    clinical = _clinical_requests(record)
    assert [c.split(b" ", 1)[0] for c in clinical] == [b"GET", b"PUT", b"GET"]
    for told in (str(tmp_path), str(Path.home()), "password", "refresh_token"):
        assert not [c for c in clinical if told.encode() in c]
    names = {line.split(b":")[0].lower() for c in clinical for line in _head(c)}
    assert names == {
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"connection",
        b"content-length",
        b"content-type",
        b"host",
        b"if-none-match",
        b"user-agent",
    }


def _clinical_requests(record: Path) -> list[bytes]:
    recorded = [path.read_bytes() for path in sorted(record.iterdir())]
    return [r for r in recorded if b"/qpinsights/api/" in r.split(b"\r\n", 1)[0]]


def _head(request: bytes) -> list[bytes]:
    return request.split(b"\r\n\r\n", 1)[0].split(b"\r\n")[1:]
