"""`key`: the cohort's key by command, which never stands in a log, an argument or an error."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.cli.test_refusals import assert_two_lines
from tests.program import Program, Ran

KEY = "019a39ba16da7edb9e906440a48e9ed32"
OTHER = "019424f8632e79699a5a5a5a5a5a5a5a1"
FINGERPRINT = "4a537f8f832fcd8d"
OTHER_FINGERPRINT = "44c3af2609792928"
PASSPHRASE = "correct horse battery"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A transfer `t` of SITE-001, with a patient in its ledger."""
    made = Program(tmp_path / "home")
    (tmp_path / "source").mkdir()
    add_transfer(made, tmp_path / "source", "t")
    return made


def add_transfer(program: Program, source: Path, name: str) -> None:
    """Another transfer of the same cohort."""
    words = ("--node", "health-ri", "--source", source, "--site-id", "SITE-001")
    program.good("new", name, *words)
    with sqlite3.connect(ledger_of(program, name)) as ledger:
        ledger.execute("INSERT INTO patient (original_id, original_name) VALUES ('HOSP0004', '')")


def ledger_of(program: Program, name: str = "t") -> Path:
    return program.home / "transfers" / name / "ledger.sqlite"


def words_of(program: Program) -> list[tuple[str, ...]]:
    """What persons said, from the ledger."""
    with sqlite3.connect(ledger_of(program)) as ledger:
        return ledger.execute("SELECT subject, value, person, reason FROM word").fetchall()


def secret(tmp_path: Path, text: str, name: str = "secret") -> Path:
    """A file of mode 0600."""
    path = tmp_path / name
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def assert_silent(ran: Ran) -> None:
    assert KEY not in ran.out + ran.err
    assert OTHER not in ran.out + ran.err


def test_a_cohort_without_a_key_ends_with_2(program: Program) -> None:
    assert_two_lines(program.run("key", "show", "t"), 2, "has no key yet")


def test_making_a_key_says_what_losing_it_means_and_shows_only_its_fingerprint(
    program: Program,
) -> None:
    ran = program.good("key", "make", "t")
    first, second = ran.out.splitlines()
    assert "If it is lost" in first
    assert second.endswith("eucaim-transfer key export t --out FILE")
    (file,) = (program.home / "keys").glob("*.key")
    assert json.loads(file.read_text())["key"] not in ran.out + ran.err
    assert_two_lines(program.run("key", "make", "t"), 2, "has a key already")


def test_show_tells_everything_but_the_key(program: Program) -> None:
    program.good("key", "import", "t", typed=KEY)
    ran = program.good("key", "show", "t", "--json")
    assert_silent(ran)
    shown = ran.document
    assert shown["fingerprint"] == FINGERPRINT
    assert shown["check_digit"] == "right"
    assert (shown["origin"], shown["is_protected"]) == ("imported", False)
    assert shown["cohort"] == {"node": "health-ri", "destination": "", "site_id": "SITE-001"}
    assert shown["place"] == str(program.home / "keys" / f"{FINGERPRINT}.key")
    assert_silent(program.good("key", "show", "t"))


def test_reveal_prints_the_key_after_a_warning(program: Program) -> None:
    program.good("key", "import", "t", typed=KEY)
    ran = program.good("key", "show", "t", "--reveal", "--json")
    assert ran.document["key"] == KEY
    assert "Whoever knows this key" in ran.err
    assert KEY not in ran.err
    assert f"key          {KEY}" in program.good("key", "show", "t", "--reveal").out


def test_a_key_comes_from_a_file_or_from_standard_input(program: Program, tmp_path: Path) -> None:
    from_file = program.good("key", "import", "t", "--file", secret(tmp_path, KEY), "--json")
    assert from_file.document["fingerprint"] == FINGERPRINT
    assert_silent(from_file)
    again = program.good("key", "import", "t", "--json", typed=f"{KEY}\n")
    assert again.document["fingerprint"] == FINGERPRINT


def test_a_key_on_the_command_line_is_not_taken_and_not_repeated(program: Program) -> None:
    ran = program.run("key", "import", "t", KEY)
    assert ran.code == 2
    assert_silent(ran)


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("", "No key was given"),
        (KEY[:-1], "has 32 characters"),
        (KEY[:-1] + "3", "check digit is wrong"),
        ("019a39ba-16da-7edb-9e90-6440a48e9ed3", "no hexadecimal digits"),
        ('{"form": "other"}', "key file is damaged"),
    ],
)
def test_what_is_no_key_ends_with_2_and_changes_nothing(
    program: Program, typed: str, what: str
) -> None:
    ran = program.run("key", "import", "t", typed=typed)
    assert_two_lines(ran, 2, what)
    assert KEY[:20] not in ran.err
    assert not (program.home / "keys").exists()


