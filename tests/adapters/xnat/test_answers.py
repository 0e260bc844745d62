"""What XNAT's answers mean: addresses, error pages, states, tokens, catalogues."""

from __future__ import annotations

import pytest

from adapters.xnat.catalogue import catalogued
from adapters.xnat.importing import strayed_to
from adapters.xnat.objects import role_of
from adapters.xnat.pages import plain, said
from adapters.xnat.prearchive import State, state_of
from adapters.xnat.refusals import Meaning, meaning_of
from adapters.xnat.server import read_version
from adapters.xnat.tokens import read_issued, read_stored
from transfer.errors import NodeFault

ROW = "/data/prearchive/projects/P/20261123_060000000/SUBJ-001_c47f5b18"
PAGE = (
    "<html>\n<head>\n   <title>Status page</title>\n</head>\n<body>\n"
    "<h3>Unable to read &quot;data&quot; from file</h3><p>You can get technical details"
    '<a href="x">here</a>.<br>\nPlease continue.</p>\n</body>\n</html>'
)


@pytest.mark.parametrize(
    "text",
    [
        f"{ROW}\r\n",
        ROW,
        f"{ROW}\r\n{ROW}-2\r\n",
        "/data/archive/projects/P/subjects/S/experiments/E\r\n",
        "/prearchive/projects/P/20261123_060000000/X\r\n",
    ],
)
def test_addresses_in_our_project_have_not_strayed(text: str) -> None:
    assert strayed_to(text, "P") == []


@pytest.mark.parametrize("project", ["Unassigned", "p", "PX", "Q"])
def test_an_address_in_any_other_project_has_strayed(project: str) -> None:
    line = f"/data/prearchive/projects/{project}/20261123_060000000/X"
    assert strayed_to(f"{ROW}\r\n{line}\r\n", "P") == [line]


@pytest.mark.parametrize("text", ["", "\r\n", "ok", "/data/prearchive/projects/P", "<html>"])
def test_what_names_no_address_proves_nothing(text: str) -> None:
    assert strayed_to(text, "P") is None


def test_the_reason_stands_in_the_pages_third_heading() -> None:
    assert plain(PAGE) == 'Unable to read "data" from file'


def test_a_page_without_one_is_told_by_its_words() -> None:
    assert plain("<html><title>502</title><style>p {}</style><p>Bad\n<b>Gateway</b></p>") == (
        "Bad Gateway"
    )


def test_identifiers_are_covered_and_a_long_reason_is_cut() -> None:
    text = f"<h3>subj-001_C47F5B18 of SUBJ-001: 1.2.840.1.99.7 collides. {'x' * 300}</h3>"
    words = said(text, ["SUBJ-001", "SUBJ-001_c47f5b18"])
    assert words.startswith("(…) of (…): (UID) collides.")
    assert len(words) == 240


def test_a_version_number_is_not_taken_for_a_uid() -> None:
    assert said("needs 1.8.10.1") == "needs 1.8.10.1"


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("Session processing in progress", Meaning.LATER),
        ("Concurrent modification is discouraged.", Meaning.LATER),
        ("Duplicate archive attempt", Meaning.LATER),
        ("Destination session in use", Meaning.LATER),
        ("Concurrent file sends of the same data is not supported.", Meaning.LATER),
        ("Operation already in progress on this prearchive entry.", Meaning.LATER),
        ("Insufficient storage: no space left on device", Meaning.DISK_FULL),
        ("Unable to identify destination project", Meaning.NO_PROJECT),
        ("Unable to identify the project", Meaning.NO_PROJECT),
        ("Session already exists, retry with overwrite enabled", Meaning.CONFLICT),
        ("Session already exists for another subject", Meaning.CONFLICT),
        ("Unable to deduce session label", Meaning.CONFLICT),
        ("src uri is invalid", Meaning.CONFLICT),
        ("Unable to read data from file", Meaning.INSTANCE),
        ("", Meaning.INSTANCE),
    ],
)
def test_each_refusal_says_what_to_do_about_it(words: str, meaning: Meaning) -> None:
    assert meaning_of(f"<html><h3>{words}</h3><br></html>") is meaning


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("RECEIVING", State.LOADING),
        ("RECEIVING_INTERRUPT", State.LOADING),
        ("QUEUED_BUILDING", State.BUSY),
        ("_BUILDING", State.BUSY),
        ("ARCHIVING", State.BUSY),
        ("MOVING", State.BUSY),
        ("_CONFLICT", State.BUSY),
        ("SOMETHING_NEW", State.BUSY),
        ("READY", State.READY),
        ("CONFLICT", State.STUCK),
        ("ERROR", State.STUCK),
    ],
)
def test_every_status_of_a_row_has_a_meaning(status: str, state: State) -> None:
    assert state_of(status) is state


