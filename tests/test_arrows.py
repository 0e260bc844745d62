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


def loaded_by(names: tuple[str, ...]) -> dict[str, set[str]]:
    """What stands in `sys.modules` of a clean interpreter after importing each module."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_EACH, " ".join(names)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: set(rest) for name, *rest in lines}


def test_no_module_of_the_engine_brings_in_a_screen_or_the_network() -> None:
    loaded = loaded_by(modules("transfer"))
    assert set(loaded) == set(modules("transfer"))
    # asyncio itself brings in `socket`; that is its own affair.
    forbidden = FORBIDDEN["transfer"] - {"socket"}
    wrong = [
        (name, one) for name, seen in loaded.items() for one in seen if is_within(one, forbidden)
    ]
    assert wrong == []


def test_no_module_of_the_adapters_brings_in_a_screen() -> None:
    loaded = loaded_by(modules("adapters"))
    assert set(loaded) == set(modules("adapters"))
    wrong = [
        (name, one)
        for name, seen in loaded.items()
        for one in seen
        # httpx has a command line of its own, and takes rich for it where it finds it.
        if is_within(one, FORBIDDEN["adapters"] - {"rich"})
    ]
    assert wrong == []


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
