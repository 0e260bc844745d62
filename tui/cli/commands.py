"""From the words of a command line to the function that carries them out."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence

from transfer.errors import TransferError
from transfer.values import ExitCode
from tui.cli.output import give_up_stdout, refuse, tell
from tui.cli.parser import build_parser

_ROOMS = {
    "demo": "demo",
    "sandbox": "play",
    "synth": "play",
    "new": "orders",
    "list": "orders",
    "status": "status",
    "step": "step",
    "ticket": "ticket",
    "login": "login",
    "logout": "login",
    "account": "account",
    "doctor": "doctor",
    "scan": "runs",
    "check": "check",
    "select": "select",
    "gateways": "gateways",
    "mend": "mend",
    "timepoints": "timepoints",
    "review": "review",
    "header": "header",
    "preview": "preview",
    "upload": "runs",
    "verify": "runs",
    "clinical": "clinical",
    "legal": "legal",
    "publish": "publish",
    "dataset": "dataset",
    "catalogue": "catalogue",
    "report": "report",
    "rehearse": "rehearse",
    "recall": "recall",
    "purge": "purge",
    "recover": "recover",
    "pause": "wishes",
    "resume": "wishes",
    "stop": "wishes",
    "limit": "wishes",
    "key": "keys",
    "deid": "deid",
}

Command = Callable[[argparse.Namespace], int]


def run_command(words: Sequence[str]) -> int:
    """Carry out one command; every refusal becomes two lines and an exit code."""
    name: str | None = None
    try:
        options = build_parser().parse_args(list(words))
        if options.command is None:
            from transfer.workspace import Home
            from tui.run import run_app

            return run_app(Home.find())
        name = getattr(options, "name", None)
        from tui.cli.ended import refuse_ended

        refuse_ended(options.command, name)
        room = importlib.import_module(f"tui.cli.{_ROOMS[options.command]}")
        command: Command = getattr(room, f"{options.command}_command")
        code = command(options)
        from tui.cli.good_state import keep_good_state

        keep_good_state(options.command, name)
        return code
    except TransferError as error:
        return refuse(error, name)
    except KeyboardInterrupt:
        tell("Interrupted; nothing is lost.")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The answer was not read to its end; whoever asks must not take it for a good one.
        give_up_stdout()
        return ExitCode.INTERNAL
    except Exception as error:  # noqa: BLE001 - the program's last border; recorded without values
        from transfer.machine.lacking import lacking

        if (refusal := lacking(error) or _damage_of(name)) is not None:
            return refuse(refusal, name)
        from tui.crash import record_crash

        return record_crash(error)


def _damage_of(name: str | None) -> TransferError | None:
    """A fault that comes of a ledger in which something stands that the program never wrote."""
    if name is None:
        return None
    from transfer.ledger.soundness import damage_behind
    from transfer.workspace import Home

    try:
        return damage_behind(Home.find().workspace(name).ledger)
    except TransferError:
        return None
