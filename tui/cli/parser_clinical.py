"""Words of step 9: the clinical data."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, Parser, add_command, add_json
from tui.cli.parser_clinical_map import add_mapping_options


def add_clinical_command(commands: Commands) -> None:
    """`clinical`."""
    clinical = add_command(
        commands, "clinical", "check the clinical table, send it, and read it back", named=True
    )
    clinical.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE[#SHEET]",
        help="the table from now on: CSV, XLSX, JSON, or a folder of them",
    )
    _run(clinical)
    _words(clinical)
    add_mapping_options(clinical)
    _looks(clinical)
    add_json(clinical)


def _run(clinical: Parser) -> None:
    clinical.add_argument("--check", action="store_true", help="only check; nothing leaves")
    clinical.add_argument("--dry-run", type=Path, metavar="DIR", help="write the requests to DIR")
    clinical.add_argument(
        "--overwrite", action="store_true", help="write over other data on the node, this time"
    )
    clinical.add_argument("--detach", action="store_true", help="in a process of its own")


def _words(clinical: Parser) -> None:
    clinical.add_argument(
        "--image-only", action="store_true", help="there is no table; with --by and --reason"
    )
    clinical.add_argument(
        "--handed-over", action="store_true", help="the files were uploaded by hand; with --by"
    )
    clinical.add_argument(
        "--keep-back", nargs="+", default=[], metavar="KEY", help="rows with this one's ID stay"
    )
    clinical.add_argument("--let-go", nargs="+", default=[], metavar="KEY", help="take that back")
    clinical.add_argument(
        "--ask-again",
        nargs="+",
        default=[],
        metavar="KEY",
        help="take back what was said of an ID that looks like another",
    )
    clinical.add_argument("--by", metavar="PERSON", help="who says so")
    clinical.add_argument("--reason", metavar="TEXT", help="why")


def _looks(clinical: Parser) -> None:
    clinical.add_argument("--table", action="store_true", help="the table with what was found")
    clinical.add_argument("--identifiers", action="store_true", help="show original values")
    clinical.add_argument(
        "--outputs", type=Path, metavar="DIR", help="write what leaves, and files for the ETL"
    )
    clinical.add_argument(
        "--errors", type=Path, metavar="FILE", help="write all findings: FILE.csv or FILE.json"
    )
