"""The legal record by keys: what is missing, one thing, a whole file, taking back, proving."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from adapters.sandbox.server import NODE, Options, in_thread
from tests.legal.records import declared, whole, whole_toml
from tests.tui.driving import FixedDayApp, KnownSource, keys, make_app, now, press, running, settle
from tests.tui.driving import screen_name as front
from tests.tui.driving import words as all_words
from tests.tui.ledgers import configure_upv, make_done, make_first_ledger, set_state
from tests.tui.test_pictures import SnapCompare
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries, current_entries
from transfer.legal.entries import Declaration, LegalEntry, State
from transfer.values import StepState
from transfer.workspace import Home
from tui.app import TransferApp
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

NAME = "breast-2023"
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def app(home: Home) -> TransferApp:
    """The app at the journey of a transfer of which nothing legal is recorded."""
    configure_upv(home)
    make_done(home)
    return make_app(home, NAME)


def words(app: TransferApp) -> str:
    """What the screen says, as one line."""
    return " ".join(all_words(app).split())


def gate(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#gate", Painted).words.split())


def about(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#one", Painted).words.split())


def row(app: TransferApp, title: str) -> str:
    """The row that begins a thing's title."""
    lines = app.screen.query_one("#entries", Rows).words.splitlines()
    return next(" ".join(line.split()) for line in lines if title in line)


def recorded(home: Home, name: str = NAME) -> dict[str, LegalEntry]:
    with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
        return dict(current_entries(ledger))


def record(home: Home, *entries: LegalEntry) -> None:
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        add_entries(ledger, entries)


async def test_what_is_missing_for_the_gate_stands_on_top_in_words(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "l")
        assert front(app) == "LegalScreen"
        assert gate(app) == (
            "✗ Publishing is locked. What is missing:"
            " · Legal clearance is not recorded."
            " · DTA signature of the institution's legal representative missing."
            " · DTA signature of EUCAIM's Scientific Director missing."
        )
        assert row(app, "Clearance by") == "○ missing Clearance by EUCAIM's legal team"
        assert "Papers: 0 of 14 settled; they lock nothing" in words(app)
        assert "Ask EUCAIM's legal team for it" in about(app)


async def test_a_locked_step_10_names_the_key_to_the_legal_record(
    app: TransferApp, home: Home
) -> None:
    set_state(home.workspace(NAME), "clinical", StepState.DONE, "All of it is there.")
    async with running(app) as pilot:
        await press(pilot, "end")
        assert "Publishing is locked: legal clearance is not recorded." in words(app)
        assert "l the legal record." in now(app)
        await press(pilot, "l", "escape")
        assert front(app) == "JourneyScreen"


async def test_what_concerns_the_whole_transfer_is_reached_by_keys_help_and_palette(
    app: TransferApp,
) -> None:
    titles = {"Legal", "Evidence", "Catalogue", "Withdrawal", "End of retention"}
    screens = []
    async with running(app) as pilot:
        palette = {command.title for command in app.get_system_commands(app.screen)}
        assert titles <= palette
        for key in "legwz":
            await press(pilot, key)
            screens.append(front(app))
            await press(pilot, "escape")
        await press(pilot, "question_mark")
        assert "z Remove originals and key" in words(app)
    assert screens == [
        "LegalScreen",
        "EvidenceScreen",
        "CatalogueScreen",
        "RecallScreen",
        "PurgeScreen",
    ]


async def test_one_declaration_is_recorded_by_its_form_and_the_document_is_digested(
    app: TransferApp, home: Home, tmp_path: Path
) -> None:
    paper = tmp_path / "clearance.pdf"
    paper.write_bytes(b"signed")
    digest = hashlib.sha256(b"signed").hexdigest()
    async with running(app) as pilot:
        await press(pilot, "l", "enter")
        assert front(app) == "LegalFormPage"
        await press(pilot, *"Clara Juris", "enter", *"2026-03-12", "enter")
        await press(pilot, *str(paper), "enter")
        assert f"SHA-256 {digest}" in words(app)
        await press(pilot, "enter", *"HLP 4711", "enter", *"Ada Lovelace", "enter")
        assert front(app) == "LegalScreen"
        assert "Legal clearance is not recorded" not in gate(app)
        assert row(app, "Clearance by").endswith("2026-03-12")
        assert f"SHA-256 {digest} The digest is of a document read here." in about(app)
    entry = recorded(home)[Declaration.CLEARANCE]
    assert replace(entry, recorded_at_utc="") == LegalEntry(
        Declaration.CLEARANCE,
        State.THERE,
        person="Clara Juris",
        day="2026-03-12",
        sha256=digest,
        is_digested_here=True,
        ticket="HLP 4711",
        entered_by="Ada Lovelace",
    )


