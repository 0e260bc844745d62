"""Findings on the screen: by rule, one by one, and what a person does about them; by keys alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.driving import crumbs, keys, known, make_app, now, press, running, words
from tests.tui.driving import screen_name as front
from tests.tui.found import NAME, SURNAME, make_found
from tests.tui.ledgers import fill, find, held, make_ledger, set_runner
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, read_findings, settled_word
from transfer.ledger.mends import list_mends
from transfer.ledger.scanned import record_scanned
from transfer.ledger.selection import add_rule
from transfer.ledger.steps import read_steps
from transfer.quality.circumstances import circumstances_of
from transfer.quality.judging import judge
from transfer.selecting import select_anew
from transfer.values import StepState
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.findings import rule_of
from tui.screens.findings_acts import element_of
from tui.widgets.rows import Rows


@pytest.fixture
def found(home: Home, tmp_path: Path) -> Workspace:
    """Two Series lack the body part, one the manufacturer, one has its date in another place."""
    return make_found(home, tmp_path)


def rows_of(app: TransferApp) -> list[str]:
    """The list as it reads, blanks drawn together."""
    return [" ".join(row.split()) for row in app.screen.query_one("#rows", Rows).words.splitlines()]


def standings(workspace: Workspace, rule: str) -> dict[str, str]:
    """How the findings of a rule stand, by key."""
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return {f.key: f.standing for f in read_findings(ledger, rule=rule, standing=None)}


async def test_the_worst_rule_stands_first_and_one_line_says_what_stops_the_upload(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        assert front(app) == "FindingsScreen"
        assert "2 rules stop the upload; 2 questions are open." in words(app)
        rows = rows_of(app)
        assert rows[:2] == [
            "✗ stops IMG-03 Body part 2 series 6 instances",
            "✗ stops IMG-04 Manufacturer 1 series 3 instances",
        ]
        assert rows[2].startswith("? asks IMG-06 Date of acquisition")


async def test_what_to_do_about_the_chosen_rule_stands_below_the_list(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        assert "Choose a value for the series, or exclude it." in words(app)
        await press(pilot, "down")
        assert "Manufacturer is missing in 3 instances." in words(app)


async def test_enter_leads_from_the_rule_to_its_findings_to_the_header_and_esc_back(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "enter", "down", "enter")
        assert front(app) == "OutlineScreen"
        assert "Header of I4" in crumbs(app)
        assert "Body Part Examined (0018,0015) is not in this header." in now(app)
        await press(pilot, "escape")
        assert front(app) == "RuleScreen"
        assert app.screen.query_one("#rows", Rows).key == "E2"
        await press(pilot, "escape")
        assert app.screen.query_one("#rows", Rows).key == "IMG-03 block open"


async def test_a_header_opens_at_the_element_that_the_finding_is_about(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "down", "enter", "enter")
        assert app.screen.query_one("#rows", Rows).key == "80070"
        assert "(0008,0070) Manufacturer  LO\nempty" in words(app)


async def test_all_findings_of_a_rule_are_waived_by_a_named_person_with_a_reason(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "w", *"agreed", "enter", *"Ada Lovelace", "enter")
        assert front(app) == "FindingsScreen"
        assert "1 rule stops the upload; 2 questions are open." in words(app)
        assert rows_of(app)[-2:] == ["Set aside", "✓ waived IMG-03 Body part 2 series 6 instances"]
    assert standings(found, "IMG-03") == {"E1": "waived", "E2": "waived"}
    with Ledger.open(found.ledger, read_only=True) as ledger:
        word = settled_word(ledger, "IMG-03", "E2")
    assert word is not None
    assert (word.person, word.reason) == ("Ada Lovelace", "agreed")


async def test_one_finding_is_waived_alone(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "enter", "down", "w", "enter", *"agreed", "enter", *"Ada", "enter")
        assert front(app) == "RuleScreen"
        assert "1 finding set aside; everything was judged again." in now(app)
        assert [row.split()[0] for row in rows_of(app)] == ["E1"]
    assert standings(found, "IMG-03") == {"E1": "open", "E2": "waived"}


async def test_a_waiver_without_a_reason_is_not_taken(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "w", "enter")
        assert "That cannot be taken." in words(app)
        await press(pilot, "escape")
        assert front(app) == "FindingsScreen"
    assert standings(found, "IMG-03") == {"E1": "open", "E2": "open"}


async def test_the_name_that_was_given_last_is_offered_again(home: Home, found: Workspace) -> None:
    """Whoever answers many questions types their name once; the ledger keeps it each time."""
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "w", *"agreed", "enter", *"Ada Lovelace", "enter")
        await press(pilot, "w", *"agreed", "enter")
        assert app.screen.query_one(Input).value == "Ada Lovelace"


async def test_a_question_is_answered_with_one_of_its_choices(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "down", "down")
        assert "a Answer" in keys(app)
        await press(pilot, "a")
        assert "Take the date that is offered, in what is sent" in words(app)
        await press(pilot, "enter", "enter", *"Ada", "enter")
        assert "1 question is open" in words(app)
        # The date is a mend: what leaves has to be made anew, with it.
        assert known(app).launched == [(NAME, "check", None)]
    assert standings(found, "IMG-06") == {"E3": "answered"}
    with Ledger.open(found.ledger, read_only=True) as ledger:
        assert [mend.kind for mend in list_mends(ledger)] == ["acquisition-date"]


async def test_a_question_in_ones_own_words_takes_only_what_can_be_an_answer(
    home: Home, found: Workspace
) -> None:
    find(found, Finding("SEG-06", "ask", "dataset", "all", "How many?", "Answer it."))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        app.screen.query_one("#rows", Rows).go_to("SEG-06 ask open")
        await press(pilot, "a", "enter")
        assert "That cannot be taken." in words(app)
        await press(pilot, *"2", "enter", "enter", *"Ada", "enter")
        assert "1 finding answered; everything was judged again." in now(app)
    with Ledger.open(found.ledger, read_only=True) as ledger:
        word = settled_word(ledger, "SEG-06", "all")
    assert word is not None
    assert (word.value, word.person) == ("2", "Ada")


async def test_what_was_found_is_left_out_of_the_selection(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "down", "x", *"useless", "enter", *"Ada", "enter")
        assert any(row.startswith("- left out IMG-04") for row in rows_of(app))
    with Ledger.open(found.ledger, read_only=True) as ledger:
        states = ledger.rows(
            "SELECT series_id, state, count(*) FROM instance GROUP BY 1, 2 ORDER BY 1"
        )
    assert states == [(1, "ready", 3), (2, "excluded", 3), (3, "ready", 3), (4, "ready", 3)]


async def test_a_file_that_ends_its_reader_is_left_out_and_no_longer_holds_up_the_scan(
    home: Home, found: Workspace
) -> None:
    with Ledger.open(found.ledger) as ledger:
        with ledger.transaction():
            ledger.write("DELETE FROM instance WHERE file_id = 1")
            ledger.write(
                "UPDATE source_file SET verdict = 'rejected', kind = 'other',"
                " reasons = 'reader-died' WHERE id = 1"
            )
        record_scanned(ledger)
        judge(ledger, circumstances_of(ledger, "eucaim", requires_deidentified=False))
        assert read_steps(ledger)["scan"].state is StepState.BLOCKED
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        at = next(n for n, row in enumerate(rows_of(app)) if "IMG-10" in row)
        await press(pilot, *["down"] * at)
        assert "Reading this file ended the reading process." in words(app)
        assert "[x] leaves out." in words(app) or "Leave out" in words(app)
        await press(pilot, "x", *"no image", "enter", *"Ada", "enter")
        assert any(row.startswith("- left out IMG-10") for row in rows_of(app))
    with Ledger.open(found.ledger, read_only=True) as ledger:
        assert read_steps(ledger)["scan"].state is StepState.DONE


async def test_a_body_part_is_chosen_and_what_leaves_is_made_anew(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "m")
        assert "Only what is sent is mended; the source stays as it is." in words(app)
        await press(pilot, "enter", "enter", *"Ada", "enter")
        assert known(app).launched == [(NAME, "check", None)]
        assert "2 findings mended in what is sent; it is made and judged anew now." in now(app)
    with Ledger.open(found.ledger, read_only=True) as ledger:
        mends = list_mends(ledger)
    assert [(m.kind, m.value, m.person, m.series) for m in mends] == [
        ("body-part", "CHEST", "Ada", 2)
    ]


async def test_an_empty_body_part_is_mended_without_one_that_is_merely_unusual(
    home: Home, found: Workspace
) -> None:
    find(found, Finding("IMG-03", "warn", "series", "E3", "No standard term.", "Look."))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "m", "enter", "enter", *"Ada", "enter")
        assert "2 findings mended in what is sent" in now(app)
    with Ledger.open(found.ledger, read_only=True) as ledger:
        assert [mend.series for mend in list_mends(ledger)] == [2]


async def test_a_patient_whose_identifiers_would_leave_can_be_left_out(
    home: Home, found: Workspace
) -> None:
    find(found, Finding("DID-03", "block", "patient", "P1", "An original identifier.", "Look."))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        app.screen.query_one("#rows", Rows).go_to("DID-03 block open")
        await press(pilot, "x", *"named", "enter", *"Ada", "enter")
        assert "1 finding left out" in now(app)
    with Ledger.open(found.ledger, read_only=True) as ledger:
        states = ledger.rows(
            "SELECT series_id, state, count(*) FROM instance GROUP BY 1, 2 ORDER BY 1"
        )
    assert states == [(1, "excluded", 3), (2, "excluded", 3), (3, "ready", 3), (4, "ready", 3)]


async def test_the_heading_counts_rules_as_the_crumbs_do(home: Home, found: Workspace) -> None:
    find(found, Finding("IMG-06", "ask", "series", "E4", "Use that date?", "Answer."))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        assert "2 rules stop the upload; 2 questions are open." in words(app)
        assert "✗ 4 in the way" in words(app)


async def test_while_a_runner_is_at_work_nothing_is_changed_and_the_screen_says_why(
    home: Home, found: Workspace
) -> None:
    set_runner(found, pid=4123, exit_code=None)
    app = make_app(home, NAME)
    with held(found):
        async with running(app) as pilot:
            await press(pilot, "escape", "c", "w", *"agreed", "enter", *"Ada", "enter")
            assert front(app) == "FailureScreen"
            assert "Another runner works on this transfer: process 4123" in words(app)
            await press(pilot, "escape")
            assert front(app) == "FindingsScreen"
    assert standings(found, "IMG-03") == {"E1": "open", "E2": "open"}


async def test_original_names_are_shown_only_when_asked_for(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "enter")
        assert "HOSP-0001" not in words(app)
        await press(pilot, "i")
        assert "HOSP-0001" in words(app)
        await press(pilot, "i")
        assert "HOSP-0001" not in words(app)


async def test_ten_thousand_findings_are_shown_a_page_at_a_time(home: Home) -> None:
    workspace = make_ledger(home, NAME)
    fill(workspace, [("CT", 1, 0, 0, 0)])
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write_many(
            "INSERT INTO finding (rule, severity, level, key, message, remedy, n, example)"
            " VALUES ('IMG-03', 'block', 'series', ?, 'Empty.', 'Mend it.', 1, '')",
            [(f"E{number}",) for number in range(1, 10_001)],
        )
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        assert "10,000 series" in rows_of(app)[0]
        await press(pilot, "enter")
        rows = app.screen.query_one("#rows", Rows)
        assert (len(rows.rows), rows.rows[0].key, rows.rows[-1].key) == (101, "E1", "more")
        await press(pilot, "end", "enter")
        assert (rows.rows[0].key, rows.rows[1].key, rows.rows[-1].key) == ("less", "E101", "more")


async def test_findings_are_written_down_for_whoever_mends_the_data(
    home: Home, found: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "e")
        assert front(app) == "Note"
        await press(pilot, "enter")
        assert front(app) == "FindingsScreen"
    document = json.loads((found.folder / "findings.json").read_text())
    assert {one["rule"] for one in document["findings"]} >= {"IMG-03", "IMG-04", "IMG-06"}
    for name in ("findings.json", "findings.csv"):
        path = found.folder / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "HOSP-0001" not in path.read_text()


async def test_a_preview_is_written_and_its_place_is_told(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "enter", "p")
        assert front(app) == "Note"
        assert "A picture of E1 is written" in words(app)
        assert "previews/E1.png" in words(app).replace("\n", "")
    assert (found.folder / "previews" / "E1.png").read_bytes().startswith(b"\x89PNG")


async def test_a_finding_about_no_instance_says_that_there_is_no_header(home: Home) -> None:
    workspace = make_ledger(home, NAME)
    fill(workspace, [("CT", 1, 0, 0, 0)])
    find(workspace, Finding("IMG-10", "block", "instance", "F99", "The file is cut.", "Export it."))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "enter", "enter")
        assert front(app) == "FailureScreen"
        assert "There is no instance behind this finding" in words(app)


async def test_reading_the_folder_leads_to_what_stands_in_the_way(
    home: Home, found: Workspace
) -> None:
    set_runner(found, pid=None, exit_code=0)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "enter", "o")
        assert front(app) == "ScanScreen"
        assert "stand in the way" in now(app)
        await press(pilot, "enter")
        assert front(app) == "FindingsScreen"


async def test_an_upload_that_was_stopped_says_where_the_findings_are(
    home: Home, found: Workspace
) -> None:
    set_runner(found, pid=None, exit_code=3, message="Findings stand in the way: IMG-03 (2).")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert front(app) == "UploadScreen"
        assert "4 rules stand in the way." in words(app)
        assert "c shows each one" in words(app)
        await press(pilot, "escape", "c")
        assert front(app) == "FindingsScreen"


async def test_the_journey_says_that_findings_stand_in_the_way_once_the_folder_was_read(
    home: Home, found: Workspace
) -> None:
    set_runner(found, pid=None, exit_code=0)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        assert front(app) == "JourneyScreen"
        assert "✗ blocked" in words(app)
        assert "4 rules stand in the way." in now(app)
        await press(pilot, "c")
        assert front(app) == "FindingsScreen"
        assert "✗ 4 in the way" in words(app)


async def test_the_question_before_sending_counts_what_was_chosen(
    home: Home, found: Workspace
) -> None:
    with Ledger.open(found.ledger) as ledger:
        add_rule(ledger, "exclude", "key", "P1")
        select_anew(ledger)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "enter", "u")
        assert "Send 6 instances" in words(app)
        assert "out of 1 study of 1 patient leave" in " ".join(words(app).split())


async def test_the_qualities_of_the_data_are_told_one_by_one(home: Home, found: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c", "d")
        assert front(app) == "DimensionsScreen"
        told = [line.split() for line in words(app).splitlines()]
        complete = next(line for line in told if line[1:2] == ["complete"])
        assert complete[0] == "✗"
        assert "in the way" in " ".join(complete)


async def test_nothing_found_says_that_nothing_stands_in_the_way(home: Home) -> None:
    workspace = make_ledger(home, NAME)
    fill(workspace, [("CT", 1, 0, 0, 0)])
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "c")
        assert "✓ Nothing stands in the way." in words(app)
        assert "No rule found anything." in words(app)


async def test_texts_of_findings_are_no_markup_and_move_no_cursor(home: Home) -> None:
    workspace = make_ledger(home, NAME)
    fill(workspace, [("CT", 1, 0, 0, 0)])
    find(
        workspace,
        Finding(
            "IMG-03",
            "block",
            "series",
            "E1",
            "[red]\x1b[2J rtl\u202eevil [/x]",
            "\x9b31m[link=a]do\x07 it",
            1,
            "I1",
        ),
    )
    app = make_app(home, NAME)
    async with running(app) as pilot:
        for key in ("c", "enter", "i"):
            await press(pilot, key)
            said, picture = words(app), app.export_screenshot()
            assert "[red]\ufffd[2J rtl\ufffdevil [/x]" in said
            assert "\ufffd31m[link=a]do\ufffd it" in said
            for forbidden in ("\x1b", "\x07", "\u202e", "\x9b"):
                assert forbidden not in picture


@pytest.mark.parametrize(
    ("message", "tag"),
    [
        ("Acquisition Date is absent in 3 instances.", 0x00080022),
        ("Content Date (0008,0023) is no date.", 0x00080023),
        ("The images are of no use.", 0x00080022),
    ],
)
def test_a_finding_is_about_the_element_that_it_names(message: str, tag: int) -> None:
    rule = rule_of("IMG-05")
    assert rule is not None
    about = element_of(rule, message)
    assert about is not None
    assert about.tag == tag


def test_the_surname_of_a_patient_is_in_no_finding(found: Workspace) -> None:
    with Ledger.open(found.ledger, read_only=True) as ledger:
        findings = read_findings(ledger, standing=None)
    assert len(findings) >= 4
    assert SURNAME not in repr(findings)
