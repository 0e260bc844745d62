"""All benchmarks, or some, and one table: ours beside what a user would pick and beside the limit.

`python -m tests.benchmarks [SUBJECT…] [--rounds N] [--quick] [--out DIR] [--keep DIR]` prints a
Markdown table; `--out` writes table.md and table.json, after each subject, so that a run that was
broken off leaves what it had. `--list` names the subjects, `--help` their options. How to add one
stands in `tests.benchmarks.frame`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

import tests.benchmarks
from tests.benchmarks.frame import Bench, Option, Row, as_json, as_markdown

_ROUNDS: Final = 3


def _subjects() -> dict[str, ModuleType]:
    """Every module beside this one that measures. All are imported, for their options."""
    found = {}
    for each in pkgutil.iter_modules(tests.benchmarks.__path__):
        if each.name != "__main__" and not each.name.startswith("test_"):
            module = importlib.import_module(f"tests.benchmarks.{each.name}")
            if hasattr(module, "measure"):
                found[each.name] = module
    return found


def _options(module: ModuleType) -> Mapping[str, Option]:
    options: Mapping[str, Option] = getattr(module, "OPTIONS", {})
    return options


def _parser(subjects: Mapping[str, ModuleType]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="all of them if none")
    parser.add_argument("--rounds", type=int, help=f"{_ROUNDS}, or 1 if quick")
    parser.add_argument("--quick", action="store_true", help="little of everything: does it run?")
    parser.add_argument("--out", type=Path, help="where table.md and table.json go")
    parser.add_argument("--keep", type=Path, help="where what was made for it is, or is left")
    parser.add_argument("--list", action="store_true", help="name the subjects and end")
    for name, module in subjects.items():
        for key, option in _options(module).items():
            text = f"{option.help} ({option.default}, quick {option.quick})"
            parser.add_argument(f"--{name}-{key}", type=int, help=text, metavar="N")
    return parser


def _sizes(name: str, module: ModuleType, options: argparse.Namespace) -> dict[str, int]:
    chosen = vars(options)
    sizes = {}
    for key, option in _options(module).items():
        given = chosen[f"{name}-{key}".replace("-", "_")]
        ordinary = option.quick if options.quick else option.default
        sizes[key] = ordinary if given is None else given
    return sizes


def _measure(name: str, module: ModuleType, options: argparse.Namespace) -> list[Row]:
    rounds = options.rounds or (1 if options.quick else _ROUNDS)
    sizes = _sizes(name, module, options)
    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as temporary:
        folder = options.keep / name if options.keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows: list[Row] = module.measure(Bench(folder, rounds, options.quick, sizes))
    return rows


def main() -> int:
    """Measure and print; 1 where a subject could not be measured, which does not end the others."""
    subjects = _subjects()
    parser = _parser(subjects)
    options = parser.parse_args()
    if unknown := [name for name in options.subjects if name not in subjects]:
        parser.error(f"no such subject: {', '.join(unknown)}; there are {', '.join(subjects)}")
    if options.list:
        for name, module in subjects.items():
            print(f"{name}: {(module.__doc__ or '').partition(chr(10))[0]}")
        return 0
    # What is measured writes its byte code, as an installed program has it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[Row] = []
    failed = []
    for name in options.subjects or subjects:
        began = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        try:
            rows += _measure(name, subjects[name], options)
        except Exception as error:  # noqa: BLE001 - the others are still worth measuring
            failed.append(name)
            print(f"could not be measured: {error}", file=sys.stderr)
            continue
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / "table.md").write_text(as_markdown(rows), "utf-8")
            (options.out / "table.json").write_text(as_json(rows), "utf-8")
    print(as_markdown(rows), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
