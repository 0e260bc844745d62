"""Every exchange recorded from the real dataset-service, replayed under other names: the same."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from adapters.sandbox.server import in_thread
from tests.sandbox.dataset_story import Exchange, Story, is_sequence, recorded

_RECORDED = recorded()
_ANSWERED = [e["id"] for e in _RECORDED if not is_sequence(e)]
_SEQUENCES = [e["id"] for e in _RECORDED if is_sequence(e)]
pytestmark = pytest.mark.skipif(not _RECORDED, reason="../shared is absent")

_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00")
_DOI = re.compile(r"https://doi\.org/10\.5072/zenodo\.\d+")
_PATTERNS = {"creationDate": _DATE, "lastIntegrityCheck": _DATE, "zenodoDoi": _DOI}
_OWN_VALUES = frozenset(
    {"sizeInBytes", "authorName", "authorEmail", "hash", "timestamp", "id", "userId", "url"}
)
"""Of these the kind is compared alone: they are this server's own, or depend on this lake."""
Told = dict[str, tuple[Exchange, Any]]


@pytest.fixture(scope="module", params=[1, 2, 3])
def told(request: pytest.FixtureRequest) -> tuple[Story, Told]:
    """The story told once: its exchanges under their names with the stand-in's answers."""
    story = Story(request.param)
    with in_thread(story.options()) as sandbox:
        answers = {exchange["id"]: (exchange, got) for exchange, got in story.tell(sandbox)}
        assert list(sandbox.crashes) == []
    return story, answers


def _same(path: str, was: Any, now: Any) -> None:
    """The same keys, kinds, nulls, texts and numbers, but for what is the server's own."""
    key = path.rpartition(".")[2]
    if isinstance(was, dict):
        assert isinstance(now, dict), path
        assert list(was) == list(now), path
        for name in was:
            _same(f"{path}.{name}", was[name], now[name])
    elif isinstance(was, list):
        assert isinstance(now, list), path
        assert len(was) == len(now), path
        for left, right in zip(was, now, strict=True):
            _same(path, left, right)
    elif was is not None and key in _PATTERNS:
        assert _PATTERNS[key].fullmatch(now), path
    elif key in _OWN_VALUES:
        assert type(was) is type(now), path
    else:
        assert was == now, path


@pytest.mark.parametrize("exchange_id", _ANSWERED)
def test_the_status_is_the_recorded_one(told: tuple[Story, Told], exchange_id: str) -> None:
    exchange, answer = told[1][exchange_id]
    assert answer.status_code == exchange["response"]["status"]


@pytest.mark.parametrize("exchange_id", _ANSWERED)
def test_the_content_type_is_the_recorded_one(told: tuple[Story, Told], exchange_id: str) -> None:
    exchange, answer = told[1][exchange_id]
    assert answer.headers.get("content-type") == exchange["response"]["content_type"]


@pytest.mark.parametrize("exchange_id", _ANSWERED)
def test_the_answer_is_the_recorded_one(told: tuple[Story, Told], exchange_id: str) -> None:
    story, answers = told
    exchange, answer = answers[exchange_id]
    assert isinstance(answer, httpx.Response)
    was = json.loads(story.own(json.dumps(exchange["response"]["body"])))
    is_json = exchange["response"]["content_type"] == "application/json"
    now = answer.json() if is_json else answer.text
    if exchange_id == "projects-creation-staff":
        was, now = sorted(was), sorted(now)
    _same("", was, now)


@pytest.mark.parametrize("exchange_id", _SEQUENCES)
def test_a_creation_goes_through_the_recorded_states(
    told: tuple[Story, Told], exchange_id: str
) -> None:
    """The recording polled: it may have missed a state, and saw none that is not ours."""
    story, answers = told
    exchange, seen = answers[exchange_id]
    sequence = json.loads(story.own(json.dumps(exchange["response"]["sequence"])))
    was = [{k: v for k, v in state.items() if k != "at_s"} for state in sequence]
    rest = iter(seen)
    missing = [state for state in was if state not in rest]
    assert missing == []
    assert (seen[0], seen[-1]) == (was[0], was[-1])


def test_the_ids_in_the_story_are_the_stand_ins_own(told: tuple[Story, Told]) -> None:
    """Else an answer could be a recorded one."""
    story, answers = told
    given = {was: now for was, now in story.ids.items() if "-" in was}
    assert len(given) == 15
    assert not set(given) & set(given.values())
    bodies = "".join(a.text for _, a in answers.values() if isinstance(a, httpx.Response))
    assert not [was for was in given if was in bodies]
