"""Identifiers planted in a cohort appear in no place that they have no business in.

They may stand in the source, in the ledger, and in the bodies of the requests that carry the
images as they are; everything that is printed, logged, named or put in an address must be free
of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.synth import write_cohort
from tests.program import Program, Ran

# What a person may see who asked for it, and what holds the originals on purpose.
HOLDS_ORIGINALS = (
    "ledger.sqlite",
    "ledger.sqlite-wal",
    "ledger.sqlite-shm",
    # The ledger's last good state.
    "ledger.backup.sqlite",
)


@dataclass
class Journey:
    """Everything that a whole transfer left behind, by the place where it stands."""

    values: list[str]
    program: Program
    sandbox: Sandbox
    record: Path
    scratch: Path
    printed: list[Ran] = field(default_factory=list)

    def run(self, code: int, *words: object, typed: str = "") -> Ran:
        ran = self.program.run(*words, typed=typed)
        assert ran.code == code, str(ran)
        self.printed.append(ran)
        return ran

    def found_in(self, content: bytes) -> list[str]:
        """The planted values that stand in some bytes, in any of the usual ways to write them."""
        folded = content.decode("utf-8", "replace").casefold().encode()
        return [v for v in self.values if any(s in folded or s in content for s in _spellings(v))]


def _spellings(value: str) -> list[bytes]:
    plain = value.casefold()
    texts = {plain, quote(value).casefold(), quote_plus(value).casefold(), json.dumps(plain)[1:-1]}
    return [text.encode() for text in texts] + [value.encode("latin-1", "replace")]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """A cohort goes the whole way, with all that makes a program talk: a wrong password, files
    that cannot go, an instance that the node refuses, a file that vanishes, a count again."""
    tmp = tmp_path_factory.mktemp("privacy")
    cohort, record, scratch = tmp / "cohort", tmp / "record", tmp / "scratch"
    scratch.mkdir()
    write_cohort(cohort, patients=2, seed=3, scale="small", slices=0.1)
    values = json.loads((cohort / "planted.json").read_text("utf-8"))["values"]
    first = next((cohort / "images").rglob("*.dcm"))
    name = next(v for v in values if " " in v)
    (first.parent / f"{name}.dcm").write_bytes(first.read_bytes()[:-50])
    (first.parent / f"{name} again.dcm").write_bytes(first.read_bytes())
    with in_thread(Options(record=record)) as sandbox:
        home = tmp / "home"
        sandbox.write_home(home)
        home.chmod(0o700)
        at = Journey(values, Program(home, {"TMPDIR": str(scratch)}), sandbox, record, scratch)
        node = "sandbox-upv"
        at.run(5, "login", node, typed="wrong\n")
        at.run(0, "login", node, typed="ingester\n")
        at.run(
            0, "new", "t", "--node", node, "--source", cohort / "images", "--clinical",
            cohort / "clinical.csv",
        )  # fmt: skip
        at.run(0, "doctor", "t")
        at.run(0, "scan", "t")
        at.run(0, "scan", "t", "--json")
        # A file that is cut stands in the way until a person leaves it out.
        at.run(3, "upload", "t")
        at.run(3, "check", "t")
        at.run(3, "check", "t", "--json", "--out", home / "findings")
        at.run(0, "select", "t", "--exclude-finding", "*", "--by", "Dr Data")
        at.run(0, "select", "t", "--json")
        at.run(0, "mend", "t", "--series", "E1", "--body-part", "CHEST", "--by", "Dr Data")
        at.run(0, "mend", "t", "--json")
        sandbox.fault("stow:partial,reason=43264,times=1")
        sandbox.fault("stow:reset-mid-body,after=1,times=1")
        gone = max((cohort / "images").rglob("IM*.dcm"))
        content = gone.read_bytes()
        gone.unlink()
        at.run(4, "upload", "t")
        for words in (["status", "t"], ["status", "t", "--json"], ["list"], ["list", "--json"]):
            at.run(0, *words)
        gone.write_bytes(content)
        at.run(0, "scan", "t")
        at.run(0, "upload", "t", "--json")
        at.run(0, "verify", "t")
        yield at


def test_the_look_for_planted_values_finds_them_where_they_may_be(journey: Journey) -> None:
    shown = journey.program.good("scan", "t", "--identifiers").out
    assert journey.found_in(shown.encode()) != []
    ledger = (journey.program.home / "transfers" / "t" / "ledger.sqlite").read_bytes()
    assert journey.found_in(ledger) != []


def test_everything_arrived_in_the_end(journey: Journey) -> None:
    counts = journey.program.status("t")["instances"]
    assert counts["found"] == counts["verified"] == len(journey.sandbox.stored()) > 10


def test_nothing_that_a_command_prints_holds_one(journey: Journey) -> None:
    wrong = [
        (ran.words, value)
        for ran in journey.printed
        for value in journey.found_in(f"{ran.out}\n{ran.err}".encode())
    ]
    assert wrong == []


def test_no_file_of_the_home_but_the_ledger_holds_one(journey: Journey) -> None:
    files = [p for p in journey.program.home.rglob("*") if p.is_file()]
    assert "runner.log" in {path.name for path in files}
    wrong = [
        (path.name, value)
        for path in files
        if path.name not in HOLDS_ORIGINALS
        for value in journey.found_in(path.read_bytes())
    ]
    assert wrong == []


def test_no_name_of_a_file_or_folder_that_we_make_holds_one(journey: Journey) -> None:
    made = [*journey.program.home.rglob("*"), *journey.scratch.rglob("*")]
    assert [(p.name, v) for p in made for v in journey.found_in(p.name.encode())] == []


def test_nothing_is_left_in_the_temporary_folder(journey: Journey) -> None:
    assert list(journey.scratch.iterdir()) == []


def test_no_request_line_and_no_header_holds_one(journey: Journey) -> None:
    requests = sorted(journey.record.iterdir())
    heads = [path.read_bytes().split(b"\r\n\r\n", 1)[0] for path in requests]
    assert {head.split(b" ", 1)[0] for head in heads} == {b"GET", b"POST"}
    wrong = [(head.split(b"\r\n")[0], value) for head in heads for value in journey.found_in(head)]
    assert wrong == []


def test_the_password_and_the_tokens_stand_nowhere_but_in_the_secret_store(
    journey: Journey,
) -> None:
    kept = json.loads((journey.program.home / "secrets" / "secrets.json").read_text())
    token = kept["sandbox-upv.token"].encode()
    printed = "".join(ran.out + ran.err for ran in journey.printed).encode()
    files = [p for p in journey.program.home.rglob("*") if p.is_file()]
    holders = [p.name for p in files if token in p.read_bytes()]
    assert holders == ["secrets.json"]
    assert token not in printed
    assert b"eyJ" not in printed
    logs = b"".join(p.read_bytes() for p in files if p.name.startswith(("runner.log", "ledger")))
    assert b"eyJ" not in logs
