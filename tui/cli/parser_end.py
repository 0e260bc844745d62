"""Words of what comes after a dataset is out, `recall` and `purge`; and of `recover`."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, add_command, add_json


def add_end_commands(commands: Commands) -> None:
    """`recall`, `purge` and `recover`."""
    _recall(commands)
    _purge(commands)
    _recover(commands)


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


def _recover(commands: Commands) -> None:
    recover = add_command(
        commands, "recover", "a damaged ledger: what is wrong, and how it comes back", named=True
    )
    how = recover.add_mutually_exclusive_group()
    how.add_argument(
        "--from-backup", action="store_true", help="put its copy of the last good state back"
    )
    how.add_argument(
        "--rebuild", action="store_true", help="make it anew, from the source and the node"
    )
    how.add_argument(
        "--go-on", action="store_true", help="a person has looked at what is to go after that"
    )
    recover.add_argument("--by", metavar="PERSON", help="with --go-on: who answers for it")
    recover.add_argument("--reason", metavar="TEXT", help="with --go-on: why")
    add_json(recover)
