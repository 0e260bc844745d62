"""Every refusal is two lines and an exit code; never a traceback."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, in_thread
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program, Ran

# Port 9 (discard) of loopback: nobody listens there.
NOWHERE = {"kind": "upv", "dicomweb_url": "https://127.0.0.1:9/dicom-web", "patience_s": 0}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "home")
    made.configure({"gone": NOWHERE})
    return made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source", many(fresh_series(), 1))


@pytest.fixture
def here() -> Iterator[dict[str, object]]:
    """The table of a node that answers and wants no sign-in."""
    with in_thread(Options(auth="none")) as sandbox:
        yield {
            "kind": "upv",
            "auth": "none",
            "dicomweb_url": sandbox.endpoints.dicomweb_url,
            "ca_file": str(sandbox.ca_file),
        }


def assert_two_lines(ran: Ran, code: int, what: str) -> None:
    """The first says what is wrong, the second what to do; stdout stays empty."""
    assert ran.code == code, str(ran)
    assert ran.out == ""
    first, second = ran.complaint
    assert first.startswith("eucaim-transfer: ")
    assert what in first
    assert second.startswith("  what to do: ")
    assert len(second) > len("  what to do: ")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["upload", "t", "--no-such-option"], "--no-such-option"),
        (["no-such-command"], "no-such-command"),
        (["--no-such-option"], "--no-such-option"),
        (["new", "t"], "--node"),
        (["new", "t", "--node", "gone"], "--source"),
        (["upload"], "NAME"),
        (["upload", "t", "--concurrency", "many"], "--concurrency"),
        (["limit", "t"], "RATE"),
        (["synth"], "DIR"),
    ],
)
def test_words_that_are_not_known_or_missing_end_with_2(
    program: Program, words: list[str], what: str
) -> None:
    assert_two_lines(program.run(*words), 2, what)


@pytest.mark.parametrize(
    "words",
    [
        ["status", "t"],
        ["scan", "t"],
        ["upload", "t"],
        ["verify", "t"],
        ["pause", "t"],
        ["limit", "t", "5M"],
        ["doctor", "t"],
        ["dataset", "t"],
        ["publish", "t", "--confirm", "t"],
    ],
)
def test_a_transfer_that_is_not_there_ends_with_2(program: Program, words: list[str]) -> None:
    assert_two_lines(program.run(*words), 2, "There is no transfer")


@pytest.mark.parametrize("words", [["login", "other"], ["logout", "other"]])
def test_a_node_that_is_not_there_ends_with_2(program: Program, words: list[str]) -> None:
    assert_two_lines(program.run(*words), 2, "There is no node profile of that name.")


def test_new_refuses_a_node_that_is_not_there(program: Program, source: Path) -> None:
    ran = program.run("new", "t", "--node", "other", "--source", source)
    assert_two_lines(ran, 2, "There is no node profile of that name.")


def test_new_refuses_a_source_that_is_not_there(program: Program, tmp_path: Path) -> None:
    ran = program.run("new", "t", "--node", "gone", "--source", tmp_path / "nowhere")
    assert_two_lines(ran, 2, "The source folder does not exist")
    assert program.good("list", "--json").document == {"transfers": []}


def test_new_refuses_a_name_that_is_taken(program: Program, source: Path) -> None:
    program.good("new", "t", "--node", "gone", "--source", source)
    ran = program.run("new", "t", "--node", "gone", "--source", source)
    assert_two_lines(ran, 2, "A transfer called t exists already.")


@pytest.mark.parametrize("name", ["../t", ".hidden", "a b", "x" * 65, ""])
def test_new_refuses_a_name_that_is_no_folder(program: Program, source: Path, name: str) -> None:
    ran = program.run("new", name, "--node", "gone", "--source", source)
    assert_two_lines(ran, 2, "That name cannot be used for a transfer.")


def test_new_wants_a_person_behind_deid_none(program: Program, source: Path) -> None:
    ran = program.run("new", "t", "--node", "gone", "--source", source, "--deid", "none")
    assert_two_lines(ran, 2, "needs a person")


def test_new_refuses_a_destination_that_the_node_does_not_have(
    program: Program, source: Path
) -> None:
    program.configure({"gone": NOWHERE | {"destinations": ["A|ONE", "A|TWO"]}})
    some = program.run("new", "t", "--node", "gone", "--source", source)
    assert_two_lines(some, 2, "several destinations")
    wrong = program.run("new", "t", "--node", "gone", "--source", source, "--destination", "B")
    assert_two_lines(wrong, 2, "does not list that destination")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[nodes.gone\n", "not valid TOML"),
        ('[nodes.gone]\nkind = "other"\n', "kind of [nodes.gone]"),
        ('[nodes.gone]\nkind = "upv"\nno_such_key = 1\n', "no_such_key"),
        ('[nodes.gone]\nkind = "upv"\npatience_s = "long"\n', "patience_s of [nodes.gone]"),
        ('[nodes.gone]\nkind = "upv"\npatience_s = -1\n', "patience_s of [nodes.gone]"),
        ('[nodes.gone]\nkind = "upv"\npatience_s = true\n', "patience_s of [nodes.gone]"),
    ],
)
def test_a_configuration_that_cannot_be_used_ends_with_2(
    program: Program, source: Path, text: str, what: str
) -> None:
    (program.home / "config.toml").write_text(text)
    ran = program.run("new", "t", "--node", "gone", "--source", source)
    assert_two_lines(ran, 2, what)


def test_a_node_without_an_address_ends_with_2_and_the_ticket(
    program: Program, source: Path
) -> None:
    program.configure({"gone": {"kind": "upv"}})
    program.good("new", "t", "--node", "gone", "--source", source)
    ran = program.run("upload", "t")
    assert_two_lines(ran, 2, "The node's DICOMweb address is not known.")
    assert "help.cancerimage.eu" in ran.complaint[1]


def test_a_source_without_an_instance_ends_with_3(
    program: Program, here: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    program.configure({"here": here})
    program.good("new", "t", "--node", "here", "--source", tmp_path / "empty")
    assert_two_lines(program.run("upload", "t"), 3, "holds no DICOM instance")


def test_files_that_do_not_say_they_are_deidentified_end_with_3_where_the_node_asks(
    program: Program, here: dict[str, object], source: Path
) -> None:
    program.configure({"here": here})
    program.good("new", "t", "--node", "here", "--source", source)
    program.configure({"here": here | {"deidentified": "required"}})
    ran = program.run("upload", "t")
    assert_two_lines(ran, 3, "do not say that they are de-identified")
    findings = program.status("t")["findings"]
    assert [f["rule"] for f in findings if f["severity"] == "block"] == ["DID-02"]


def test_a_transfer_that_another_runner_holds_ends_with_7(program: Program, source: Path) -> None:
    program.good("new", "t", "--node", "gone", "--source", source)
    lock = program.home / "transfers" / "t" / "runner.lock"
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert_two_lines(program.run("upload", "t"), 7, "nother runner")


@pytest.mark.parametrize("word", ["pause", "resume", "stop"])
def test_a_wish_without_a_runner_ends_with_2(program: Program, source: Path, word: str) -> None:
    program.good("new", "t", "--node", "gone", "--source", source)
    assert_two_lines(program.run(word, "t"), 2, "No runner works on this transfer.")


def test_a_damaged_ledger_ends_with_2_and_does_not_hide_the_others(
    program: Program, source: Path
) -> None:
    for name in ("bad", "good"):
        program.good("new", name, "--node", "gone", "--source", source)
    (program.home / "transfers" / "bad" / "ledger.sqlite").write_bytes(b"no ledger" * 999)
    ran = program.run("status", "bad")
    assert ran.code == 2, str(ran)
    assert len(ran.complaint) == 2
    states = {
        t["transfer"]: t["state"] for t in program.good("list", "--json").document["transfers"]
    }
    assert states == {"bad": "unreadable", "good": "new"}


def test_a_count_without_a_person_ends_with_2(program: Program, source: Path) -> None:
    program.good("new", "t", "--node", "gone", "--source", source)
    ran = program.run("verify", "t", "--counted", 1)
    assert_two_lines(ran, 2, "A count needs a person who vouches for it.")


def test_a_rate_that_is_none_ends_with_2(program: Program, source: Path) -> None:
    program.good("new", "t", "--node", "gone", "--source", source)
    assert program.run("limit", "t", "fast").code == 2
    assert program.run("upload", "t", "--bwlimit", "fast").code == 2
