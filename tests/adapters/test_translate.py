"""No exception of a library may reach the engine under its own name."""

from __future__ import annotations

import inspect
import ssl
from types import ModuleType

import httpx
import pytest
import requests
import requests.exceptions
import retrying

from adapters.translate import MAPPED, translate
from transfer.errors import NodeBusy, NodeError, Unreachable


def _exceptions_of(module: ModuleType, package: str) -> list[type[BaseException]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException)
        and not issubclass(kind, Warning)
        and kind.__module__.split(".")[0] == package
    ]


LIBRARIES = {
    "httpx": _exceptions_of(httpx, "httpx"),
    "requests": _exceptions_of(requests.exceptions, "requests"),
    "retrying": _exceptions_of(retrying, "retrying"),
}


def test_the_walk_finds_what_is_known_to_be_there() -> None:
    assert httpx.ConnectError in LIBRARIES["httpx"]
    assert requests.exceptions.ReadTimeout in LIBRARIES["requests"]
    assert retrying.RetryError in LIBRARIES["retrying"]
    assert len(LIBRARIES["httpx"]) > 20
    assert len(LIBRARIES["requests"]) > 20


@pytest.mark.parametrize(
    "kind", [kind for kinds in LIBRARIES.values() for kind in kinds], ids=lambda kind: str(kind)
)
def test_every_exception_class_of_the_libraries_has_a_line_of_its_own(
    kind: type[BaseException],
) -> None:
    assert kind in MAPPED


@pytest.mark.parametrize("kind", list(MAPPED), ids=lambda kind: kind.__name__)
def test_each_translation_tells_the_operator_what_and_what_to_do(kind: type[BaseException]) -> None:
    error = MAPPED[kind]("a-node")
    assert isinstance(error, NodeError)
    assert error.node == "a-node"
    assert len(error.what) > 20
    assert len(error.remedy) > 20


@pytest.mark.parametrize(
    ("problem", "reached"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.PoolTimeout("x"), False),
        (httpx.ReadTimeout("x"), True),
        (httpx.WriteError("x"), True),
        (httpx.RemoteProtocolError("x"), True),
        (requests.exceptions.ConnectTimeout("x"), False),
        (requests.exceptions.ReadTimeout("x"), True),
        (requests.exceptions.ChunkedEncodingError("x"), True),
    ],
)
def test_only_a_connection_that_never_stood_proves_that_nothing_arrived(
    problem: Exception, reached: bool
) -> None:
    error = translate(problem, "a-node")
    assert isinstance(error, Unreachable)
    assert error.reached_node is reached
    assert error.retry.allowed is True


@pytest.mark.parametrize("cause", [ssl.SSLEOFError, ConnectionResetError, BrokenPipeError])
def test_a_handshake_that_ends_without_a_word_is_told_as_cut_off(cause: type[OSError]) -> None:
    problem = httpx.ConnectError("x")
    problem.__cause__ = cause()
    error = translate(problem, "a-node")
    assert isinstance(error, Unreachable)
    assert "cut off before it was secure" in error.what
    assert error.reached_node is False


def test_an_error_that_is_ours_already_stays_as_it_is() -> None:
    busy = NodeBusy("what", "remedy", node="a-node")
    outer = httpx.ReadError("x")
    outer.__cause__ = busy
    assert translate(outer) is busy


def test_what_belongs_to_no_library_is_left_alone() -> None:
    assert translate(AssertionError("a mistake of ours")) is None


def test_the_librarys_own_text_does_not_get_into_the_message() -> None:
    error = translate(httpx.ReadError("https://node.example/?patient=DOE^JOHN"), "a-node")
    assert error is not None
    assert "DOE" not in error.what + error.remedy


@pytest.mark.parametrize("kind", list(MAPPED), ids=lambda kind: kind.__name__)
def test_no_remedy_promises_what_a_run_that_has_ended_does_not_do(
    kind: type[BaseException],
) -> None:
    """It is read when patience is at its end, and nobody tries again but the operator."""
    remedy = MAPPED[kind]("a-node").remedy
    assert "is tried again" not in remedy
    assert "Nothing to do" not in remedy
