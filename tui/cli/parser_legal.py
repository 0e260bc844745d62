"""Words of `legal`: the legal record, without which nothing is published."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, add_command, add_json


def add_legal_command(commands: Commands) -> None:
    """`legal`."""
    legal = add_command(
        commands, "legal", "clearance, both signatures of the DTA and the papers: what is recorded"
    )
    legal.add_argument("name", nargs="?", metavar="NAME", help="the transfer's name")
    what = legal.add_mutually_exclusive_group()
    what.add_argument("--record", type=Path, metavar="FILE.toml", help="take a filled-in form over")
    what.add_argument("--template", action="store_true", help="print the form, to be filled in")
    what.add_argument(
        "--withdraw", metavar="WHAT", help="clearance, dta-institution, dta-eucaim or a paper"
    )
    what.add_argument("--prove", type=Path, metavar="FILE", help="is this the recorded document?")
    what.add_argument(
        "--sandbox", action="store_true", help="a made-up record, on the sandbox's nodes alone"
    )
    legal.add_argument(
        "--by", metavar="PERSON", help="who withdraws, or who enters the record of --record"
    )
    legal.add_argument("--reason", metavar="TEXT", help="with --withdraw: why")
    add_json(legal)
