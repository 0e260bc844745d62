"""From what is filled in to the text, or to what is still wrong with it (rules HLP-02, HLP-04)."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.helpdesk.cases import TOOL
from adapters.helpdesk.compose import as_plain_text, compose, fault_of, faults_of
from adapters.profiles import load_profiles
from adapters.registry import ticket_cases
from transfer.errors import StepBlocked
from transfer.ledger.telling import Told
from transfer.tickets import TicketCase

GOOD = {"name": "Lung screening", "username": "ada-l"}


@pytest.fixture
def case(tmp_path: Path) -> TicketCase:
    return ticket_cases(load_profiles(tmp_path)["upv"])[0]


def test_the_text_holds_what_was_filled_in_and_the_reference(case: TicketCase) -> None:
    values = {**GOOD, "url": "https://lung.example/", "description": "  Screening  "}
    text = compose(case, values, "ET-AAAAAAAAAA")
    assert text.title == "Create a data ingestion imaging biobank"
    assert text.body == (
        "Please create this imaging biobank for data ingestion on the UPV reference node.\n"
        "\n"
        "Name of the biobank: Lung screening\n"
        "EUCAIM username of who manages it: ada-l\n"
        "URL: https://lung.example/\n"
        "Description: Screening\n"
        "\n"
        "Reference: ET-AAAAAAAAAA\n"
        "Written with eucaim-transfer\n"
    )


def test_title_group_and_fallback_stand_above_the_text_that_is_copied(case: TicketCase) -> None:
    lines = as_plain_text(compose(case, GOOD, "ET-AAAAAAAAAA")).splitlines()
    assert lines[:3] == [
        "Title: Create a data ingestion imaging biobank",
        "Group: Reference nodes (if it is not offered: Technical support team)",
        "",
    ]


def test_without_a_name_it_refuses_and_says_which_field(case: TicketCase) -> None:
    with pytest.raises(StepBlocked, match="Name of the biobank is missing") as refused:
        compose(case, {"username": "ada-l"}, "ET-A")
    assert "username" not in refused.value.what
    assert "--set name=" in refused.value.remedy


def test_without_a_username_it_asks_who_will_manage_it(case: TicketCase) -> None:
    with pytest.raises(StepBlocked, match="Which EUCAIM user will manage it") as refused:
        compose(case, {"name": "Lung screening"}, "ET-A")
    assert refused.value.what.startswith(
        "The ticket is not complete: EUCAIM username of who manages it is missing."
    )


def test_every_missing_field_is_named_at_once(case: TicketCase) -> None:
    assert [fault.key for fault in faults_of(case, {})] == ["name", "username"]


@pytest.mark.parametrize("empty", ["", "  ", "NA", "n/a", "None", "unknown", "?", "-"])
def test_what_the_rules_call_empty_is_missing(case: TicketCase, empty: str) -> None:
    assert [fault.key for fault in faults_of(case, {**GOOD, "name": empty})] == ["name"]


@pytest.mark.parametrize("username", ["abc", "ada-l", "0-9", "a" * 24])
def test_a_username_of_legal_form_is_taken(case: TicketCase, username: str) -> None:
    assert faults_of(case, {**GOOD, "username": username}) == []


@pytest.mark.parametrize(
    "username", ["ab", "a" * 25, "Ada", "ada_l", "ada.l", "ada l", "adä", "ada@hospital.example"]
)
def test_a_username_of_another_form_is_refused(case: TicketCase, username: str) -> None:
    (fault,) = faults_of(case, {**GOOD, "username": username})
    assert fault.key == "username"
    assert fault.sentence.startswith("EUCAIM username of who manages it")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "ftp://lung.example"),
        ("url", "lung.example"),
        ("code", "A"),
        ("code", "LUNG_1"),
        ("code", "A" * 21),
        ("subprojects", "AB"),
        ("subprojects", "Lung, , Breast"),
        ("description", "x" * 81),
        ("site_code", "x" * 17),
        ("site_name", "x" * 51),
    ],
)
def test_the_limits_of_the_node_hold_before_the_ticket_is_sent(
    case: TicketCase, key: str, value: str
) -> None:
    assert [fault.key for fault in faults_of(case, {**GOOD, key: value})] == [key]


@pytest.mark.parametrize("bad", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\u200bb", "a\x00b", "\ud800"])
def test_control_characters_and_unseen_ones_are_refused(case: TicketCase, bad: str) -> None:
    field = case.field("name")
    assert field is not None
    assert "control character" in fault_of(field, f"Lung {bad}")


def test_a_text_that_tells_of_a_patient_is_refused_without_telling_it_again(
    case: TicketCase,
) -> None:
    with pytest.raises(StepBlocked, match=r"Description holds a patient ID") as refused:
        compose(case, GOOD, "ET-A", [Told("Description", "patient ID")])
    assert "P1" in refused.value.remedy


def test_trouble_with_the_tool_says_version_step_and_code() -> None:
    values = {
        "trouble": "The upload stops.",
        "at_step": "upload",
        "error_code": "exit code 6",
        "version": "eucaim-transfer 0.1.0, Python 3.11.9, Linux x86_64",
    }
    body = compose(TOOL, values, "ET-A").body
    assert "Step: upload\nError code: exit code 6\nVersion: eucaim-transfer 0.1.0," in body
