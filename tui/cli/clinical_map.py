"""`clinical` with options on columns and values: what a person says, carried out and shown."""

from __future__ import annotations

import argparse
import os
import re
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.board import confirm_all
from transfer.clinical.choosing import (
    choose_order,
    choose_role,
    choose_unit,
    declare_missing,
    leave_out,
    take_back,
)
from transfer.clinical.columns import Role, bare
from transfer.clinical.mapping import Unit
from transfer.clinical.mapping_file import load_mapping, save_mapping
from transfer.clinical.phase import read_clinical
from transfer.clinical.table_word import judge_again
from transfer.clinical.term_values import choose_term, confirm_terms, forget_term
from transfer.clinical.values import Order
from transfer.errors import UsageError
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.mapping import withdraw
from transfer.ledger.order import read_order
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.clinical_map_told import mapping_document, mapping_told
from tui.cli.output import answering, print_json, say, tell
from tui.figures import count

_PLACE: Final = re.compile(r"(?:(R\d{1,18}):)?(\d{1,6})", re.IGNORECASE)
_CHANGES: Final = (
    "mapping", "unmap", "map", "order", "unit", "leave_out", "confirm", "term", "forget_term",
    "declare", "withdraw",
)  # fmt: skip


def run(options: argparse.Namespace, home: Home, workspace: Workspace) -> int:
    """Change what is said of columns and values, in the order mapping file, columns, terms,
    declarations; then save it, and show it. A table that was named and not read yet is read."""
    del home
    # A file that was named once more may have changed since it was read.
    is_unread = options.file is not None or _is_unread(workspace)
    if is_unread or any(getattr(options, name) for name in _CHANGES):
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            if is_unread:
                read_clinical(ledger)
            try:
                _change(ledger, options)
            finally:
                # What was taken before a refusal stands, so the findings follow it.
                judge_again(ledger)
    with Ledger.open(workspace.ledger, read_only=True) as ledger, answering():
        if options.save_mapping:
            _save(ledger, options)
        if options.json:
            print_json(mapping_document(workspace.name, ledger))
        elif options.show:
            for line in mapping_told(workspace.name, ledger):
                say(line)
    return ExitCode.DONE


def _is_unread(workspace: Workspace) -> bool:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        ordered = read_order(ledger).clinical
        names = {file.path for file in clinical_files(ledger) if file.sha256}
    if ordered is None:
        return bool(names)
    ordered_path = os.fsencode(ordered)
    # A workbook is named with its sheet, a folder by itself.
    wanted = (ordered_path, ordered_path.rpartition(b"#")[0])
    return not any(n in wanted or n.startswith(ordered_path + b"/") for n in names)


def _change(ledger: Ledger, options: argparse.Namespace) -> None:
    person = (options.by or "").strip()
    if options.mapping:
        loaded = load_mapping(ledger, options.mapping, person)
        tell(
            f"Taken from the mapping file: {count(loaded.columns, 'column')},"
            f" {count(loaded.terms, 'term')}, {count(loaded.declared, 'declaration')}."
        )
        if loaded.waiting:
            tell(
                f"{count(len(loaded.waiting), 'column')} of it stand in no table here; they are"
                " kept for one that has them."
            )
    for text in options.unmap:
        take_back(ledger, _heading(ledger, text))
    _change_columns(ledger, options, person)
    if options.confirm in ("columns", "all"):
        confirmed = confirm_all(ledger, person)
        tell(f"{count(confirmed.done, 'column')} confirmed.")
        if confirmed.asked:
            tell(
                f"{count(confirmed.asked, 'column')} left: more than one column or attribute comes"
                " into question. Say which with --map COLUMN=ATTRIBUTE."
            )
    if options.confirm in ("terms", "all"):
        tell(f"{count(confirm_terms(ledger, None, person), 'value')} confirmed.")
    for text in options.term:
        role, value, term = _term(text)
        choose_term(ledger, role, value, term, person)
    for text in options.forget_term:
        attribute, _, value = text.partition(":")
        forget_term(ledger, _role(attribute), value)
    for text in options.declare:
        declare_missing(ledger, _role(text), person, options.reason or "")
    for text in options.withdraw:
        withdraw(ledger, _role(text))


def _change_columns(ledger: Ledger, options: argparse.Namespace, person: str) -> None:
    for text in options.map:
        column, attribute = _pair(text, "--map COLUMN=ATTRIBUTE")
        role = None if attribute.casefold() == "none" else _role(attribute)
        choose_role(ledger, _heading(ledger, column), role, person)
    for text in options.order:
        column, word = _pair(text, "--order COLUMN=day-first")
        if word not in list(Order):
            raise UsageError("That is no order of dates.", f"Say one of: {', '.join(Order)}.")
        choose_order(ledger, _heading(ledger, column), Order(word), person)
    for text in options.unit:
        column, word = _pair(text, "--unit COLUMN=months")
        if word not in list(Unit):
            raise UsageError("That is no unit.", f"Say one of: {', '.join(Unit)}.")
        choose_unit(ledger, _heading(ledger, column), Unit(word), person)
    for text in options.leave_out:
        leave_out(ledger, _heading(ledger, text), person)


def _save(ledger: Ledger, options: argparse.Namespace) -> None:
    saved = save_mapping(ledger, options.save_mapping)
    tell(
        f"Written: {count(saved.columns, 'column')}, {count(saved.terms, 'term')},"
        f" {count(saved.declared, 'declaration')}."
    )
    if saved.left_out:
        tell(
            f"{count(saved.left_out, 'entry', 'entries')} left out: a Patient ID or a name of this"
            " transfer stands in it."
        )


def _pair(text: str, form: str) -> tuple[str, str]:
    column, sign, word = text.rpartition("=")
    if not sign or not column or not word.strip():
        raise UsageError("That says nothing about a column.", f"Give it as {form}.")
    return column, word.strip()


def _term(text: str) -> tuple[Role, str, str]:
    attribute, _, rest = text.partition(":")
    value, sign, term = rest.rpartition("=")
    if not sign or not value.strip() or not term.strip():
        raise UsageError(
            "That says nothing about a value.", 'Give it as --term "sex:F=Female" for one.'
        )
    return _role(attribute), value, term


def _role(text: str) -> Role:
    wanted = bare(text)
    for role, attribute in ATTRIBUTES.items():
        if wanted and wanted in (bare(role.value), bare(attribute.title)):
            return role
    raise UsageError("There is no such attribute.", f"Say one of: {', '.join(Role)}.")


def _heading(ledger: Ledger, text: str) -> str:
    """The heading of a column that was named by it, by its number, or nearly."""
    tables = {file.key: clinical_columns(ledger, file.row) for file in clinical_files(ledger)}
    headings = [column.heading for columns in tables.values() for column in columns]
    if text in headings:
        return text
    if found := _PLACE.fullmatch(text.strip()):
        key = (found[1] or "").upper() or next(iter(tables), "")
        columns = tables.get(key, [])
        if len(tables) > 1 and not found[1]:
            raise UsageError(
                "There are several tables, so a number alone names no column.",
                f"Put the table's key in front: {key}:{found[2]}.",
            )
        if 1 <= (place := int(found[2])) <= len(columns):
            return columns[place - 1].heading
    near = {heading for heading in headings if bare(heading) == bare(text) and bare(text)}
    if len(near) == 1:
        return near.pop()
    raise UsageError(
        "No clinical table that was read has that column.",
        "See the columns, with their numbers: eucaim-transfer clinical NAME --show",
    )
