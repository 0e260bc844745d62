"""`catalogue`: the dataset's entry in EUCAIM's catalogue, filled in, written, and seen (CAT)."""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path

from transfer.errors import StepBlocked, TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, refuse, say, tell

_COUNTED_RULES = ("CAT-01", "CAT-02")


def catalogue_command(options: argparse.Namespace) -> int:
    """Do what the options say, then show the entry; exit code 3 for as long as it is not ready."""
    from transfer.catalogue.entry import set_least
    from transfer.catalogue.fields import fill_in, parse_word, read_file
    from transfer.catalogue.standing import name_identifier

    if options.template:
        return _template(options)
    if not options.name:
        raise UsageError(
            "Which transfer is it about?", "Give its name: eucaim-transfer catalogue NAME"
        )
    _refuse_idle(options)
    workspace = Home.find().workspace(options.name)
    said = dict(read_file(options.form)) if options.form else {}
    said |= dict(parse_word(word) for word in options.set)
    if said or options.least is not None or options.identifier is not None:
        with Ledger.open(workspace.ledger) as ledger:
            if said:
                fill_in(ledger, said)
            if options.least is not None:
                set_least(ledger, options.least)
            if options.identifier is not None:
                name_identifier(ledger, options.identifier)
    if options.seen is not None:
        return _seen(workspace, options)
    return _show(workspace, options)


def _refuse_idle(options: argparse.Namespace) -> None:
    if options.by is not None and options.seen is None:
        raise UsageError("Nothing is said that a person could vouch for.", "Leave --by out.")
    if options.seen is not None and (options.xlsx or options.jsonld):
        raise UsageError(
            "An entry that was seen needs no file any more.", "Give --seen and --by alone."
        )


def _template(options: argparse.Namespace) -> int:
    from transfer.catalogue.fields import form, said_texts

    if options.json:
        raise UsageError("The form is TOML, not JSON.", "Leave --json out.")
    texts = None
    if options.name:
        workspace = Home.find().workspace(options.name)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            texts, _ = said_texts(ledger)
    with answering():
        print(form(texts), end="", flush=True)
    return ExitCode.DONE


def _show(workspace: Workspace, options: argparse.Namespace) -> int:
    from transfer.catalogue.document import entry_document
    from transfer.catalogue.entry import read_entry
    from transfer.catalogue.writing import WrittenFile, write_entry
    from tui.cli.catalogue_told import entry_told

    wanted: list[Path] = [path for path in (options.xlsx, options.jsonld) if path is not None]
    began = time.monotonic()
    refusal: TransferError | None = None
    written: list[WrittenFile] = []
    with Ledger.open(workspace.ledger, read_only=not wanted) as ledger:
        entry = read_entry(ledger)
        seconds = time.monotonic() - began
        try:
            entry.checked()
            for path in wanted:
                written.append(write_entry(ledger, entry, path))
        except TransferError as error:
            refusal = error
    files = [{"file": str(one.path), "sha256": one.sha256} for one in written]
    with answering():
        if options.json:
            print_json(entry_document(entry) | {"files": files, "seconds": round(seconds, 3)})
        else:
            for line in entry_told(entry):
                say(line)
    for remark in entry.warnings:
        tell(f"warning: {remark.text}")
        if remark.remedy:
            tell(f"  {remark.remedy.replace('NAME', workspace.name)}")
    tell(f"Counted in {seconds:.1f} s.")
    if refusal is not None:
        return refuse(refusal, workspace.name)
    for one in written:
        tell(f"Written: {one.path}  (SHA-256 {one.sha256})")
    _say_next(workspace.name, wanted, is_seen=entry.state.is_seen)
    return ExitCode.DONE


def _say_next(name: str, written: list[Path], *, is_seen: bool) -> None:
    """What comes after; the identifier cannot be changed once the entry is there (CAT-01)."""
    this = f"eucaim-transfer catalogue {name}"
    sheet = next((path for path in written if path.suffix.casefold() == ".xlsx"), None)
    if sheet is not None:
        tell("The identifier cannot be changed once the entry is in the catalogue: compare it now.")
        place = shlex.quote(str(sheet))
        tell(f"Next: eucaim-transfer ticket {name} --case catalogue --send --attach {place}")
        tell("(or bring both to the helpdesk yourself).")
    elif not is_seen and not written:
        tell(f"Next: {this} --xlsx FILE.xlsx writes the spreadsheet for the ticket.")
    if not is_seen:
        tell(
            f"Once the team has confirmed, look it up, compare, then: {this} --seen URL --by PERSON"
        )


def _seen(workspace: Workspace, options: argparse.Namespace) -> int:
    from transfer.catalogue.entry import read_entry
    from transfer.catalogue.standing import take_seen

    with Ledger.open(workspace.ledger) as ledger:
        # Compared with counts that are not those of the node it would be compared with nothing.
        blocks = [b for b in read_entry(ledger, searches=False).blocks if b.rule in _COUNTED_RULES]
        if blocks:
            raise StepBlocked(
                "There is nothing yet that the entry could be compared with: "
                + " ".join(block.text for block in blocks),
                next(block.remedy for block in blocks if block.remedy),
            )
        state = take_seen(ledger, options.seen, options.by or "")
    with answering():
        if options.json:
            print_json({"transfer": workspace.name, **state.document()})
        else:
            say(f"Recorded: the entry {state.identifier} was looked up and compared.")
    return ExitCode.DONE
