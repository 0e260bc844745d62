"""Tickets by the helpdesk's API: opened once, never twice, and followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.helpdesk.options import DeskSettings
from adapters.helpdesk.zammad import Attachment, Helpdesk
from adapters.sandbox.helpdesk import AGENT, CUSTOMER, STRANGER
from adapters.sandbox.server import Options, Sandbox
from adapters.secrets import SecretStore
from tests.helpdesk.bench import TITLE, desk_at, settings_at, text_of
from transfer.errors import (
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    TlsRefused,
    Unreachable,
)


async def test_a_ticket_is_opened_in_its_group_with_its_text(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    opened = await desk.open_ticket(text_of())
    (held,) = sandbox.helpdesk.tickets()
    assert (held["title"], held["group"]) == (TITLE, "Reference nodes")
    (article,) = held["articles"]
    assert article["body"] == text_of().body
    assert (article["content_type"], article["internal"]) == ("text/plain", False)
    assert (opened.number, opened.group, opened.is_closed) == (
        held["number"],
        "Reference nodes",
        False,
    )
    assert opened.url == f"{sandbox.helpdesk_url}/#ticket/zoom/{held['id']}"


async def test_a_group_that_is_not_offered_gives_way_to_the_fallback(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    sandbox.helpdesk.groups.remove("Reference nodes")
    opened = await desk.open_ticket(text_of())
    assert opened.group == "Technical support team"
    assert [ticket["group"] for ticket in sandbox.helpdesk.tickets()] == ["Technical support team"]


async def test_where_neither_group_is_offered_nothing_is_opened_and_both_are_named(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    sandbox.helpdesk.groups.clear()
    with pytest.raises(
        NodeFault, match="Reference nodes or Technical support team; no ticket was opened"
    ) as refused:
        await desk.open_ticket(text_of())
    assert refused.value.reached_node is False
    assert sandbox.helpdesk.tickets() == []


async def test_an_answer_that_got_lost_is_looked_up_and_not_asked_for_again(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    fault = sandbox.fault("helpdesk:lose-answer,times=1")
    opened = await desk.open_ticket(text_of())
    assert fault.fired == 1
    assert [ticket["number"] for ticket in sandbox.helpdesk.tickets()] == [opened.number]


async def test_an_answer_that_comes_too_late_is_looked_up_too(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    secrets = SecretStore(tmp_path, environ={})
    secrets.hold("helpdesk.token", CUSTOMER.token)
    desk = Helpdesk(settings_at(sandbox, read_timeout_s=0.5), secrets, environ={})
    sandbox.fault("helpdesk:late-answer=5000,times=1")
    opened = await desk.open_ticket(text_of())
    await desk.aclose()
    assert [ticket["number"] for ticket in sandbox.helpdesk.tickets()] == [opened.number]


async def test_a_gateway_that_gave_up_says_nothing_of_the_ticket_and_nothing_is_opened_twice(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    sandbox.fault("helpdesk:status=504,times=1")
    with pytest.raises(NodeBusy, match="HTTP 504") as refused:
        await desk.open_ticket(text_of())
    assert refused.value.reached_node is True
    assert "not opened twice" in refused.value.remedy
    assert sandbox.helpdesk.tickets() == []


async def test_a_ticket_is_found_by_its_reference_and_not_by_its_title(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    first = await desk.open_ticket(text_of("ET-FIRST"))
    second = await desk.open_ticket(text_of("ET-SECOND"))
    found = await desk.look_up(text_of("ET-SECOND"))
    assert found is not None
    assert (found.number, found.number != first.number) == (second.number, True)
    assert await desk.look_up(text_of("ET-THIRD")) is None


async def test_a_ticket_that_was_written_by_hand_is_found_by_its_number(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    other = text_of("ET-OTHER", title="Anything", body="without a reference")
    opened = await desk.open_ticket(other)
    found = await desk.look_up(text_of("ET-MINE"), opened.number)
    assert found is not None
    assert found.number == opened.number


async def test_more_tickets_than_a_page_are_all_looked_at(desk: Helpdesk) -> None:
    for number in range(101):
        await desk.open_ticket(text_of(f"ET-{number:04}", title=f"Other {number}"))
    last = await desk.open_ticket(text_of("ET-LAST"))
    found = await desk.look_up(text_of("ET-LAST"))
    assert found is not None
    assert found.number == last.number


async def test_state_and_answer_are_followed_as_plain_text(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    opened = await desk.open_ticket(text_of())
    assert (await desk.follow(opened.id)).answers == ()
    html = "<p>Dear <b>Ada</b>,</p>it is <a href='https://x.example'>there</a>.<script>x()</script>"
    sandbox.helpdesk.answer(opened.number, html)
    now = await desk.follow(opened.id)
    assert [answer.text for answer in now.answers] == ["Dear Ada,\nit is there."]
    assert (now.state, now.is_closed) == ("open", False)
    sandbox.helpdesk.answer(opened.number, "Closed.", state="closed", is_html=False)
    now = await desk.follow(opened.id)
    assert [answer.text for answer in now.answers][-1] == "Closed."
    assert (now.state, now.is_closed) == ("closed", True)


async def test_the_customers_own_words_are_no_answer(sandbox: Sandbox, desk: Helpdesk) -> None:
    opened = await desk.open_ticket(text_of())
    sandbox.helpdesk.write(opened.number, CUSTOMER, "One thing more.")
    now = await desk.follow(opened.id)
    assert (now.answers, now.replied_at_utc) == ((), "")


async def test_what_the_staff_writes_among_itself_is_not_read(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    opened = await desk.open_ticket(text_of())
    sandbox.helpdesk.write(opened.number, AGENT, "Who takes this one?", is_internal=True)
    assert (await desk.follow(opened.id)).answers == ()


async def test_a_reply_after_the_answer_is_noticed(sandbox: Sandbox, desk: Helpdesk) -> None:
    opened = await desk.open_ticket(text_of())
    sandbox.helpdesk.answer(opened.number, "Which subprojects?")
    assert (await desk.follow(opened.id)).replied_at_utc == ""
    sandbox.helpdesk.write(opened.number, CUSTOMER, "LUNG-A.")
    now = await desk.follow(opened.id)
    assert now.replied_at_utc >= now.answers[-1].at_utc != ""


async def test_attachments_arrive_byte_for_byte_under_names_of_ours(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    content = b"PatientID\r\nABC-000103\r\n\xff"
    await desk.open_ticket(text_of(), [Attachment("etl-1.csv", "text/csv", content)])
    (held,) = sandbox.helpdesk.tickets()
    (kept,) = held["articles"][0]["attachments"]
    assert kept["filename"] == "etl-1.csv"
    assert sandbox.helpdesk.attachment(kept["id"]) == content


async def test_without_a_token_nothing_is_sent_and_it_is_said_how_to_get_one(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    desk = desk_at(sandbox, tmp_path, token="")
    with pytest.raises(SignInExpired, match="no token for the helpdesk; nothing was sent") as no:
        await desk.open_ticket(text_of())
    assert "ticket.customer" in no.value.remedy
    assert "login helpdesk" in no.value.remedy
    assert "copied or saved" in no.value.remedy


async def test_a_token_that_was_deleted_is_refused_in_words(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    sandbox.helpdesk.revoke(CUSTOMER.token)
    with pytest.raises(SignInExpired, match="does not accept the token") as refused:
        await desk.open_ticket(text_of())
    assert CUSTOMER.token not in refused.value.what + refused.value.remedy


async def test_a_token_without_the_right_is_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    desk = desk_at(sandbox, tmp_path, STRANGER.token)
    with pytest.raises(NotAllowed, match="no ticket was opened") as refused:
        await desk.open_ticket(text_of())
    await desk.aclose()
    assert "ticket.customer" in refused.value.remedy


async def test_an_administrator_may_have_switched_tokens_off(
    sandbox: Sandbox, desk: Helpdesk
) -> None:
    sandbox.helpdesk.takes_tokens = False
    with pytest.raises(NotAllowed, match="API token access disabled"):
        await desk.open_ticket(text_of())


async def test_a_page_that_is_no_zammad_is_said_to_be_none(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    secrets = SecretStore(tmp_path, environ={})
    secrets.hold("helpdesk.token", "x")
    elsewhere = DeskSettings(
        url=f"{sandbox.helpdesk_url}/nowhere", ca_file=sandbox.ca_file, read_timeout_s=10
    )
    desk = Helpdesk(elsewhere, secrets, environ={})
    with pytest.raises(NodeError, match=r"HTTP 404|not as Zammad"):
        await desk.look_up(text_of())
    await desk.aclose()


async def test_a_helpdesk_that_is_not_there_leaves_the_text_to_be_copied(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    secrets = SecretStore(tmp_path, environ={})
    secrets.hold("helpdesk.token", "x")
    nobody = DeskSettings(url="https://127.0.0.1:9", ca_file=sandbox.ca_file)
    desk = Helpdesk(nobody, secrets, environ={})
    with pytest.raises(Unreachable, match="The helpdesk cannot be reached") as refused:
        await desk.open_ticket(text_of())
    await desk.aclose()
    assert refused.value.reached_node is False
    assert "copied or saved" in refused.value.remedy


async def test_a_helpdesk_under_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    async with Sandbox(Options(auth="none")) as running:
        secrets = SecretStore(tmp_path, environ={})
        secrets.hold("helpdesk.token", CUSTOMER.token)
        desk = Helpdesk(DeskSettings(url=running.helpdesk_url), secrets, environ={})
        with pytest.raises(TlsRefused) as refused:
            await desk.open_ticket(text_of())
        await desk.aclose()
        assert refused.value.finding == "unknown-ca"
        assert running.helpdesk.tickets() == []


async def test_the_token_is_the_accounts_own(desk: Helpdesk) -> None:
    assert await desk.whoami() == "ingester@hospital.example"


def test_nothing_of_the_client_shows_a_token(tmp_path: Path) -> None:
    secrets = SecretStore(tmp_path, environ={})
    secrets.hold("helpdesk.token", "s3cret-token")
    assert "s3cret" not in repr(Helpdesk(DeskSettings(), secrets, environ={}))
