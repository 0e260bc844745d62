"""Whatever an operator can meet by name is on the page of troubleshooting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.tls import _TEXTS
from adapters.upv.answer import failure_reason
from transfer.quality.rules import RULES
from transfer.scan.doc import with_table
from transfer.scan.reasons import codes
from transfer.values import ExitCode
from tui.words import _STATES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
CHECKS = (ROOT / "docs" / "checks.md").read_text("utf-8")
# A requirement that no finding bears the number of, and a destination of the stand-in.
_NO_FINDINGS = {"REL-08", "XNAT-SANDBOX"}
_ROOMS = ("transfer", "adapters", "tui")


def _section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _first_cells(title: str) -> str:
    """What a section speaks of: the first column of its tables."""
    rows = re.findall(r"^\| (.+?) \|", _section(title), re.MULTILINE)
    return " ; ".join(rows)


def _calls() -> Iterator[tuple[str, list[ast.expr]]]:
    """Every call by a plain name in the program, the stand-in aside."""
    for room in _ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "sandbox" in path.relative_to(ROOT).parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield node.func.id, node.args


def _texts(*names: str, place: int = 0) -> set[str]:
    """The literal texts that stand at one place of calls by these names."""
    return {
        argument.value
        for name, arguments in _calls()
        if name in names
        for argument in arguments[place : place + 1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_exit_code_is_there() -> None:
    known = {value for name, value in vars(ExitCode).items() if name.isupper()}
    assert len(known) == 9
    rows = re.findall(r"^\| (\d+) \|", _section("By exit code"), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(known)


def test_every_word_of_state_is_there() -> None:
    told = _first_cells("By the word of state")
    assert "waiting" in _STATES
    assert [state for state in _STATES if not re.search(rf"\b{state}\b", told)] == []


def test_every_rule_on_the_data_has_its_entry() -> None:
    """Their table is made from the rules (docs/checks.md); here stands what each group is about."""
    groups = _first_cells("By finding")
    assert len(RULES) > 80
    assert [rule.id for rule in RULES if f"\n| {rule.id} |" not in CHECKS] == []
    assert {rule.id[:3] for rule in RULES} - set(re.findall(r"\b[A-Z]{3}\b", groups)) == set()


def test_every_code_that_no_rule_on_the_data_has_is_there() -> None:
    """What the engine, the legal record, the catalogue and the nodes object to by a code."""
    told = _section("By finding")
    named = set()
    for room in _ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            named |= set(re.findall(r'"([A-Z]{3,4}-(?:\d\d|[A-Z]{4,}))"', path.read_text("utf-8")))
    beyond = {code for code in named if f"\n| {code} |" not in CHECKS} - _NO_FINDINGS
    objections = _texts("Objection") | _texts("_block", place=1)
    assert {"DID-03", "DEID-SKIP", "LEG-01", "CAT-01"} <= beyond
    assert {"series-number-repeats", "session-label-taken"} <= objections
    assert sorted(code for code in beyond | objections if code not in told) == []


def test_the_table_of_files_is_current() -> None:
    """`python -m transfer.scan.doc docs/troubleshooting.md` brings it up to date."""
    assert with_table(PAGE) == PAGE
    rows = re.findall(r"^\| `([a-z-]+)` \|", _section("A file does not go"), re.MULTILINE)
    assert sorted(rows) == sorted(code for code, _ in codes())
    assert len(rows) > 50


def test_every_reason_of_a_node_for_refusing_an_instance_is_there() -> None:
    told = _first_cells("An instance did not arrive")
    reasons = {failure_reason(code).text for code in range(0x10000)}
    named = {
        re.sub(r"refused with reason code \d+", "refused with reason code …", r) for r in reasons
    }
    assert len(named) > 8
    assert sorted(reason for reason in named if reason not in told) == []


def test_every_check_of_the_doctor_is_there() -> None:
    told = _first_cells("By check of the doctor")
    known = _texts("CheckResult", "Question") - {text for text in _texts("Question") if "?" in text}
    assert {"disk", "certificate", "prearchive"} <= known
    assert sorted(check for check in known - {"check"} if f"`{check}`" not in told) == []


def test_every_reason_for_refusing_a_connection_is_there() -> None:
    told = re.findall(r"[a-z]+(?:-[a-z]+)*", _first_cells("Why a connection is refused"))
    findings = _texts("ProxyRefused") | set(_TEXTS)
    assert {"plain-http", "proxy-login"} <= findings
    assert sorted(findings - set(told)) == []
