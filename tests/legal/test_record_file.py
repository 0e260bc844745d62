"""A record as a file: what is taken, what is a gap, what is refused as a whole."""

from __future__ import annotations

import hashlib
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.legal.records import DIGESTS, NOW, as_toml, whole, whole_tables, whole_toml
from transfer.errors import UsageError
from transfer.legal.entries import Declaration, State
from transfer.legal.gaps import gaps_in
from transfer.legal.record_file import FORMAT, LARGEST_BYTES, Record, parse_record, read_record
from transfer.legal.template import template

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of `abc`. Source: FIPS 180-4, example of appendix B.1."""


def parsed(text: str, folder: Path = Path("/nowhere"), entered_by: str = "") -> Record:
    return parse_record(text.encode(), folder, NOW, entered_by)


def refused(text: str, folder: Path = Path("/nowhere")) -> str:
    with pytest.raises(UsageError) as error:
        parsed(text, folder)
    assert error.value.exit_code == 2
    return error.value.what


def with_clearance(**changed: str) -> str:
    """A whole record, but for what is changed in [clearance]."""
    tables = whole_tables()
    tables["clearance"] |= changed
    return as_toml(tables, entered_by='"Ada Lovelace"')


def test_a_whole_file_becomes_three_entries() -> None:
    assert parsed(whole_toml()) == Record(tuple(whole()))


def test_the_form_as_it_is_printed_says_nothing() -> None:
    assert parsed(template()) == Record(())


def test_the_form_filled_in_is_taken() -> None:
    text = template().replace('entered_by = ""', 'entered_by = "Ada Lovelace"')
    text = text.replace('person = ""', 'person = "Clara Juris"', 1)
    text = text.replace('date = ""', "date = 2026-03-12", 1)
    text = text.replace('dpia = { state = "" }', 'dpia = { state = "there" }')
    first, second = parsed(text).entries
    assert (first.what, first.person, first.day) == ("clearance", "Clara Juris", "2026-03-12")
    assert (second.what, second.state, second.entered_by) == ("dpia", State.THERE, "Ada Lovelace")


def test_the_examples_of_the_form_are_of_its_form(tmp_path: Path) -> None:
    (tmp_path / "dpo-report.pdf").write_bytes(b"abc")
    text = template()
    for key in ("dpo-report", "dpia"):
        (example,) = [line for line in text.splitlines() if line.startswith(f"#   {key} = ")]
        (row,) = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        text = text.replace(row, example.removeprefix("#   "))
    found = parsed(text.replace('entered_by = ""', 'entered_by = "Ada Lovelace"'), tmp_path)
    assert [(e.what, e.state, e.sha256) for e in found.entries] == [
        ("dpo-report", State.THERE, ABC),
        ("dpia", State.NOT_APPLICABLE, ""),
    ]


def test_a_ticket_for_all_serves_where_a_table_names_none() -> None:
    tables = whole_tables()
    tables["clearance"]["ticket"] = '""'
    del tables["dta-eucaim"]["ticket"]
    found = parsed(as_toml(tables, entered_by='"Ada Lovelace"', ticket='"HLP 9"'))
    assert [entry.ticket for entry in found.entries] == ["HLP 9", "HLP 4711", "HLP 9"]


def test_a_ticket_may_be_a_number() -> None:
    assert parsed(with_clearance(ticket="4711")).entries[0].ticket == "4711"


def test_a_day_may_be_a_text() -> None:
    assert parsed(with_clearance(date='"2026-03-13"')).entries[0].day == "2026-03-13"


def test_a_digest_may_be_in_capitals() -> None:
    assert parsed(with_clearance(sha256=f'"{"1F" * 32}"')).entries[0].sha256 == "1f" * 32


def test_who_enters_it_may_stand_on_the_command_line() -> None:
    found = parsed(as_toml(whole_tables()), entered_by="Grace Hopper")
    assert {entry.entered_by for entry in found.entries} == {"Grace Hopper"}


def test_two_persons_who_enter_it_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="the file and --by name two persons"):
        parsed(whole_toml(), entered_by="Grace Hopper")


def test_a_part_that_is_missing_is_no_fault_and_the_rest_is_taken() -> None:
    tables = whole_tables()
    del tables["clearance"]["sha256"], tables["dta-eucaim"]
    first, second = parsed(as_toml(tables)).entries
    assert (first.what, first.sha256, first.entered_by) == (Declaration.CLEARANCE, "", "")
    assert second.what == Declaration.INSTITUTION


def test_a_reason_that_is_missing_leaves_the_paper_out_and_says_so() -> None:
    tables = whole_tables() | {"papers.dpia": {"state": '"not-applicable"'}}
    found = parsed(as_toml(tables, entered_by='"Ada Lovelace"'))
    assert len(found.entries) == 3
    assert found.left_out == ("[papers] dpia: why it does not apply is missing",)


def test_nobody_vouches_for_a_paper_that_nobody_entered() -> None:
    found = parsed(as_toml({"papers.dpia": {"state": '"there"'}}))
    assert found == Record((), ("[papers] dpia: who entered it is missing",))


def test_all_faults_are_named_at_once() -> None:
    tables = whole_tables()
    tables["clearance"] |= {"date": "2099-01-01", "person": '"eucaim-transfer"'}
    tables["dta-eucaim"] |= {"sha256": '"abc"', "colour": '"red"'}
    assert refused(as_toml(tables, entered_by='"Ada Lovelace"', sandbox='"yes"')) == (
        "The legal record cannot be used: sandbox is neither true nor false; [clearance]: person"
        " names no person; [clearance]: date lies in the future; [dta-eucaim] says something"
        " besides date, document, person, sha256, ticket; [dta-eucaim]: sha256 is no SHA-256 (64"
        " characters of 0-9 and a-f)."
    )


def test_very_many_faults_are_counted() -> None:
    from transfer.legal.papers import PAPERS

    papers = {f"papers.{paper.key}": {"state": '"perhaps"'} for paper in PAPERS}
    told = refused(as_toml(papers))
    assert told.endswith("; and 6 more.")
    assert told.count("state is none of there, not-applicable, missing") == 8


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"date": "2099-01-01"}, "[clearance]: date lies in the future"),
        ({"date": "2019-12-31"}, "[clearance]: date lies before 2020"),
        ({"date": "2026-03-12T09:30:00Z"}, "[clearance]: date is no day like 2026-03-12"),
        ({"date": "20260312"}, "[clearance]: date is no day like 2026-03-12"),
        ({"date": '"20260312"'}, "[clearance]: date is no day like 2026-03-12"),
        ({"date": '"2026-W11-4"'}, "[clearance]: date is no day like 2026-03-12"),
        ({"date": '"12.03.2026"'}, "[clearance]: date is no day like 2026-03-12"),
        ({"date": '"2026-02-30"'}, "[clearance]: date is no day like 2026-03-12"),
        ({"date": "true"}, "[clearance]: date is no day like 2026-03-12"),
        ({"person": '"PERSON"'}, "[clearance]: person names no person"),
        ({"person": '"this program"'}, "[clearance]: person names no person"),
        ({"person": '"Eucaim-Transfer"'}, "[clearance]: person names no person"),
        ({"person": '"4711"'}, "[clearance]: person names no person"),
        ({"person": '["Ada"]'}, "[clearance]: person is no text"),
        ({"person": f'"{"a" * 81}"'}, "[clearance]: person is longer than 80 characters"),
        ({"person": '"Ada\\u001b[2J"'}, "[clearance]: person holds a line end, a control"),
        ({"person": '"Ada\\u202Egnp"'}, "[clearance]: person holds a line end, a control"),
        ({"person": '"Ada\\nLovelace"'}, "[clearance]: person holds a line end, a control"),
        ({"person": '"Ada\\u200BLovelace"'}, "[clearance]: person holds a line end, a control"),
        ({"ticket": '"\\u009B2J"'}, "[clearance]: ticket holds a line end, a control"),
        ({"ticket": "true"}, "[clearance]: ticket is no text"),
        ({"ticket": "1.5"}, "[clearance]: ticket is no text"),
        ({"ticket": "9" * 65}, "[clearance]: ticket is longer than 64 characters"),
        ({"sha256": '"1f1f"'}, "[clearance]: sha256 is no SHA-256"),
        ({"sha256": f'"{"1g" * 32}"'}, "[clearance]: sha256 is no SHA-256"),
        ({"sha256": f'"{"0" * 64}"'}, "[clearance]: sha256 is the digest of no document"),
        ({"sha256": f'"{hashlib.sha256().hexdigest()}"'}, "is the digest of no document"),
        ({"signed": "true"}, "[clearance] says something besides date, document, person"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, str], told: str) -> None:
    assert told in refused(with_clearance(**changed))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", f'format is not "{FORMAT}"'),
        ('format = "eucaim-transfer legal record 2"', f'format is not "{FORMAT}"'),
        (f'format = "{FORMAT}"\nclearance = "yes"', "[clearance] is not a table"),
        (f'format = "{FORMAT}"\n[[clearance]]\nperson = "Ada"', "[clearance] is not a table"),
        (f'format = "{FORMAT}"\npapers = ["dpia"]', "[papers] is not a table"),
        (f'format = "{FORMAT}"\n[papers]\ndpia = "there"', "[papers] dpia is not a table"),
        (f'format = "{FORMAT}"\n[papers]\nhoroscope = {{}}', "[papers] says something besides"),
        (f'format = "{FORMAT}"\n[clearence]\nperson = ""', "the file says something besides"),
        (f'format = "{FORMAT}"\nentered_by = "nobody"', "entered_by names no person"),
        (
            f'format = "{FORMAT}"\n[papers]\ndta = {{ state = "not-applicable", reason = "no" }}',
            "[papers] dta: this paper always applies",
        ),
        (
            f'format = "{FORMAT}"\n[papers]\ndpia = {{ reason = "none" }}',
            "[papers] dpia: state is none of there, not-applicable, missing",
        ),
        (
            f'format = "{FORMAT}"\n[papers]\ndpia = {{ state = "withdrawn" }}',
            "[papers] dpia: state is none of there, not-applicable, missing",
        ),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, told: str) -> None:
    assert told in refused(text)


def test_no_value_of_the_file_stands_in_a_refusal() -> None:
    told = refused(with_clearance(person='"Secret\\u001b"', Mueller='"x"', date='"Mustermann"'))
    for hidden in ("Secret", "Mueller", "Mustermann", "\x1b"):
        assert hidden not in told


@pytest.mark.parametrize(
    ("moment", "day", "is_taken"),
    [
        (datetime(2026, 3, 12, 9, 59, tzinfo=UTC), "2026-03-12", True),
        (datetime(2026, 3, 12, 9, 59, tzinfo=UTC), "2026-03-13", False),
        (datetime(2026, 3, 12, 10, 0, tzinfo=UTC), "2026-03-13", True),
        (datetime(2026, 3, 12, 10, 0, tzinfo=UTC), "2026-03-14", False),
    ],
)
def test_today_is_today_in_all_time_zones(moment: datetime, day: str, is_taken: bool) -> None:
    """On Kiritimati, UTC+14, a day begins when it is ten in the morning of the day before."""
    text = with_clearance(date=day).encode()
    if is_taken:
        assert parse_record(text, Path("/nowhere"), moment).entries[0].day == day
        return
    with pytest.raises(UsageError, match="lies in the future"):
        parse_record(text, Path("/nowhere"), moment)


def test_a_document_is_digested_where_it_lies_beside_the_record(tmp_path: Path) -> None:
    (tmp_path / "signed").mkdir()
    (tmp_path / "signed" / "clearance.pdf").write_bytes(b"abc")
    text = with_clearance(sha256='""', document='"signed/clearance.pdf"')
    (tmp_path / "record.toml").write_text(text)
    first, second, _ = read_record(tmp_path / "record.toml", NOW).entries
    assert (first.sha256, first.is_digested_here) == (ABC, True)
    assert (second.sha256, second.is_digested_here) == (DIGESTS["dta-institution"], False)


def test_a_document_is_digested_piece_by_piece(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "dta.pdf").write_bytes(content)
    found = parsed(with_clearance(sha256='""', document='"dta.pdf"'), tmp_path)
    assert found.entries[0].sha256 == hashlib.sha256(content).hexdigest()


def test_a_digest_has_to_be_that_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"abc")
    good = with_clearance(sha256=f'"{ABC}"', document='"a.pdf"')
    assert parsed(good, tmp_path).entries[0].sha256 == ABC
    bad = with_clearance(document='"a.pdf"')
    assert "[clearance]: sha256 is not that of the document" in refused(bad, tmp_path)


def test_documents_that_are_none_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    (tmp_path / "void").touch()
    (tmp_path / "ring").symlink_to("ring")
    (tmp_path / "zero").symlink_to("/dev/zero")
    listening = socket.socket(socket.AF_UNIX)
    with listening, (tmp_path / "vast").open("wb") as large:
        listening.bind(str(tmp_path / "socket"))
        # Sparse: it takes no space.
        large.truncate((1 << 30) + 1)
        large.flush()
        for name, why in (
            ("pipe", "it is no file"),
            ("directory", "it is no file"),
            ("socket", "it is no file"),
            ("zero", "it is no file"),
            ("/dev/tty", "No such device|it is no file"),
            ("void", "it is empty"),
            ("/proc/self/environ", "it is empty"),
            ("vast", "it is larger than 1,024 MiB"),
            ("ring", "Too many levels of symbolic links"),
            ("unknown", "No such file or directory"),
            ("a" * 300, "File name too long"),
        ):
            told = refused(with_clearance(sha256='""', document=f'"{name}"'), tmp_path)
            assert any(f"the document cannot be taken ({w})" in told for w in why.split("|")), told
            assert name not in told.removeprefix("The legal record")


def test_a_document_that_is_written_to_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "a.pdf"
    document.write_bytes(b"abc")
    made = hashlib.sha256

    def meanwhile() -> object:
        with document.open("ab") as file:
            file.write(b"d")
        return made()

    monkeypatch.setattr("transfer.legal.digest.hashlib.sha256", meanwhile)
    text = with_clearance(sha256='""', document='"a.pdf"')
    assert "(it is being written to)" in refused(text, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"\x00" * 100,
        b"format = ",
        b"a = " + b"[" * 1_900,
        ("\n".join(f"k{n} = " + "[" * 1_500 for n in range(40))).encode(),
        b'format = "' + b"x" * 3_000 + b'"',
        b".".join([b"a"] * 20_000) + b" = 1",
        b"[" + b".".join([b"a"] * 102) + b"]",
        '"\u2028".'.encode() * 9_000 + b"a = 1",
        b"a = 0x" + b"f" * 1_900 + b"\n" + b"a = 1",
        b"a = " + b"9" * 5_000,
        b"a = 1\na = 2",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_hostile_files_end_in_one_sentence(content: bytes) -> None:
    with pytest.raises(UsageError, match="it is not TOML in UTF-8"):
        parse_record(content, Path("/nowhere"), NOW)


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    text = whole_toml().replace("\n", "\r\n")
    assert parse_record(b"\xef\xbb\xbf" + text.encode(), Path("/nowhere"), NOW).entries


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.toml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    for name, why in (
        ("pipe", "it is no file"),
        (".", "it is no file"),
        ("absent", "No such file"),
        ("large.toml", "it is larger than 64 KiB"),
        ("nul\0", "its name cannot be one"),
    ):
        with pytest.raises(UsageError, match=f"The legal record cannot be read: {why}"):
            read_record(tmp_path / name, NOW)


@given(st.binary(max_size=200))
def test_bytes_at_random_end_in_one_refusal(content: bytes) -> None:
    with pytest.raises(UsageError) as error:
        parse_record(content, Path("/nowhere"), NOW)
    assert error.value.what.isprintable()


@given(
    st.recursive(
        st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=20)
        | st.dates()
        | st.datetimes(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["person", "date", "state", "dpia"]), inner, max_size=3
            )
        ),
    ),
    st.sampled_from(["clearance", "papers", "ticket", "entered_by", "sandbox"]),
)
def test_any_value_anywhere_is_taken_or_refused(value: object, key: str) -> None:
    """Whatever a parser makes of a file; never another exception."""
    from transfer.legal.record_file import _Reading

    reading = _Reading(Path("/nowhere"), NOW)
    try:
        found = reading.record({"format": FORMAT, key: value}, "")
    except UsageError:
        assert all(fault.isprintable() for fault in reading.faults)
    else:
        assert reading.faults == []
        assert len(found.entries) <= 1


def test_the_form_that_the_page_explains_is_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "legal.md").read_text("utf-8")
    text = page.split("```toml\n")[1].split("```")[0].replace("…", "3d" * 32)
    for name in ("clearance.pdf", "dta-signed.pdf", "dpo.pdf"):
        (tmp_path / name).write_bytes(b"abc")
    found = parsed(text, tmp_path)
    assert gaps_in({entry.what: entry for entry in found.entries}, now=NOW) == ()
    assert (len(found.entries), found.left_out) == (5, ())
