"""Words of `catalogue`: the entry of the dataset in EUCAIM's catalogue."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, add_command, add_json


def add_catalogue_command(commands: Commands) -> None:
    """`catalogue`."""
    catalogue = add_command(
        commands, "catalogue", "the dataset's entry in EUCAIM's catalogue: counted, written, seen"
    )
    catalogue.add_argument("name", nargs="?", metavar="NAME", help="the transfer's name")
    catalogue.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="fill in a field; an empty value takes it out, a list has semicolons",
    )
    catalogue.add_argument(
        "--from", type=Path, dest="form", metavar="FILE", help="take a filled-in form (TOML, JSON)"
    )
    catalogue.add_argument(
        "--template", action="store_true", help="print the form, with what is filled in already"
    )
    catalogue.add_argument(
        "--least",
        type=int,
        metavar="N",
        help="groups of fewer subjects are not told (usual: 5; 1 tells all)",
    )
    catalogue.add_argument(
        "--identifier", metavar="ID", help="where the node gives the dataset none of its own"
    )
    catalogue.add_argument(
        "--xlsx", type=Path, metavar="FILE", help="write the spreadsheet for the ticket"
    )
    catalogue.add_argument(
        "--jsonld", type=Path, metavar="FILE", help="write the same in terms of DCAT-AP"
    )
    catalogue.add_argument(
        "--seen", metavar="URL", help="the entry was looked up there and compared"
    )
    catalogue.add_argument("--by", metavar="PERSON", help="with --seen: who did")
    add_json(catalogue)
