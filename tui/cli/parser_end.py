"""Words of what comes after a dataset is out: `recall` and `purge`."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, add_command, add_json


def add_end_commands(commands: Commands) -> None:
    """`recall` and `purge`."""
    _recall(commands)
    _purge(commands)


def _recall(commands: Commands) -> None:
    recall = add_command(
        commands, "recall", "what went out of one patient, and the withdrawal ticket", named=True
    )
    recall.add_argument(
        "patient",
        metavar="PATIENT",
        help="an original Patient ID or a pseudonym, to the letter. What stands on a command line"
        " is seen by other accounts of the machine and kept by the shell: give - and it is asked"
        " for unseen, or read from standard input",
    )
    recall.add_argument(
        "--as",
        dest="meant",
        choices=("patient-id", "pseudonym"),
        help="which of the two it is, where it could be both",
    )
    recall.add_argument(
        "--csv", type=Path, metavar="FILE", help="write all that went, line by line"
    )
    recall.add_argument("--identifiers", action="store_true", help="with original identifiers")
    recall.add_argument("--present-file", type=Path, metavar="FILE", help="the key's passphrase")
    add_json(recall)


def _purge(commands: Commands) -> None:
    purge = add_command(
        commands,
        "purge",
        "end of retention: originals and key are removed, the evidence is kept",
        named=True,
    )
    purge.add_argument("--confirm", metavar="NAME", help="the transfer's name, typed once more")
    purge.add_argument(
        "--due", metavar="DATE", help="remove nothing: record the day it is due, or none"
    )
    purge.add_argument(
        "--even-unfinished",
        action="store_true",
        help="although not everything is verified, published or kept long enough",
    )
    purge.add_argument(
        "--without-names",
        action="store_true",
        help="remove also under which names things lie on the node: no withdrawal can be answered",
    )
    purge.add_argument("--by", metavar="PERSON", help="who answers for it")
    purge.add_argument("--present-file", type=Path, metavar="FILE", help="the key's passphrase")
    add_json(purge)
