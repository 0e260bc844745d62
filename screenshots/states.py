"""Lay out the picture of every screen in every state: empty, loading, at work, done, failed.

    python screenshots/states.py            write states/ beside this file
    python screenshots/states.py --check    exit 1 where it is not what would be written

They are the pictures that the tests compare every screen with (tests/tui), so none is older than
the screen that it shows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATES = HERE / "states"
_COMPARED = HERE.parent / "tests" / "tui" / "__snapshots__"
_NAME = re.compile(r"test_\w+\[(?:(?P<state>.+)-)?(?P<size>\d+x\d+)\]\.svg")
_INDEX = "README.md"


def main(words: list[str]) -> int:
    """Write the folder, or compare."""
    wanted = made()
    present = {path.name: path.read_text("utf-8") for path in STATES.glob("*")}
    if words == ["--check"]:
        stale = sorted(
            name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name)
        )
        for name in stale:
            print(f"screenshots/states/{name} is not what the tests compare with.")
        return 1 if stale else 0
    STATES.mkdir(exist_ok=True)
    for name in present.keys() - wanted.keys():
        (STATES / name).unlink()
    for name, text in wanted.items():
        if present.get(name) != text:
            (STATES / name).write_text(text, encoding="utf-8")
    return 0


def made() -> Mapping[str, str]:
    """Every file of the folder, by name."""
    pictures = {}
    for path in _COMPARED.glob("*/*.svg"):
        name = _name_of(path)
        pictures[name] = path.read_text(encoding="utf-8")
    return {**pictures, _INDEX: "".join(_index(sorted(pictures)))}


def _name_of(path: Path) -> str:
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise SystemExit(f"{path.name}: a picture's name ends with its size.")
    page = path.parent.name.removeprefix("test_").replace("_", "-")
    state = found["state"] or "under-way"
    name = state if page == "pictures" else f"{page.removesuffix('-pictures')}-{state}"
    return f"{name}-{found['size']}.svg"


def _index(names: list[str]) -> Iterator[str]:
    yield "# Every screen in every state\n\n"
    yield (
        "Made by `python screenshots/states.py` out of the pictures that the tests compare each"
        " screen with.\nAt 80 by 24, at 120 by 40, and a few at 200 by 50.\n"
    )
    for page, of_page in groupby(names, key=lambda name: name.partition("-")[0]):
        yield f"\n## {page.capitalize()}\n\n"
        sizes: dict[str, list[str]] = {}
        for name in of_page:
            state, _, size = name.removesuffix(".svg").rpartition("-")
            sizes.setdefault(state, []).append(size)
        for state, found in sizes.items():
            links = " · ".join(
                f"[{size}]({state}-{size}.svg)"
                for size in sorted(found, key=lambda size: int(size.partition("x")[0]))
            )
            yield f"- {state}: {links}\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