async def test_a_typed_digest_needs_no_document(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "enter", *"Clara Juris", "enter", *"2026-03-12", "enter", "enter")
        await press(pilot, *("ab" * 32), "enter", *"4711", "enter", *"Ada Lovelace", "enter")
        assert "✓ there" in row(app, "Clearance by")
    entry = recorded(home)[Declaration.CLEARANCE]
    assert (entry.sha256, entry.is_digested_here) == ("ab" * 32, False)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (("tbd", "enter"), "✗ Declared by names no person."),
        (("Clara Juris", "enter", "2035-01-01", "enter"), "✗ Date lies in the future."),
        (("Clara Juris", "enter", "12.3.2026", "enter"), "✗ Date is no day like 2026-03-12."),
    ],
)
async def test_a_fault_is_said_below_its_field_and_the_field_is_not_left(
    app: TransferApp, home: Home, typed: tuple[str, ...], fault: str
) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "enter")
        for text in typed:
            await press(pilot, *([text] if text == "enter" else text))
        assert fault in words(app)
        assert "next field" in now(app)
    assert recorded(home) == {}


async def test_a_record_that_is_not_whole_is_kept_only_after_asking(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "enter", *"Clara Juris", *(["enter"] * 5), *"Ada", "enter")
        assert "Missing: date, ticket, document or digest." in words(app)
        await press(pilot, "enter")
        assert (front(app), recorded(home)) == ("LegalFormPage", {})
        await press(pilot, "enter", "right", "enter")
        assert "✗ incomplete" in row(app, "Clearance by")
        assert (
            "The record of the legal clearance lacks its date, the digest of the document and its"
            " ticket." in gate(app)
        )


async def test_a_document_that_is_not_there_is_said_and_nothing_is_recorded(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "enter", *"Clara Juris", "enter", *"2026-03-12", "enter")
        await press(pilot, *"/nowhere/x.pdf", "enter")
        assert "✗ The document cannot be taken: No such file or directory." in words(app)
        await press(pilot, "enter", *"4711", "enter", *"Ada Lovelace", "enter")
        assert front(app) == "FailureScreen"
    assert recorded(home) == {}


async def test_leaving_a_form_that_was_begun_is_asked_for(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "enter", *"Clara", "escape")
        assert "Go back without it?" in words(app)
        await press(pilot, "enter")
        assert front(app) == "LegalFormPage"
        await press(pilot, "escape", "right", "enter")
        assert front(app) == "LegalScreen"
    assert recorded(home) == {}


async def test_a_paper_may_not_apply_for_a_reason(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "end", "up", "enter", "down", "enter", "enter")
        assert "✗ Reason is missing: a reason stands in place of the paper." in words(app)
        await press(pilot, *"Public data", "enter", *"Ada Lovelace", "enter")
        assert row(app, "Terms of use").startswith("· not applicable Terms of use")
        assert "Because: Public data" in about(app)
        assert "Papers: 1 of 14 settled" in words(app)
    assert recorded(home)["terms-of-use"].state is State.NOT_APPLICABLE


async def test_the_dta_itself_always_applies(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "l", "end", "enter")
        assert "It is missing" in words(app)
        assert "It does not apply" not in words(app)


