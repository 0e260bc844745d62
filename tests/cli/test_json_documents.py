"""What scripts read: docs/json.md lists the keys of each document, all of them and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import NODE, TRANSFER, Bench, bench

_DOC = Path(__file__).parents[2] / "docs" / "json.md"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def promised_keys(command: str) -> set[str]:
    """The keys in the first column of the table below a command's heading."""
    (section,) = re.findall(rf"(?ms)^## {command}\n(.+?)(?=^## |\Z)", _DOC.read_text("utf-8"))
    cells = re.findall(r"(?m)^\| (`[^|]+) \|", section)
    return {key for cell in cells for key in re.findall(r"`([a-z_]+)`", cell)}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("status", (TRANSFER,)),
        ("step", (TRANSFER, "ticket")),
        ("account", (NODE,)),
        ("legal", (TRANSFER,)),
        ("ticket", (TRANSFER,)),
        ("doctor", (TRANSFER,)),
        ("dataset", (TRANSFER, "--offline")),
        ("catalogue", (TRANSFER,)),
        ("recover", (TRANSFER,)),
        ("clinical", (TRANSFER, "--image-only", "--by", "Ada", "--reason", "agreed")),
    ],
)
def test_a_document_holds_the_keys_that_are_promised(
    command: str, words: tuple[str, ...], at: Bench
) -> None:
    promised = promised_keys(command)
    assert len(promised) >= 5
    assert set(at.program.run(command, *words, "--json").document) == promised


def test_a_step_in_status_has_the_keys_of_one_alone(at: Bench) -> None:
    steps = at.program.good("status", TRANSFER, "--json").document["steps"]
    assert [step["number"] for step in steps] == [4, 5, 6, 7, 8, 9, 10]
    for step in steps:
        assert set(step) == promised_keys("step") - {"transfer", "history"}


def test_a_finding_of_the_doctor_has_the_keys_that_are_promised(at: Bench) -> None:
    checks = at.program.run("doctor", TRANSFER, "--json").document["checks"]
    assert len(checks) > 10
    (line,) = [row for row in _DOC.read_text("utf-8").splitlines() if row.startswith("| `checks`")]
    promised = set(re.findall(r"`([a-z_]+)`", line)) - {"checks", "ok", "warn", "fail"}
    for check in checks:
        assert set(check) == promised


def test_clinical_in_status_has_the_keys_of_the_command(at: Bench) -> None:
    clinical = at.program.good("status", TRANSFER, "--json").document["clinical"]
    assert set(clinical) == promised_keys("clinical") - {"transfer", "detail", "exit_code"}


def test_publication_in_status_has_the_keys_that_are_promised(at: Bench) -> None:
    (line,) = [row for row in _DOC.read_text("utf-8").splitlines() if "| `publication` |" in row]
    promised = set(re.findall(r"`([a-z_]+)`", line)) - {"publication"}
    assert set(at.program.good("status", TRANSFER, "--json").document["publication"]) == promised
