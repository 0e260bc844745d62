"""How far the clinical data are, in lines and in documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from transfer.ledger.clinical import row_number
from transfer.ledger.clinical_items import Item, items_in_trouble
from transfer.ledger.connection import Ledger
from transfer.status import Status
from tui import figures

_NAMED: Final = 10_000
_SHOWN: Final = 20
_STAYS: Final = {
    "unlinked": ("row", "without images"),
    "kept-back": ("row", "kept back"),
    "not-going": ("row", "of patients none of whose images goes"),
    "width": ("row", "with another number of values than of headings"),
    "columns": ("column", ""),
    "cells": ("cell", "of columns that leave"),
}


def clinical_lines(status: Status) -> list[str]:
    """The clinical data of a transfer in plain lines; none where nobody has begun with them."""
    clinical, lines = status.clinical, []
    if clinical.image_only is not None:
        word = clinical.image_only
        return [f"  clinical     images alone, says {word.person}: {word.reason}"]
    if clinical.has_table:
        lines.append(f"  table        {figures.count(clinical.rows, 'row')}")
    for name, n in (("subjects", clinical.subjects), ("files", clinical.files)):
        if n.ready:
            trouble = f", {n.failed} failed" if n.failed else ""
            trouble += f", {n.differs} with other data on the node" if n.differs else ""
            lines.append(
                f"  {name:<11}  {n.sent} of {n.ready} acknowledged, {n.verified} read back{trouble}"
            )
    if stays := stays_told(clinical.stays):
        lines.append(f"  stays here   {stays}")
    record = status.steps.get("clinical")
    if record is not None and record.detail:
        lines.append(f"  clinical     {record.detail}")
    return lines


def stays_told(stays: Mapping[str, int]) -> str:
    """What does not leave, and why, in one line; empty where all does."""
    told = []
    for why, (noun, text) in _STAYS.items():
        if n := stays.get(why, 0):
            told.append(f"{figures.count(n, noun)} {text}".rstrip())
    return "; ".join(told)


def trouble_lines(troubled: list[dict[str, Any]]) -> list[str]:
    """The items that the node did not take, each by its key and row, with the reason."""
    lines = [f"  {one['key']}{_row_told(one)}: {one['reason']}" for one in troubled[:_SHOWN]]
    if len(troubled) > _SHOWN:
        lines.append(f"  and {len(troubled) - _SHOWN:,} more; --json names each")
    return lines


def _row_told(one: dict[str, Any]) -> str:
    return f" (row {one['row_number']} of the table, {one['row']})" if one["row"] else ""


def trouble_document(ledger: Ledger, transfer: str) -> list[dict[str, Any]]:
    """Every item that the node did not take."""
    return [_item_document(ledger, i, transfer) for i in items_in_trouble(ledger, _NAMED)]


def _item_document(ledger: Ledger, item: Item, transfer: str) -> dict[str, Any]:
    return {
        "key": item.key,
        "kind": item.kind,
        "row": item.row_key or None,
        "row_number": row_number(ledger, item.first_row) if item.first_row else None,
        "state": item.state,
        "reason": item.reason.replace("NAME", transfer),
        "attempts": item.attempts,
    }
