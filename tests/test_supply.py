"""What is shipped is pinned, digest by digest, and the pins agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ \n]+)")
LOCKS = ["requirements.txt", "bundle/requirements.txt"]


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {
        re.sub(r"[-_.]+", "-", found[1]).lower(): found[2]
        for line in lines
        if (found := _PIN.match(line))
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_the_versions_that_everything_else_is_tested_with(lock: str) -> None:
    tested = _pins("constraints.txt")
    locked = _pins(lock)
    differing = {name: of for name, of in locked.items() if tested.get(name, of) != of}
    assert differing == {}
    assert len(locked) > 50


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_its_digests_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    entries = re.split(r"\n(?! )", text.strip())
    without = [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    assert without == []
    assert "://" not in text


def test_what_the_program_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["sandbox"], *extras["pixels"]]
    names = {re.split(r"[<>=;\[ ]", one)[0].lower() for one in asked}
    assert names <= set(_pins("requirements.txt"))
    assert {re.split(r"[<>=]", one)[0] for one in extras["bundle"]} <= set(
        _pins("bundle/requirements.txt")
    )


def test_everything_tested_is_pinned_to_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#") and not _PIN.match(line)] == []
