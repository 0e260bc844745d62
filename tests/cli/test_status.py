"""`status`, `list` and `step`: the whole journey as text, and what a person records of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER, Bench, bench

ASKED = ("--state", "waiting", "--by", "Ada Lovelace", "--evidence", "HLP 4711")
LONG_AGO = ("--since", "2026-01-02")


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def _heads(out: str) -> list[str]:
    """The line of each step: number, title, state."""
    return [
        " ".join(line[1:].split())
        for line in out.splitlines()
        if line[:1] in (">", " ") and line[1:4].strip().isdecimal()
    ]


def test_status_prints_every_step_with_its_state(at: Bench) -> None:
    assert _heads(at.program.good("status", TRANSFER).out) == [
        "4 De-identify as is",
        "5 Account and sign-in to do",
        "6 Ticket for the project to do",
        "7 A working tool to do",
        "8 Send the images to do",
        "9 Send the clinical data locked",
        "10 Create and release the dataset locked",
    ]


def test_status_marks_the_step_to_be_done_now_and_says_how(at: Bench) -> None:
    lines = at.program.good("status", TRANSFER).out.splitlines()
    (here,) = [n for n, line in enumerate(lines) if line.startswith(">")]
    assert lines[here].split() == [">", "5", "Account", "and", "sign-in", "to", "do"]
    assert lines[here + 1 : here + 3] == [
        "      Register, ask for the account, then sign in.",
        "      eucaim-transfer login node",
    ]


def test_no_line_of_the_journey_is_wider_than_80_columns(at: Bench) -> None:
    at.program.good("step", TRANSFER, "ticket", *ASKED, *LONG_AGO)
    lines = at.program.good("status", TRANSFER).out.splitlines()
    wide = [line for line in lines if len(line) > 80 and "eucaim-transfer" not in line]
    assert len(lines) > 20
    assert wide == []


def test_what_waits_is_printed_with_since_when_who_and_a_reminder(at: Bench) -> None:
    at.program.good("step", TRANSFER, "ticket", *ASKED, *LONG_AGO)
    said = " ".join(at.program.good("status", TRANSFER).out.split())
    assert "6 Ticket for the project waiting" in said
    since = r"Since 2026-01-02 00:00 UTC \(.+\), by Ada Lovelace, evidence: HLP 4711\."
    assert re.search(since, said)
    assert "REMINDER: No answer for " in said
    assert " hours: reply in the ticket." in said


def test_list_says_where_each_transfer_is_and_what_is_waited_for(at: Bench) -> None:
    before = at.program.good("list").out
    assert "step 5: Account and sign-in, to do" in before
    assert "no answer" not in before
    at.program.good("step", TRANSFER, "6", *ASKED, *LONG_AGO)
    (row,) = at.program.good("list", "--json").document["transfers"]
    assert row["step"] == "account"
    assert len(row["reminders"]) == 1
    assert row["reminders"][0].endswith("hours: reply in the ticket.")
    assert "; step 6: no answer for " in at.program.good("list").out


def test_an_upload_is_not_refused_because_earlier_steps_are_open(at: Bench) -> None:
    at.assert_all_arrived(at.upload())
    out = at.program.good("status", TRANSFER).out
    assert _heads(out)[1:6] == [
        "5 Account and sign-in done",
        "6 Ticket for the project to do",
        "7 A working tool to do",
        "8 Send the images done",
        "9 Send the clinical data to do",
    ]
    assert "Images went although this step is open." in out
    assert f"eucaim-transfer ticket {TRANSFER} --not-needed --by PERSON --reason TEXT" in out
    assert "Images went although step 6 is open: Ticket for the project." in out


def test_the_document_names_the_step_to_do_and_keeps_its_old_keys(at: Bench) -> None:
    status = at.status()
    assert status["next"] == "account"
    ids = [step["id"] for step in status["steps"]]
    assert ids == ["deidentify", "account", "ticket", "tool", "images", "clinical", "dataset"]
    account = status["steps"][1]
    assert (account["number"], account["title"], account["state"]) == (
        5,
        "Account and sign-in",
        "todo",
    )
    assert account["command"] == "eucaim-transfer login node"


def test_who_signed_out_is_told_to_sign_in_and_not_to_register(at: Bench) -> None:
    at.program.good("login", "node")
    at.program.good("logout", "node")
    account = at.step("account")
    assert (account["state"], account["detail"]) == ("todo", "Signed out.")
    assert account["next"] == "Sign in again."
    said = at.program.good("account", "node").out.splitlines()
    assert said[1] == "Signed out."


def test_an_asked_for_account_is_known_to_every_transfer_of_the_node(at: Bench) -> None:
    source = at.program.home.parent / "source"
    at.program.good("new", "second", "--node", "node", "--source", source)
    at.program.good("step", TRANSFER, "account", "--state", "waiting", "--by", "Ada", *LONG_AGO)
    account = at.program.status("second")["steps"][1]
    assert (account["state"], account["person"]) == ("waiting", "Ada")
    assert account["since"] == "2026-01-02T00:00:00.000Z"


def test_a_step_without_a_state_shows_it_with_its_history(at: Bench) -> None:
    at.program.good("step", TRANSFER, "ticket", *ASKED)
    at.program.good("step", TRANSFER, "ticket", "--state", "done", "--by", "Grace")
    document = at.program.good("step", TRANSFER, "ticket", "--json").document
    assert document["state"] == "done"
    assert [(h["state"], h["person"], h["evidence"]) for h in document["history"]] == [
        ("waiting", "Ada Lovelace", "HLP 4711"),
        ("done", "Grace", ""),
    ]
    assert "Step 6, Ticket for the project: done" in at.program.good("step", TRANSFER, "6").out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("images", "--state", "done", "--by", "Ada"), 2, "settled by this program itself"),
        (("account", "--state", "done", "--by", "Ada"), 2, "seen by signing in"),
        (("clinical", "--state", "done", "--by", "Ada"), 2, "settled by this program itself"),
        (("dataset", "--state", "done", "--by", "Ada"), 3, "cannot be recorded yet"),
        (("ticket", "--state", "done"), 2, "needs the person"),
        (("ticket", "--by", "Ada"), 2, "needs the state"),
        (("ticket", *ASKED, "--since", "2999-01-01"), 2, "no day in the past"),
        (("lunch", "--state", "done", "--by", "Ada"), 2, "no step of that name"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_two_lines(
    at: Bench, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = at.program.run("step", TRANSFER, *words)
    assert ran.code == code, str(ran)
    assert len(ran.err.splitlines()) == 2
    assert told in ran.err.splitlines()[0]
    assert ran.err.splitlines()[1].startswith("  what to do: ")


def test_after_a_sign_in_that_ran_out_login_comes_first_and_then_the_upload_goes_on(
    tmp_path: Path,
) -> None:
    with bench(tmp_path, is_signed_in=False) as at:
        assert at.upload().code == 5
        status = at.status()
        assert status["next"] == "account"
        assert at.step("images")["state"] == "waiting"
        at.program.good("login", "node", typed="ingester\n")
        assert at.step("account")["state"] == "done"
        assert at.step("images")["state"] == "todo"
        at.assert_all_arrived(at.upload())


def test_a_folder_that_goes_to_another_node_already_is_told(at: Bench) -> None:
    """One node for each dataset (ORD-03)."""
    source = at.program.home.parent / "source"
    words = ("--source", source, "--destination", "LUNG", "--site-id", "S1", "--deid", "eucaim")
    ran = at.program.good("new", "other", "--node", "health-ri", *words)
    assert ran.err.splitlines()[0] == (
        f"The same folder goes to node in the transfer {TRANSFER}: a dataset belongs on one node"
        " only. Choose with select what goes where."
    )