@pytest.mark.parametrize(
    ("text", "reads_tar"),
    [("1.8.2.2", False), ("1.7", False), ("1.8.3", True), ("1.8.10-SNAPSHOT", True), ("", True)],
)
def test_a_tar_needs_1_8_3(text: str, reads_tar: bool) -> None:
    assert read_version(text).reads_tar is reads_tar


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Owners", "owner"),
        ("P_member", "member"),
        ("Collaborators", "collaborator"),
        ("Administrator", "administrator"),
        ("", ""),
    ],
)
def test_roles_are_known_however_they_are_spelled(text: str, role: str) -> None:
    assert role_of(text) == role


ALIAS = '{"alias": "7d0a1111-22", "secret": "abcdefghijklmnop0123", "singleUse": false}'


def test_a_token_is_renewed_when_half_of_its_life_is_over() -> None:
    token = read_issued(ALIAS.replace("}", ', "estimatedExpirationTime": 2000000}'), 1000.0)
    assert token is not None
    assert (token.issued_at_s, token.expires_at_s) == (1000.0, 2000.0)
    assert [token.is_due(now) for now in (1000.0, 1499.0, 1501.0, 3000.0)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_token_comes_back_from_the_store_as_it_went_in_and_does_not_show() -> None:
    token = read_issued(ALIAS, 1000.0)
    assert token is not None
    assert read_stored(token.stored()) == token
    assert "abcdefghijklmnop0123" not in repr(token)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "a-bearer-token",
        "[]",
        '{"alias": "x/../y1234", "secret": "abcdefghijklmnop0123"}',
        ALIAS.replace("false", "true"),
    ],
)
def test_what_is_no_token_that_lasts_is_none(text: str | None) -> None:
    assert read_issued(text or "", 0.0) is None


@pytest.mark.parametrize("end", ["9" * 4000, f'"{"9" * 400}"', "1e999", "NaN", '"soon"', "[]"])
def test_an_end_that_is_no_time_costs_no_token(end: str) -> None:
    token = read_issued(ALIAS.replace("}", f', "estimatedExpirationTime": {end}}}'), 1000.0)
    assert token is not None
    assert token.issued_at_s == 1000.0
    assert not token.is_due(1000.0)


CATALOGUE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<cat:DCMCatalog UID="1.2.3.4" '
    'xmlns:cat="http://nrg.wustl.edu/catalog" xmlns:xsi="x"><cat:entries>'
    '<cat:entry xsi:type="cat:dcmEntry" UID="1.2.3.4.1" URI="a.dcm" instanceNumber="1"/>'
    '<cat:entry URI="notes.txt"/><cat:entry UID="1.2.3.4.2 " URI="b.dcm"/>'
    "</cat:entries></cat:DCMCatalog>"
)


def test_the_entries_of_a_catalogue_carry_the_uids() -> None:
    assert catalogued(CATALOGUE.encode(), "n") == ["1.2.3.4.1", "1.2.3.4.2"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body><br></body></html>",
        "<html><entry UID='1.2'/></html>",
        CATALOGUE.replace("<cat:DCM", "<!DOCTYPE x [<!ENTITY a 'b'>]><cat:DCM"),
        CATALOGUE[:-10],
    ],
)
def test_what_is_no_catalogue_is_a_fault_of_the_node(text: str) -> None:
    with pytest.raises(NodeFault):
        catalogued(text.encode(), "n")