def test_a_key_file_that_others_can_read_ends_with_2_and_the_cure(
    program: Program, tmp_path: Path
) -> None:
    path = secret(tmp_path, KEY)
    path.chmod(0o644)
    ran = program.run("key", "import", "t", "--file", path)
    assert_two_lines(ran, 2, "can be read by other accounts")
    assert "chmod 600" in ran.complaint[1]


def test_capitals_are_kept_and_spoken_of(program: Program) -> None:
    ran = program.good("key", "import", "t", typed=KEY.upper())
    assert "used as given" in ran.err
    assert program.good("key", "show", "t", "--reveal", "--json").document["key"] == KEY.upper()


def test_a_second_key_ends_with_2_until_a_person_explains_it(program: Program) -> None:
    program.good("key", "import", "t", typed=KEY)
    ran = program.run("key", "import", "t", typed=OTHER)
    assert_two_lines(ran, 2, "would get a second identity")
    assert_silent(ran)
    half = program.run("key", "import", "t", "--by", "A. Person", typed=OTHER)
    assert_two_lines(half, 2, "needs a person who answers for it, and a reason")
    assert words_of(program) == []
    answer = ("--by", "A. Person", "--reason", "rehearsal")
    program.good("key", "import", "t", *answer, typed=OTHER)
    assert words_of(program) == [("second-key", OTHER_FINGERPRINT, "A. Person", "rehearsal")]
    shown = program.good("key", "show", "t", "--json").document
    assert shown["fingerprint"] == OTHER_FINGERPRINT
    assert [(c["fingerprint"], c["person"]) for c in shown["earlier"]] == [
        (FINGERPRINT, "A. Person")
    ]


def test_a_later_transfer_of_the_cohort_has_the_same_key(program: Program, tmp_path: Path) -> None:
    program.good("key", "import", "t", typed=KEY)
    add_transfer(program, tmp_path / "source", "later")
    assert program.good("key", "show", "later", "--json").document["fingerprint"] == FINGERPRINT
    assert program.run("key", "import", "later", typed=OTHER).code == 2


def test_an_exported_key_is_bare_ours_alone_and_overwrites_nothing(
    program: Program, tmp_path: Path
) -> None:
    program.good("key", "import", "t", typed=KEY)
    out = tmp_path / "copy.key"
    ran = program.good("key", "export", "t", "--out", out)
    assert_silent(ran)
    assert "Whoever reads that file" in ran.err
    assert out.read_text() == f"{KEY}\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert_two_lines(program.run("key", "export", "t", "--out", out), 2, "exists already")
    assert out.read_text() == f"{KEY}\n"


def test_a_protected_key_is_exported_locked_and_comes_in_again(
    program: Program, tmp_path: Path
) -> None:
    passphrase = secret(tmp_path, PASSPHRASE)
    program.good("key", "import", "t", "--secret-file", passphrase, typed=KEY)
    out = tmp_path / "copy.key"
    assert program.good("key", "export", "t", "--out", out, "--json").document["is_plain"] is False
    assert KEY not in out.read_text()
    (program.home / "keys" / f"{FINGERPRINT}.key").unlink()
    assert_two_lines(program.run("key", "show", "t"), 2, "key is gone")
    back = program.good("key", "import", "t", "--file", out, "--secret-file", passphrase, "--json")
    assert back.document["is_protected"] is True


def test_a_protected_key_leaves_bare_only_on_a_persons_word(
    program: Program, tmp_path: Path
) -> None:
    passphrase = secret(tmp_path, PASSPHRASE)
    program.good("key", "import", "t", "--secret-file", passphrase, typed=KEY)
    words = ("key", "export", "t", "--out", tmp_path / "bare", "--plain", "--secret-file")
    assert_two_lines(program.run(*words, passphrase), 2, "needs a person who answers for it")
    program.good(*words, passphrase, "--by", "A. Person", "--reason", "for the other tool")
    assert (tmp_path / "bare").read_text() == f"{KEY}\n"
    assert [word[0] for word in words_of(program)] == ["key-plain"]


