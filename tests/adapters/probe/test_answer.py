"""What a server says once it is trusted: pages, redirects, faults, clocks, limits."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.adapters.probe.asking import lines, only_trouble, probed
from tests.adapters.tls_server import Reply, Request, Server, serving
from transfer.node import CheckResult

PAGE = b"<!DOCTYPE html><html><head><title>Guest \x1b[31mWLAN &amp; notice</title></head></html>"


async def _asked(
    reply: Reply | Callable[[Request], Reply],
    ca_file: Path,
    context: ssl.SSLContext,
    **named: object,
) -> tuple[list[CheckResult], Server]:
    script = reply if callable(reply) else lambda _: reply
    with serving(script, context) as server:
        results = await probed(server.url, ca_file, **named)  # type: ignore[arg-type]
    return results, server


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 405])
async def test_a_service_that_answers_anything_of_its_own_is_there(
    status: int, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(Reply(status), ca_file, good_context)
    assert {result.state for result in results} == {"ok"}
    (answer,) = [result for result in results if result.check == "answer"]
    assert answer.answer.startswith(f"HTTP {status}")


async def test_no_credential_and_no_body_goes_with_the_question(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    _, server = await _asked(Reply(200, b"[]"), ca_file, good_context)
    assert {request.method for request in server.requests} == {"GET"}
    assert all("authorization" not in request.headers for request in server.requests)
    assert all("cookie" not in request.headers for request in server.requests)


@pytest.mark.parametrize(
    "reply",
    [Reply(200, PAGE, {"Content-Type": "text/html"}), Reply(200, PAGE), Reply(511, PAGE)],
    ids=["by-its-type", "by-its-looks", "by-its-status"],
)
async def test_a_page_in_the_place_of_data_is_named_by_its_title(
    reply: Reply, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, server = await _asked(reply, ca_file, good_context)
    trouble = only_trouble(results)
    assert trouble.check == "answer"
    assert 'answers with a web page ("Guest [31mWLAN & notice") where data are' in trouble.message
    assert f"https://127.0.0.1:{server.port}/ in a browser" in trouble.remedy
    assert trouble.exit_code == 6


async def test_a_page_that_refuses_us_is_no_page_in_the_place_of_data(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """Fronts word their 401 in HTML."""
    reply = Reply(401, PAGE, {"Content-Type": "text/html"})
    results, _ = await _asked(reply, ca_file, good_context)
    assert {result.state for result in results} == {"ok"}


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://elsewhere.example/login?patient=1", "elsewhere.example"),
        ("https://elsewhere.example:8443/", "elsewhere.example:8443"),
        ("http://127.0.0.1/login", "plain http at 127.0.0.1"),
    ],
)
async def test_a_redirect_elsewhere_is_named_with_where_it_leads(
    location: str, named: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    reply = Reply(302, headers={"Location": location})
    results, server = await _asked(reply, ca_file, good_context)
    trouble = only_trouble(results)
    assert trouble.check == "redirect"
    assert trouble.message == (
        f"127.0.0.1 redirects to {named}; sign-in and data are not sent there."
    )
    assert "patient" not in trouble.message + trouble.answer
    assert len(server.requests) == 1


async def test_a_redirect_within_the_server_is_no_trouble(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(Reply(302, headers={"Location": "/login"}), ca_file, good_context)
    assert {result.state for result in results} == {"ok"}


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_out_of_order_is_told_with_its_number(
    status: int, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(Reply(status, b"<html>oh</html>"), ca_file, good_context)
    trouble = only_trouble(results)
    assert trouble.check == "answer"
    assert f"The node is there but out of order (HTTP {status}" in trouble.message
    assert trouble.whom == "the node's support"


async def test_a_busy_server_is_a_warning(ca_file: Path, good_context: ssl.SSLContext) -> None:
    results, _ = await _asked(Reply(429), ca_file, good_context)
    trouble = only_trouble(results, "warn")
    assert (trouble.check, trouble.state) == ("answer", "warn")


async def test_a_server_that_hangs_up_without_a_word_is_told(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(Reply(then="reset"), ca_file, good_context)
    trouble = only_trouble(results)
    assert trouble.check == "answer"
    assert "breaks the connection before its answer is whole" in trouble.message


async def test_a_server_that_takes_the_question_and_says_nothing_is_told(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    over = threading.Event()

    def script(_: Request) -> Reply:
        over.wait(20)
        return Reply(200, b"[]")

    with serving(script, good_context) as server:
        results = await probed(server.url, ca_file, seconds=0.5)
        over.set()
    trouble = only_trouble(results)
    assert trouble.check == "answer"
    assert "takes the connection but does not answer in time" in trouble.message


def _dated(ahead_s: float) -> Reply:
    return Reply(200, b"[]", {"Date": formatdate(time.time() + ahead_s, usegmt=True)})


@pytest.mark.parametrize("ahead_s", [0, 50, -50])
async def test_a_clock_within_a_minute_agrees(
    ahead_s: float, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(_dated(ahead_s), ca_file, good_context)
    assert ("clock", "ok") in lines(results)
    assert {result.state for result in results} == {"ok"}


@pytest.mark.parametrize(
    ("ahead_s", "state", "said"),
    [
        (100, "warn", "seconds behind that of the node"),
        (-200, "warn", "minutes ahead of that of the node"),
        (400, "fail", "minutes behind that of the node: signing in and certificates cannot be"),
        (-86_400 * 3, "fail", "3 days ahead of that of the node"),
    ],
)
async def test_a_skewed_clock_is_told_in_words_and_ends_the_examination_when_it_is_far_off(
    ahead_s: float, state: str, said: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(_dated(ahead_s), ca_file, good_context)
    trouble = only_trouble(results, state)
    assert (trouble.check, trouble.state) == ("clock", state)
    assert said in trouble.message
    assert "NTP" in trouble.remedy
    assert trouble.whom == "this host's administrator"
    assert trouble.answer.startswith("Date: ")


async def test_the_time_that_a_cache_kept_an_answer_is_not_taken_for_a_skewed_clock(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    reply = Reply(200, b"[]", {**_dated(-1000).headers, "Age": "1000"})
    results, _ = await _asked(reply, ca_file, good_context)
    assert ("clock", "ok") in lines(results)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2026 25:61:61 GMT"])
async def test_a_date_that_cannot_be_read_is_no_finding(
    date: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(Reply(200, b"[]", {"Date": date}), ca_file, good_context)
    assert {result.state for result in results} == {"ok"}
    assert "clock" not in [result.check for result in results]


async def test_the_round_trip_is_the_middle_of_a_few_over_one_connection(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, server = await _asked(Reply(200, b"[]"), ca_file, good_context)
    assert len(server.requests) == 6
    # One for the handshake by hand, one for all questions.
    assert server.connections == 2
    assert results[-1].check == "round-trip"
    assert "median" in results[-1].answer


def _front(limit_bytes: int, otherwise: int = 100) -> Callable[[Request], Reply]:
    """A front that refuses by the announced length, before any body."""

    def script(request: Request) -> Reply:
        if request.method != "POST":
            return Reply(401)
        if int(request.headers["content-length"]) > limit_bytes:
            return Reply(413, then="close")
        return Reply(otherwise)

    return script


async def test_what_a_front_takes_is_asked_without_sending_it(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, server = await _asked(_front(1 << 40), ca_file, good_context, upload_bytes=16 << 20)
    assert lines(results)[-2:] == [("limits", "ok"), ("upload-rate", "ok")]
    assert results[-2].message == "The node takes requests of 16 MiB."
    posts = [request for request in server.requests if request.method == "POST"]
    assert [request.headers["content-length"] for request in posts] == [
        "16777216",
        "1073741824",
    ]
    assert all(request.headers["expect"] == "100-continue" for request in posts)
    assert all("authorization" not in request.headers for request in posts)
    # Heads only: no byte of a body came.
    assert len(server.received) < 8192


async def test_a_front_that_takes_less_than_a_batch_is_told_with_what_to_set(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """The ingress of a cluster that sets no limit takes 1 MB (upv-node.md 2.2)."""
    results, _ = await _asked(_front(1 << 20), ca_file, good_context, upload_bytes=16 << 20)
    trouble = only_trouble(results, "warn")
    assert (trouble.check, trouble.state) == ("limits", "warn")
    assert trouble.message == "The node refuses requests of 16 MiB and takes 1 MiB."
    assert "max_batch_bytes = 1048576" in trouble.remedy
    assert trouble.whom == "the node's support"


async def test_a_front_that_takes_batches_but_no_very_large_instance_is_told(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(_front(100 << 20), ca_file, good_context, upload_bytes=16 << 20)
    assert {result.state for result in results} == {"ok"}
    assert results[-2].message == "The node takes requests of 16 MiB, but none of 1 GiB."


async def test_a_front_that_asks_for_a_sign_in_first_does_not_tell_its_limit(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    results, _ = await _asked(_front(1 << 40, 401), ca_file, good_context, upload_bytes=1 << 20)
    assert results[-2].state == "ok"
    assert results[-2].message.startswith("Not told how large a request the node takes")
    assert results[-1].message.startswith("Not measured how fast an upload runs")
