"""The house stands as it is drawn: tui -> adapters -> transfer, and never the other way."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PARTS = ("transfer", "adapters", "tui")
# What opens a connection, or is there to do so.
NETWORK = {
    "aiohttp",
    "dicomweb_client",
    "ftplib",
    "http.client",
    "httpcore",
    "httpx",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
    "urllib3",
    "xnat",
    "xmlrpc.client",
}
HEAVY = {"cryptography", "dicomweb_client", "httpx", "numpy", "pydicom", "requests", "textual"}
FORBIDDEN = {
    "transfer": NETWORK | {"adapters", "tui", "textual", "rich", "starlette"},
    "adapters": {"tui", "textual", "rich"},
    "tui": NETWORK,
}


@cache
def modules(part: str) -> tuple[str, ...]:
    """The dotted names of all modules of a part."""
    paths = sorted((REPOSITORY / part).rglob("*.py"))
    names = (".".join(p.relative_to(REPOSITORY).with_suffix("").parts) for p in paths)
    return tuple(name.removesuffix(".__init__") for name in names)


def imports(part: str) -> Iterator[tuple[str, str]]:
    """(file, imported name) of every import statement, wherever in the file it stands."""
    for path in sorted((REPOSITORY / part).rglob("*.py")):
        shown = str(path.relative_to(REPOSITORY))
        package = path.relative_to(REPOSITORY).parent.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield shown, alias.name
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else ()
                base = ".".join((*above, *([node.module] if node.module else [])))
                for alias in node.names:
                    yield shown, f"{base}.{alias.name}"


def is_within(name: str, forbidden: set[str]) -> bool:
    """Whether a dotted name is one of these, or lies in one of them."""
    return any(name == one or name.startswith(f"{one}.") for one in forbidden)


@pytest.mark.parametrize("part", PARTS)
def test_no_import_statement_goes_against_the_arrows(part: str) -> None:
    wrong = [found for found in imports(part) if is_within(found[1], FORBIDDEN[part])]
    assert wrong == []


def test_the_reading_of_imports_sees_what_is_there() -> None:
    seen = {(part, name.split(".")[0]) for part in PARTS for _, name in imports(part)}
    assert {("tui", "textual"), ("tui", "adapters"), ("adapters", "httpx")} <= seen
    assert {("adapters", "transfer"), ("tui", "transfer"), ("transfer", "pydicom")} <= seen


# Each module in a process of its own, forked from one that has imported nothing of ours.
_IMPORT_EACH = """
import importlib, os, sys
for name in sys.argv[1].split():
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(name, "cannot-be-imported", type(error).__name__, flush=True)
        print(name, *sorted(sys.modules), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def _answer(script: str, names: tuple[str, ...]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, " ".join(names)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(names: tuple[str, ...]) -> dict[str, set[str]]:
    """What stands in `sys.modules` of a clean interpreter after importing each module."""
    lines = [line.split() for line in _answer(_IMPORT_EACH, names).splitlines()]
    return {name: set(rest) for name, *rest in lines}


_IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1].split():
    importlib.import_module(name)
print(*sorted(sys.modules))
"""


def loaded_together(names: tuple[str, ...]) -> set[str]:
    """What stands in `sys.modules` of one clean interpreter after importing them all."""
    return set(_answer(_IMPORT_ALL, names).split())


def brought_in(part: str, forbidden: set[str]) -> list[tuple[str, str]]:
    """(module, what it brings in) of all that a part must not bring in. Who does it is looked for
    only where anybody does: importing each in a process of its own takes a minute."""
    loaded = loaded_together(modules(part))
    assert set(modules(part)) <= loaded
    if not any(is_within(one, forbidden) for one in loaded):
        return []
    each = loaded_by(modules(part))
    return [(name, one) for name, seen in each.items() for one in seen if is_within(one, forbidden)]


def test_no_module_of_the_engine_brings_in_a_screen_or_the_network() -> None:
    # asyncio itself brings in `socket`; that is its own affair.
    forbidden = FORBIDDEN["transfer"] - {"socket"}
    assert brought_in("transfer", forbidden) == []


def test_no_module_of_the_adapters_brings_in_a_screen() -> None:
    # httpx has a command line of its own, and takes rich for it where it finds it.
    assert brought_in("adapters", FORBIDDEN["adapters"] - {"rich"}) == []


def test_reading_a_header_needs_neither_decoders_nor_an_event_loop() -> None:
    """Each process that reads or rewrites files imports what these do."""
    loaded = loaded_by(("transfer.scan.inspect", "transfer.prepare.rewriter"))
    slow = HEAVY | {"asyncio"}
    assert {name: seen & slow for name, seen in loaded.items()} == {n: set() for n in loaded}


def test_the_package_roots_bring_in_nothing_slow() -> None:
    loaded = loaded_by(PARTS)
    assert {name: seen & HEAVY for name, seen in loaded.items()} == {n: set() for n in PARTS}


def test_the_command_line_imports_a_library_only_when_a_command_needs_it() -> None:
    names = ("tui.__main__", "tui.cli.commands", "tui.cli.orders", "tui.cli.wishes")
    loaded = loaded_by(names)
    assert {name: seen & HEAVY for name, seen in loaded.items()} == {n: set() for n in names}


@pytest.mark.parametrize("part", PARTS)
def test_no_dependency_ships_a_package_of_our_names(part: str) -> None:
    owners = set(importlib.metadata.packages_distributions().get(part, []))
    assert owners <= {"eucaim-transfer"}