async def test_a_whole_file_opens_the_gate(app: TransferApp, home: Home, tmp_path: Path) -> None:
    file = tmp_path / "record.toml"
    file.write_text(whole_toml())
    async with running(app) as pilot:
        await press(pilot, "l", "f", "enter", "enter", "tab", "ctrl+u")
        await press(pilot, *str(file), "enter")
        assert gate(app).startswith("✓ The legal record is whole.")
        assert "✓ whole" in all_words(app)
    assert set(recorded(home)) == set(Declaration)


async def test_what_a_file_says_too_little_of_is_named(
    app: TransferApp, home: Home, tmp_path: Path
) -> None:
    file = tmp_path / "record.toml"
    text = whole_toml() + '[papers]\ndpia = { state = "not-applicable" }\n'
    file.write_text(text)
    async with running(app) as pilot:
        await press(pilot, "l", "f", "enter", "enter", "tab", "ctrl+u")
        await press(pilot, *str(file), "enter")
        assert "[papers] dpia: why it does not apply is missing" in words(app)
        await press(pilot, "enter")
        assert gate(app).startswith("✓ The legal record is whole.")


async def test_the_empty_form_is_written_into_a_new_file(app: TransferApp, tmp_path: Path) -> None:
    file = tmp_path / "form.toml"
    async with running(app) as pilot:
        await press(pilot, "l", "f", "down", "enter", "ctrl+u", *str(file), "enter")
        assert "The form is written" in words(app)
    assert file.read_text().startswith("# Legal record of a transfer.")
    assert file.stat().st_mode & 0o777 == 0o600


async def test_what_was_recorded_is_taken_back_with_a_reason_and_stays_in_the_history(
    app: TransferApp, home: Home
) -> None:
    record(home, *whole())
    async with running(app) as pilot:
        await press(pilot, "l", "w", *"wrong form", "enter", *"Ada Lovelace", "enter")
        assert "✗ withdrawn" in row(app, "Clearance by")
        assert "Legal clearance is not recorded." in gate(app)
        assert "Because: wrong form" in about(app)
        assert f"{TODAY} · there · Clara Juris" in about(app)
        assert "Take back" not in keys(app)
    assert recorded(home)[Declaration.CLEARANCE].state is State.WITHDRAWN


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"signed", "✓ It is the document of: Clearance by EUCAIM's legal team."),
        (b"another", "The record does not rest on this document"),
    ],
)
async def test_a_document_is_proved(
    app: TransferApp, home: Home, tmp_path: Path, content: bytes, told: str
) -> None:
    record(home, declared(Declaration.CLEARANCE, sha256=hashlib.sha256(b"signed").hexdigest()))
    file = tmp_path / "d.pdf"
    file.write_bytes(content)
    async with running(app) as pilot:
        await press(pilot, "l", "d", "tab", "ctrl+u", *str(file), "enter")
        assert told in words(app)


async def test_no_key_makes_up_a_record_for_a_real_node(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "l")
        assert "Made-up" not in keys(app)
        await press(pilot, "x")
    assert recorded(home) == {}


async def test_on_a_stand_in_a_made_up_record_is_asked_for_and_said(home: Home) -> None:
    app = _at_a_stand_in(home)
    async with running(app) as pilot:
        await press(pilot, "l", "x")
        assert "Fill in a made-up record?" in words(app)
        await press(pilot, "enter")
        assert recorded(home, "to-upv") == {}, "Enter alone gives the harmless answer"
        await press(pilot, "x", "right", "enter")
        assert "A made-up record stands here now" in words(app)
        assert "Made up and filled in: 3 declarations, 14 papers." in words(app)
        await press(pilot, "enter")
        assert gate(app).startswith("✓ The legal record is whole.")
        assert "SANDBOX: a part of this record is made up" in gate(app)
    assert all(entry.is_sandbox for entry in recorded(home, "to-upv").values())


