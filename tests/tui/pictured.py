"""Which screen each picture shows: told by a list that every picture is held to, so that a screen
without a picture is found without drawing all of them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

_LIST: Final = Path(__file__).with_name("pictured.txt")
_NAME = re.compile(r"^\w+\[(?:(?P<state>.+)-)?(?P<size>\d+x\d+)\]$")


def picture_name(test: str, module: str) -> tuple[str, str]:
    """The picture that a test takes, whatever its size, and the size."""
    found = _NAME.match(test)
    assert found, f"{test}: a test with pictures has its size last among its parameters"
    return f"{module.removeprefix('test_')}/{found['state'] or test.partition('[')[0]}", found[
        "size"
    ]


def recorded() -> dict[str, str]:
    """The class of the topmost screen, by picture."""
    lines = _LIST.read_text(encoding="ascii").splitlines() if _LIST.exists() else []
    return dict(line.split(" ") for line in lines)


@cache
def _firsts() -> frozenset[str]:
    return frozenset({screen: name for name, screen in reversed(recorded().items())}.values())


def is_first(name: str) -> bool:
    """Whether a picture is the first one of its screen."""
    return name in _firsts()


def record(name: str, screen: str) -> None:
    """Write down what a picture shows now."""
    found = {**recorded(), name: screen}
    _LIST.write_text("".join(f"{key} {found[key]}\n" for key in sorted(found)), encoding="ascii")
