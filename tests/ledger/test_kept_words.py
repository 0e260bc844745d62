"""Words of persons and legal entries, kept a second time in a file that is only added to."""

from __future__ import annotations

import json
import stat

import pytest

from tests.legal.records import declared
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.kept_words import KEPT_WORDS, begin_anew, keep_words, read_kept
from transfer.ledger.legal import add_entries
from transfer.ledger.order import Word, record_word
from transfer.ledger.selection import add_rule, clear_rules
from transfer.ledger.waivers import release
from transfer.legal.entries import Declaration
from transfer.workspace import Workspace


def _said(workspace: Workspace) -> list[tuple[str, str]]:
    return [(line.what, line.likeness[2]) for line in read_kept(workspace.folder).lines]


def test_a_word_and_a_legal_entry_are_in_the_file_once_they_are_recorded(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("deid-none", "none", "Ada Lovelace", "phantoms"))
        add_entries(ledger, [declared(Declaration.CLEARANCE)])
    assert _said(workspace) == [("word", "deid-none"), ("legal", "clearance")]
    word, legal = read_kept(workspace.folder).lines
    assert word.said == {
        "subject": "deid-none",
        "value": "none",
        "person": "Ada Lovelace",
        "reason": "phantoms",
    }
    assert (legal.said["person"], legal.said["ticket"]) == ("Clara Juris", "HLP 4711")


def test_only_its_owner_can_read_the_file(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("deid-none", "none", "Ada", "phantoms"))
    assert stat.S_IMODE((workspace.folder / KEPT_WORDS).stat().st_mode) == 0o600


def test_what_goes_was_chosen_is_in_the_file_without_what_it_was_chosen_by(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        add_rule(
            ledger, "exclude", "description", "Jones knee", person="Ada", reason="not of the study"
        )
        clear_rules(ledger)
    assert _said(workspace) == [
        ("word", "select exclude description"),
        ("event", "Selection: exclude description."),
        ("event", "All selection rules were taken back."),
    ]
    assert "Jones" not in (workspace.folder / KEPT_WORDS).read_text()


def test_no_original_identifier_that_a_person_typed_gets_into_the_file(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("counted", "3", "Ada", "SURNAME1 given was looked at"))
        release(ledger, "DID-03", 1, "0010,4000", "Ada", "ORIGINAL-1 agreed")
    text = (workspace.folder / KEPT_WORDS).read_text()
    assert "SURNAME1" not in text
    assert "ORIGINAL-1" not in text
    assert '"P1 0010,4000"' in text


def test_a_line_that_was_changed_shows_and_what_follows_is_not_trusted(
    workspace: Workspace,
) -> None:
    path = workspace.folder / KEPT_WORDS
    with Ledger.open(workspace.ledger) as ledger:
        for person in ("Ada", "Grace", "Edith"):
            record_word(ledger, Word("counted", "3", person, "counted there"))
    path.write_text(path.read_text().replace("Ada", "Eve"))
    kept = read_kept(workspace.folder)
    assert [line.said["person"] for line in kept.lines] == ["Eve"]
    assert kept.is_broken


def test_a_line_that_was_taken_out_shows(workspace: Workspace) -> None:
    path = workspace.folder / KEPT_WORDS
    with Ledger.open(workspace.ledger) as ledger:
        for person in ("Ada", "Grace", "Edith"):
            record_word(ledger, Word("counted", "3", person, "counted there"))
    first, _, third = path.read_text().splitlines(keepends=True)
    path.write_text(first + third)
    kept = read_kept(workspace.folder)
    assert [line.said["person"] for line in kept.lines] == ["Ada"]
    assert kept.is_broken


def test_half_a_line_that_a_power_cut_left_is_cut_off_and_written_again(
    workspace: Workspace,
) -> None:
    path = workspace.folder / KEPT_WORDS
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("counted", "3", "Ada", "counted there"))
        record_word(ledger, Word("counted", "6", "Grace", "counted there"))
        whole = path.read_bytes()
        path.write_bytes(whole[:-20])
        assert not read_kept(workspace.folder).is_broken
        assert keep_words(ledger) == 1
    assert path.read_bytes() == whole


def test_words_that_an_earlier_version_took_are_written_when_the_next_is_said(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("counted", "3", "Ada", "counted there"))
        (workspace.folder / KEPT_WORDS).unlink()
        record_word(ledger, Word("counted", "6", "Grace", "counted there"))
    kept = read_kept(workspace.folder).lines
    assert [line.said["person"] for line in kept] == ["Ada", "Grace"]


def test_a_word_that_cannot_be_kept_twice_is_not_said_to_be_recorded(
    workspace: Workspace,
) -> None:
    (workspace.folder / KEPT_WORDS).mkdir()
    with Ledger.open(workspace.ledger) as ledger, pytest.raises(UsageError, match="written"):
        record_word(ledger, Word("counted", "3", "Ada", "counted there"))


def test_the_file_begun_anew_holds_what_the_ledger_holds_now(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("counted", "3", "Ada", "told by somebody"))
        with ledger.transaction():
            ledger.write("UPDATE word SET reason = ''")
        begin_anew(ledger)
    (line,) = (workspace.folder / KEPT_WORDS).read_text().splitlines()
    assert json.loads(line)["said"]["reason"] == ""
