"""`clinical --outputs DIR` and `--errors FILE`: what a transfer's clinical data give as files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from transfer.clinical.outputs.folder import Outputs, write_outputs
from transfer.clinical.outputs.report import write_errors
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.order import read_order
from transfer.quality.rule import Circumstances
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui import figures
from tui.cli.output import answering, print_json, say, tell


def run(options: argparse.Namespace, home: Home, workspace: Workspace) -> int:
    """Write what was asked for. Nothing is sent."""
    document: dict[str, Any] = {"transfer": workspace.name}
    lines: list[str] = []
    with Ledger.open(workspace.ledger) as ledger, kept_from_runners(workspace.lock, ledger):
        now = _judged(home, ledger)
        if options.errors is not None:
            n = write_errors(ledger, now, options.errors, workspace.name)
            document["errors"] = {"file": str(options.errors), "findings": n}
            lines.append(f"{figures.count(n, 'finding')} written to {options.errors}")
        if options.outputs is not None:
            written = _outputs(home, workspace, ledger, options.outputs)
            document["outputs"] = _document(options.outputs, written)
            lines += _lines(options.outputs, written)
    with answering():
        if options.json:
            print_json(document)
        else:
            for line in lines:
                say(line)
    return ExitCode.DONE


def _judged(home: Home, ledger: Ledger) -> Circumstances:
    """Read the tables as they are now, and judge them; in which circumstances."""
    from transfer.clinical.phase import read_clinical
    from transfer.quality.circumstances import circumstances_of
    from transfer.quality.judging import judge
    from tui.nodes import choose_node

    profile = choose_node(home, read_order(ledger).node).profile
    now = circumstances_of(
        ledger, profile.gate, requires_deidentified=profile.deidentified == "required"
    )
    read_clinical(ledger)
    judge(ledger, now)
    return now


def _outputs(home: Home, workspace: Workspace, ledger: Ledger, folder: Path) -> Outputs:
    from transfer.prepare.method import open_method
    from tui.method import method_of

    spec = method_of(home, workspace, ledger)
    written = write_outputs(ledger, None if spec is None else open_method(ledger, spec), folder)
    for why in written.left_out:
        tell(why)
    if spec is None:
        tell("These files hold identifiers as the source has them: keep them as safe as that.")
    return written


def _document(folder: Path, written: Outputs) -> dict[str, Any]:
    files = [
        {"name": f.name, "rows": f.rows, "size_bytes": f.size_bytes, "sha256": f.sha256}
        for f in written.files
    ]
    return {"folder": str(folder), "files": files, "left_out": written.left_out}


def _lines(folder: Path, written: Outputs) -> list[str]:
    lines = [f"{figures.count(len(written.files) + 1, 'file')} written to {folder}"]
    lines += [
        f"  {f.name}" + (f"  {figures.count(f.rows, 'row')}" if f.rows else "")
        for f in written.files
    ]
    return lines
