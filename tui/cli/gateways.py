"""`gateways`: what this host says of itself to the others of one cohort, and whether all agree."""

from __future__ import annotations

import argparse
from typing import Any

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.steps import read_steps
from transfer.values import ExitCode, StepState
from tui.cli.desk import Desk
from tui.cli.output import print_json, say
from tui.figures import count


def gateways_command(options: argparse.Namespace) -> int:
    """Write the sheet of this host, and hold it against those of the others."""
    from transfer.gateways.comparing import compare, told
    from transfer.gateways.sheet import make_sheet, read_sheet, write_sheet
    from transfer.method_files import de_identifies, load_method_files

    desk = Desk.of(options.name)
    others = [read_sheet(path) for path in options.compare]
    key = desk.key(options.secret_file)
    with Ledger.open(desk.workspace.ledger, read_only=True) as ledger:
        _refuse_unread(ledger)
        order = read_order(ledger)
        files = load_method_files(desk.workspace.folder, ledger)
        spec = files.spec(order, key.text) if de_identifies(order) else None
        sheet = make_sheet(ledger, key.text, key.fingerprint, spec)
    if options.out is not None:
        write_sheet(options.out, sheet)
        desk.record("A sheet for other gateways was written.")
    found = compare(sheet, others) if others else None
    wrong = told(found) if found else []
    if options.json:
        document: dict[str, Any] = {
            "transfer": sheet.transfer,
            "agreement": dict(sheet.agreement),
            "part": sheet.part,
            "patients": {"goes": len(sheet.goes), "stays": len(sheet.stays)},
            "compared": None,
        }
        if found is not None:
            document["compared"] = {
                "gateways": 1 + len(others),
                "patients": found.patients,
                "differs": list(found.differs),
                "counts_in_order": found.counts,
                "twice": list(found.twice),
                "nobody": list(found.nobody),
                "elsewhere": {"twice": found.elsewhere_twice, "nobody": found.elsewhere_nobody},
                "same_name": found.same_name,
            }
        print_json(document)
    else:
        for name, value in sheet.agreement.items():
            say(f"  {name:<25} {value or 'none'}")
        say(f"  {'part':<25} {sheet.part or 'by lists, or all'}")
        say(f"  {'patients':<25} {len(sheet.goes):,} go from here, {len(sheet.stays):,} stay")
        if options.out is not None:
            say(f"The sheet of this gateway lies in {options.out}.")
        for what, remedy in wrong:
            say(what)
            say(f"  what to do: {remedy.replace('NAME', desk.workspace.name)}")
        if found is not None and found.same_name:
            say("Two gateways have transfers of one name; on XNAT their tables would have one too.")
        if found is not None and found.is_good:
            say(
                f"{1 + len(others)} gateways agree: {count(found.patients, 'patient')}, each from"
                " exactly one of them."
            )
    return ExitCode.BLOCKED if wrong else ExitCode.DONE


def _refuse_unread(ledger: Ledger) -> None:
    scan = read_steps(ledger).get("scan")
    if scan is None or scan.state is not StepState.DONE:
        raise UsageError(
            "The source has not been scanned to its end, so that nobody knows who goes.",
            "Scan it first: eucaim-transfer scan NAME",
        )