async def test_the_made_up_record_overwrites_nothing_that_a_person_recorded(home: Home) -> None:
    app = _at_a_stand_in(home)
    signed = declared(Declaration.INSTITUTION)
    with Ledger.open(home.workspace("to-upv").ledger) as ledger:
        add_entries(ledger, [signed])
    async with running(app) as pilot:
        await press(pilot, "l", "x")
        assert "It fills in 2 declarations, 14 papers of which nothing is recorded." in words(app)
        assert "What is recorded stays as it is: 1 declaration." in words(app)
        await press(pilot, "right", "enter")
        assert "Left as it was: 1 declaration." in words(app)
        await press(pilot, "enter", "x")
        assert "Nothing is left to be made up" in words(app)
    entries = recorded(home, "to-upv")
    assert replace(entries[Declaration.INSTITUTION], recorded_at_utc="") == signed
    assert entries[Declaration.CLEARANCE].is_sandbox
    assert len(entries) == 17


async def test_what_was_made_up_is_no_proposal_for_what_a_person_records(home: Home) -> None:
    app = _at_a_stand_in(home)
    async with running(app) as pilot:
        await press(pilot, "l", "x", "right", "enter", "enter", "enter")
        assert front(app) == "LegalFormPage"
        typed = {entry.id: entry.value for entry in app.screen.query(Input)}
    assert set(typed.values()) == {""}


async def test_a_document_that_is_named_anew_takes_the_old_digest_away(
    app: TransferApp, home: Home, tmp_path: Path
) -> None:
    paper = tmp_path / "clearance.pdf"
    paper.write_bytes(b"signed")
    record(home, declared(Declaration.CLEARANCE))
    old = declared(Declaration.CLEARANCE).sha256
    async with running(app) as pilot:
        await press(pilot, "l", "enter")
        digest = app.screen.query_one("#sha256", Input)
        assert digest.value == old
        await press(pilot, "down", "down", "x")
        assert digest.value == ""
        await press(pilot, "backspace")
        assert digest.value == old, "no document is named: the digest stands again"
        await press(pilot, *str(paper), *["enter"] * 3, *"Ada", "enter")
        assert front(app) == "LegalScreen"
    entry = recorded(home)[Declaration.CLEARANCE]
    assert entry.sha256 == hashlib.sha256(b"signed").hexdigest()
    assert entry.is_digested_here


async def test_control_characters_of_a_record_do_not_reach_the_terminal(
    app: TransferApp, home: Home
) -> None:
    record(home, declared(Declaration.CLEARANCE, person="Clara\x1b[2J[b]Juris"))
    async with running(app) as pilot:
        await press(pilot, "l")
        assert "Clara\N{REPLACEMENT CHARACTER}[2J[b]Juris" in about(app)


def _at_a_stand_in(home: Home) -> TransferApp:
    """The app at a transfer to a stand-in, nothing of which is recorded."""
    make_first_ledger(home, "to-upv", node=NODE)
    with in_thread(Options()) as sandbox:
        sandbox.write_home(home.root)
    return make_app(home, "to-upv")


# Pictures -----------------------------------------------------------------------------------


class FixedSource(KnownSource):
    """Forms are written where every machine has them."""

    def start_folder(self) -> Path:
        return Path("/data/export")


def _some(home: Home) -> None:
    record(
        home,
        declared(Declaration.CLEARANCE),
        declared(Declaration.INSTITUTION, ticket=""),
        LegalEntry("dpo-report", State.THERE, day="2026-02-01", entered_by="Ada Lovelace"),
        LegalEntry("dpia", State.NOT_APPLICABLE, reason="Low risk.", entered_by="Ada Lovelace"),
    )


def _all(home: Home) -> None:
    record(home, *whole())


def _nothing(home: Home) -> None:
    return


PICTURES = {
    "open": (_nothing, ()),
    "some": (_some, ("down",)),
    "whole": (_all, ()),
    "form": (_nothing, ("enter", *"Clara Juris", "enter", *"2035-01-01", "enter")),
    "file": (_nothing, ("f", "enter", *"Clara", "enter")),
    "help": (_nothing, ("question_mark",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str,
    size: tuple[int, int],
    home: Home,
    snap_compare: SnapCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("transfer.ledger.legal.utc_now", lambda: "2026-03-14T08:00:00.000Z")
    prepare, pressed = PICTURES[name]
    configure_upv(home)
    make_done(home)
    prepare(home)
    app = FixedDayApp(home, NAME, source=FixedSource(home))

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, "l", *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)
