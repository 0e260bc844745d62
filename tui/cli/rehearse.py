"""`rehearse`: the whole journey with a stand-in, before the first byte goes to the node."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transfer.errors import UsageError
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.lifeline import instructions
from tui.cli.output import answering, print_json, say, tell
from tui.cli.play import with_extra
from tui.figures import count
from tui.rehearsing import Rehearsed, needs, rehearse


def rehearse_command(options: argparse.Namespace) -> int:
    """Rehearse a transfer; or be one of the processes of a rehearsal."""
    if options.part == "stand-in":
        return _stand_in()
    if options.part == "journey":
        return _journey(options.name)
    if options.patients is not None and options.patients < 1:
        raise UsageError("A rehearsal needs a patient.", "Give --patients 1 or more.")
    home = Home.find()
    with with_extra():
        import adapters.sandbox.server  # noqa: F401 - said before anything is copied
    name = options.name
    # A service that is stopped, or a line that is lost, ends it as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    patients = options.patients or 0
    tell(needs(home, name, patients).sentence)
    done = rehearse(home, name, tell, keep=options.keep, patients=patients)
    with answering():
        if options.json:
            print_json(_document(name, done))
        else:
            for line in _told(name, done):
                say(line)
    if done.code:
        tell(f"eucaim-transfer: {done.message}")
        tell(f"  what to do: {done.remedy.replace('NAME', name)}")
    return done.code


def _stand_in() -> int:
    asked = instructions()
    with with_extra():
        from adapters.sandbox.rehearsing import serve_rehearsal

    def ready(facts: Mapping[str, object]) -> None:
        print(json.dumps(facts), flush=True)

    serve_rehearsal(Path(asked["home"]), asked["kind"], asked["destination"], ready)
    return ExitCode.DONE


def _journey(name: str) -> int:
    from tui.cli.rehearsal_journey import go_through

    asked = instructions()
    document = go_through(Home.find(), name, asked)
    print_json(document)
    return int(document["code"])


def _document(name: str, done: Rehearsed) -> dict[str, Any]:
    return {
        "transfer": name,
        "rehearsed": done.code == ExitCode.DONE,
        "stopped_at": done.stopped_at or None,
        "message": done.message,
        "remedy": done.remedy.replace("NAME", name),
        "at_utc": done.summary.at_utc if done.summary else None,
        "went": dict(done.summary.counts) if done.summary else None,
        "kept": str(done.kept) if done.kept else None,
        "status": done.status,
    }


def _told(name: str, done: Rehearsed) -> list[str]:
    lines: list[str] = []
    if done.summary is None:
        lines.append(f"Rehearsed up to the step: {done.stopped_at}. Nothing has gone anywhere.")
    else:
        went = done.summary.counts
        lines += [
            "Rehearsed to the end, with a stand-in of the node on this machine: "
            f"{count(went['instance'], 'instance')}, {count(went['volume'], 'NIfTI volume')},"
            f" {count(went['clinical'], 'clinical item')}.",
            "Nothing has gone anywhere, and nothing of it counts for the transfer: no legal record,"
            " no ticket, no account.",
            "The report of the real run will be compared with it.",
            f"Go on with: eucaim-transfer upload {name}",
        ]
    if done.kept is not None:
        lines.append(f"Kept, with original identifiers in its ledger: {done.kept}")
    return lines
