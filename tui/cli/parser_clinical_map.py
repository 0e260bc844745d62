"""Options of `clinical` that say what the columns of a table hold and what their values mean."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

_LISTS: Final = (
    ("--map", "COLUMN=ATTRIBUTE", "what a column holds; none for no attribute"),
    ("--order", "COLUMN=ORDER", "how its dates are written: day-first or month-first"),
    ("--unit", "COLUMN=UNIT", "in what its ages or relative days are counted: days, weeks, …"),
    ("--leave-out", "COLUMN", "a column that does not leave"),
    ("--unmap", "COLUMN", "take back what was said of a column"),
    ("--term", "ATTRIBUTE:VALUE=TERM", "which term leaves in the place of a value"),
    ("--forget-term", "ATTRIBUTE:VALUE", "take that back"),
    ("--declare", "ATTRIBUTE", "the source does not hold it; with --by and --reason"),
    ("--withdraw", "ATTRIBUTE", "take that back"),
)


def add_mapping_options(parser: argparse.ArgumentParser) -> None:
    """COLUMN is a heading or a number from 1 (R4:2 in the second table), ATTRIBUTE a code as
    `--show` gives it."""
    group = parser.add_argument_group("columns and their values")
    group.add_argument(
        "--show", action="store_true", help="the columns, what they hold, and what is proposed"
    )
    for option, value, text in _LISTS:
        group.add_argument(option, action="append", default=[], metavar=value, help=text)
    group.add_argument(
        "--confirm",
        choices=("columns", "terms", "all"),
        help="confirm every proposal of which there is no doubt",
    )
    group.add_argument(
        "--mapping", type=Path, metavar="FILE", help="take what such a file says (TOML)"
    )
    group.add_argument(
        "--save-mapping", type=Path, metavar="FILE", help="write such a file, for the next dataset"
    )


def wants_mapping(options: argparse.Namespace) -> bool:
    """Whether any of them was given."""
    names = [option.removeprefix("--").replace("-", "_") for option, _, _ in _LISTS]
    return any(
        getattr(options, name, None)
        for name in (*names, "show", "confirm", "mapping", "save_mapping")
    )
