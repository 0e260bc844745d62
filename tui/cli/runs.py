"""`scan`, `upload`, `verify`: the commands that are, or start, the runner of a transfer."""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.control import set_concurrency
from transfer.ledger.holder import read_runner
from transfer.ledger.order import Word, read_order, record_word
from transfer.machine.logind import lingers
from transfer.machine.priority import step_back
from transfer.runner.gate import COUNTED
from transfer.runner.run import Until
from transfer.runner.settings import utc_clock
from transfer.status import Status, read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, say, tell
from tui.cli.status import (
    left_out_document,
    print_status,
    progress_line,
    status_document,
)
from tui.launch import Launched, launch, receive_secrets
from tui.limiting import Limits
from tui.method import method_of
from tui.nodes import choose_node
from tui.runner import run_here

_TELL_S = 2.0


def scan_command(options: argparse.Namespace) -> int:
    """Look at every file of the source and say what it is."""
    home = Home.find()
    workspace = home.workspace(options.name)
    code = run_telling(home, workspace, Until.SCAN)
    if code:
        return ended(workspace, code)
    status = read_status(workspace)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        left_out = left_out_document(ledger, identifiers=options.identifiers)
    with answering():
        _print_scan(status, left_out, options)
    return ExitCode.DONE


def _print_scan(
    status: Status, left_out: Sequence[Mapping[str, Any]], options: argparse.Namespace
) -> None:
    if options.json:
        document = status.document()
        kept = ("transfer", "patients", "studies", "series", "instances", "files", "bytes")
        print_json({**{key: document[key] for key in kept}, "left_out": left_out})
        return
    print_status(status)
    by_reason = Counter((left["verdict"], left["reasons"][0], left["message"]) for left in left_out)
    for (verdict, reason, message), n in by_reason.most_common():
        say(f"  {n:>6}  {verdict}, {reason}: {message}")
    for left in left_out[:20] if not options.identifiers else left_out:
        codes = ", ".join(left["reasons"])
        say(f"          {left['key']}  {codes}  {left.get('path', '')}".rstrip())
    if left_out and not options.identifiers:
        say("  File names may hold patients' names; --identifiers shows them.")


def upload_command(options: argparse.Namespace) -> int:
    """Send everything and prove that it arrived; here, or in a process of its own."""
    home = Home.find()
    workspace = home.workspace(options.name)
    password = receive_secrets(options.password_fd)
    if options.runner:
        step_back()
        return run_here(
            home, workspace, Until(options.until), password=password, survives_hangup=True
        )
    limits = Limits(home, utc_clock)
    limits.demand()
    if options.bwlimit is not None:
        limits.order(workspace, options.bwlimit)
    with Ledger.open(workspace.ledger) as ledger:
        if options.concurrency is not None:
            if options.concurrency < 1:
                raise UsageError(
                    "At least one request has to run.", "Give --concurrency 1 or more."
                )
            set_concurrency(ledger, options.concurrency)
    if options.answers is not None and (code := _answer(home, workspace, options.answers)):
        return ended(workspace, code)
    if options.dry_run is not None:
        return _rehearse(home, workspace, options.dry_run, as_json=options.json)
    if options.detach:
        launched = launch(workspace, password=password)
        with answering():
            print_launched(workspace, launched, as_json=options.json)
        return ExitCode.DONE
    code = run_telling(home, workspace, Until.UPLOAD, password)
    status = read_status(workspace)
    with answering():
        if options.json:
            print_json(status_document(home, workspace, status))
        elif not code:
            print_status(status)
    return ended(workspace, code)


def _answer(home: Home, workspace: Workspace, path: Path) -> int:
    """Check, with the words of a file, before anything goes."""
    from transfer.quality.answers import read_answers
    from tui.cli.check import check_with

    return check_with(home, workspace, read_answers(path))


def print_launched(workspace: Workspace, launched: Launched, *, as_json: bool) -> None:
    """How the runner was started, and what becomes of it when this account logs out."""
    if as_json:
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            pid = read_runner(ledger).pid
        print_json(
            {
                "transfer": workspace.name,
                "runner": {"pid": pid, "how": launched.how},
                "survives_logout": launched.survives_logout,
            }
        )
    else:
        say(f"The runner goes on by itself, in {launched.how}.")
        if not launched.survives_logout:
            mend = "Ask its administrator for: loginctl enable-linger"
            if lingers():
                mend = "Store the password, so that a service finds it: eucaim-transfer login NODE"
            say(f"This host ends what an account left running when it logs out. {mend}")
        say(f"Watch it with: eucaim-transfer status {workspace.name} --watch")


def verify_command(options: argparse.Namespace) -> int:
    """Look for every instance on the node again, or record a person's count."""
    home = Home.find()
    workspace = home.workspace(options.name)
    if (options.counted is None) is not (options.by is None):
        raise UsageError(
            "A count needs a person who vouches for it.",
            "Give both: --counted N --by PERSON",
        )
    if options.counted is not None:
        sent = read_status(workspace).census.instances.sent
        if options.counted != sent:
            raise UsageError(
                f"{sent} instances were acknowledged, {options.counted} were counted.",
                "Count again. If the node really holds another number, upload again: what is"
                " missing goes, what is there stays.",
            )
        with Ledger.open(workspace.ledger) as ledger:
            record_word(ledger, Word(COUNTED, str(options.counted), options.by, "counted there"))
    code = run_telling(home, workspace, Until.VERIFY)
    status = read_status(workspace)
    with answering():
        if options.json:
            print_json(status_document(home, workspace, status))
        elif not code:
            print_status(status)
    return ended(workspace, code)


def ended(workspace: Workspace, code: int) -> int:
    """Two lines for a run that did not end well; the exit code."""
    if code:
        runner = read_status(workspace).runner
        tell(f"eucaim-transfer: {runner.message}")
        tell(f"  what to do: {runner.remedy}")
    return code


def run_telling(home: Home, workspace: Workspace, until: Until, password: str | None = None) -> int:
    """Run in this process, with a line on stderr now and then."""
    over = threading.Event()
    teller = threading.Thread(target=_tell_progress, args=(workspace, over), daemon=True)
    teller.start()
    try:
        return run_here(home, workspace, until, password=password)
    finally:
        over.set()
        teller.join()


def _tell_progress(workspace: Workspace, over: threading.Event) -> None:
    last = ""
    # Of a ledger that cannot be read any more the run itself tells.
    with suppress(TransferError, OSError), Ledger.open(workspace.ledger, read_only=True) as ledger:
        while not over.wait(_TELL_S):
            status = read_status(workspace, ledger)
            line = progress_line(status)
            if status.is_running and line != last:
                tell(line)
                last = line


def _rehearse(home: Home, workspace: Workspace, folder: Path, *, as_json: bool) -> int:
    from transfer.runner.rehearsal import rehearse
    from transfer.workspace import make_private_folder

    code = run_telling(home, workspace, Until.PLAN)
    if code:
        return ended(workspace, code)
    make_private_folder(folder)
    with Ledger.open(workspace.ledger) as ledger:
        node_name = read_order(ledger).node
        method = method_of(home, workspace, ledger)

    async def write() -> int:
        node = choose_node(home, node_name).open()
        try:
            return await rehearse(workspace, node, folder, method)
        finally:
            await node.aclose()

    requests = asyncio.run(write())
    with answering():
        if as_json:
            print_json({"transfer": workspace.name, "requests": requests, "folder": str(folder)})
        else:
            say(f"{requests} requests are written to the folder given; nothing was sent.")
            if method is None:
                say("They hold the images as they are: keep that folder as safe as the source.")
    return ExitCode.DONE
