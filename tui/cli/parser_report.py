"""Words of `report`: the evidence of a transfer, written and proved."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, add_command, add_json


def add_report_command(commands: Commands) -> None:
    """`report`."""
    report = add_command(
        commands, "report", "evidence for the data protection officer: written, or proved offline"
    )
    report.add_argument("name", nargs="?", metavar="NAME", help="the transfer's name")
    what = report.add_mutually_exclusive_group()
    what.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder to write (else: report, by the ledger)"
    )
    what.add_argument(
        "--verify", type=Path, metavar="DIR", help="is that folder the report, to the last byte?"
    )
    what.add_argument(
        "--crosswalk", type=Path, metavar="FILE", help="patient IDs and pseudonyms, locked"
    )
    report.add_argument(
        "--digest", metavar="HEX", help="with --verify: the digest from the ticket or the screen"
    )
    report.add_argument(
        "--secret-file", type=Path, metavar="FILE", help="with --crosswalk: its passphrase"
    )
    report.add_argument(
        "--present-file", type=Path, metavar="FILE", help="with --crosswalk: the key's passphrase"
    )
    add_json(report)