def test_a_protected_key_without_its_passphrase_ends_with_2(
    program: Program, tmp_path: Path
) -> None:
    passphrase = secret(tmp_path, PASSPHRASE)
    program.good("key", "import", "t", "--secret-file", passphrase, typed=KEY)
    shown = program.good("key", "show", "t", "--json").document
    assert (shown["is_protected"], shown["check_digit"]) == (True, "not looked at")
    assert_two_lines(program.run("key", "show", "t", "--reveal"), 2, "protected by a passphrase")
    wrong = secret(tmp_path, "correct horse batterie", "wrong")
    ran = program.run("key", "show", "t", "--reveal", "--secret-file", wrong)
    assert_two_lines(ran, 2, "passphrase does not open")
    assert_silent(ran)


def test_a_remembered_passphrase_opens_the_key_from_then_on(
    program: Program, tmp_path: Path
) -> None:
    program.good("key", "import", "t", typed=KEY)
    passphrase = secret(tmp_path, PASSPHRASE)
    program.good("key", "protect", "t", "--secret-file", passphrase, "--remember")
    assert program.good("key", "show", "t", "--reveal", "--json").document["key"] == KEY
    assert program.good("key", "protect", "t", "--off", "--json").document["is_protected"] is False


def test_a_passphrase_is_changed_with_the_present_one(program: Program, tmp_path: Path) -> None:
    first, second = secret(tmp_path, PASSPHRASE), secret(tmp_path, "another long one", "second")
    program.good("key", "import", "t", "--secret-file", first, typed=KEY)
    change = ("key", "protect", "t", "--secret-file", second)
    assert_two_lines(program.run(*change), 2, "protected by a passphrase")
    program.good(*change, "--present-file", first)
    assert program.run("key", "show", "t", "--reveal", "--secret-file", first).code == 2
    assert program.good("key", "show", "t", "--reveal", "--secret-file", second).code == 0


def test_a_new_passphrase_without_a_terminal_or_a_file_ends_with_2(program: Program) -> None:
    program.good("key", "import", "t", typed=KEY)
    assert_two_lines(program.run("key", "protect", "t"), 2, "no terminal to ask for it")


def test_a_crosswalk_is_locked_and_opens_again(program: Program, tmp_path: Path) -> None:
    program.good("key", "import", "t", typed=KEY)
    passphrase = secret(tmp_path, PASSPHRASE)
    locked, table = tmp_path / "crosswalk", tmp_path / "table.csv"
    ran = program.good("key", "export", "t", "--crosswalk", locked, "--secret-file", passphrase)
    assert "HOSP0004" not in ran.out + ran.err + locked.read_text()
    opened = program.good(
        "key", "open", locked, "--out", table, "--secret-file", passphrase, "--json"
    )
    assert opened.document == {"file": str(table), "patients": 1}
    assert table.read_text().splitlines() == [
        "original_patient_id,pseudonym",
        "HOSP0004,EUCAIM-303169448917978981465802042510721317644",
    ]
    assert [stat.S_IMODE(p.stat().st_mode) for p in (locked, table)] == [0o600, 0o600]


def test_a_plain_crosswalk_needs_a_persons_word(program: Program, tmp_path: Path) -> None:
    program.good("key", "import", "t", typed=KEY)
    words = ("key", "export", "t", "--crosswalk", tmp_path / "crosswalk", "--plain")
    assert_two_lines(program.run(*words), 2, "needs a person who answers for it")
    assert not (tmp_path / "crosswalk").exists()
    program.good(*words, "--by", "A. Person", "--reason", "the trial's monitor asked for it")
    assert "HOSP0004,EUCAIM-" in (tmp_path / "crosswalk").read_text()
    assert words_of(program) == [
        ("crosswalk-plain", "1 patient", "A. Person", "the trial's monitor asked for it")
    ]


def test_no_key_stands_in_any_file_of_the_transfer(program: Program, tmp_path: Path) -> None:
    program.good("key", "import", "t", typed=KEY)
    program.good("key", "export", "t", "--out", tmp_path / "copy")
    program.good("key", "show", "t", "--reveal")
    files = [p for p in ledger_of(program).parent.rglob("*") if p.is_file()]
    assert ledger_of(program) in files
    assert not any(KEY.encode() in p.read_bytes() for p in files)
