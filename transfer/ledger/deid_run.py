"""By which method a transfer de-identifies: one at a time, and none other once something went."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.clock import utc_now
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import asks_first
from transfer.ledger.selection import is_part

NUMBER_TEXT = "number text"
"""The context under which the texts behind `@integer` are sealed."""


@dataclass(frozen=True, slots=True)
class DeidRun:
    """One method with its key. `ingredients_sha256` is over all that decides about a byte that
    leaves; `clock` the frozen local time, as ISO 8601 without a zone."""

    method: str
    version: str
    method_sha256: str
    key_fingerprint: str
    site_sha256: str
    ingredients_sha256: str
    clock: str


class NumbersInOrder(UsageError):
    """A script gives numbers in the order in which it meets texts; other hosts meet others."""

    def __init__(self) -> None:
        super().__init__(
            "The script gives numbers in order (@integer). Each host that sends a part of the"
            " cohort would begin at 1, and two patients would get one number.",
            "Send the cohort from one host (eucaim-transfer select NAME --remove ID takes the part"
            " back), or take a script that makes numbers of the value alone: @hash, @lookup.",
        )


class MethodChanged(UsageError):
    """The method or the key is another one than that by which instances have gone."""

    def __init__(self) -> None:
        super().__init__(
            "Instances of this transfer went already with another method or another key; the"
            " same patients would get a second identity.",
            "Bring the earlier key back (eucaim-transfer key import NAME), or the version of this"
            " program that began; or make a new transfer for what has not gone.",
        )


def newest_run(ledger: Ledger) -> tuple[int, DeidRun] | None:
    """Row and facts of the method in force; None before the first."""
    found = ledger.row(
        "SELECT id, method, version, method_sha256, key_fingerprint, site_sha256,"
        " ingredients_sha256, clock FROM deid_run ORDER BY id DESC LIMIT 1"
    )
    return (found[0], DeidRun(*found[1:])) if found else None


def open_run(ledger: Ledger, run: DeidRun) -> int:
    """The row of this method. A new one makes all that was prepared by another void.

    Raises:
        MethodChanged: instances have gone by another one.
    """
    known = newest_run(ledger)
    if known is not None and known[1] == run:
        return known[0]
    if known is not None and has_gone(ledger):
        raise MethodChanged
    with ledger.transaction():
        if known is not None:
            _forget(ledger)
        ledger.record_event("deidentify", f"Method: {run.method} {run.version}".rstrip() + ".")
        return ledger.write(
            "INSERT INTO deid_run (method, version, method_sha256, key_fingerprint, site_sha256,"
            " ingredients_sha256, clock, made_at_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            run.method,
            run.version,
            run.method_sha256,
            run.key_fingerprint,
            run.site_sha256,
            run.ingredients_sha256,
            run.clock,
            utc_now(),
        )


def has_gone(ledger: Ledger) -> bool:
    """Whether the node has, or may have, an instance of this transfer."""
    return bool(
        ledger.number("SELECT 1 FROM tally WHERE state IN ('sent', 'verified') AND n > 0 LIMIT 1")
        or ledger.number("SELECT 1 FROM batch WHERE state = 'sending' AND state <> 'done' LIMIT 1")
        # What was acknowledged and then not listed, or refused with its Study, may lie there still.
        or ledger.number("SELECT 1 FROM instance WHERE sent_at_utc IS NOT NULL LIMIT 1")
        or asks_first(ledger)
    )


def _forget(ledger: Ledger) -> None:
    ledger.write(
        "UPDATE instance SET out_sop_instance_uid = NULL, out_sop_class_uid = NULL,"
        " out_transfer_syntax_uid = NULL, head_sha256 = NULL,"
        " out_traits_id = NULL, deid_run = NULL"
    )
    ledger.write("UPDATE series SET out_series_uid = NULL")
    ledger.write("UPDATE study SET out_study_uid = NULL")
    ledger.write("UPDATE patient SET pseudonym = NULL")
    ledger.write("DELETE FROM deid_number")


def read_numbers(ledger: Ledger) -> dict[tuple[str, str], int]:
    """Every number that was given, by key type and text."""
    seal = ledger.names.seal
    return {
        (key_type, seal.open(text, NUMBER_TEXT)): number
        for key_type, text, number in ledger.rows("SELECT key_type, text, number FROM deid_number")
    }


def give_number(ledger: Ledger, key_type: str, text: str) -> int:
    """The number of a text: the one that it has, else the next of its key type, from 1.

    Raises:
        NumbersInOrder: the transfer is one part of a cohort; others count for themselves.
    """
    if is_part(ledger):
        raise NumbersInOrder
    sealed = ledger.names.seal.close(text, NUMBER_TEXT)
    with ledger.transaction(durable=False):
        ledger.write(
            "INSERT INTO deid_number SELECT ?1, ?2, 1 + (SELECT ifnull(max(number), 0)"
            " FROM deid_number WHERE key_type = ?1) WHERE true"
            " ON CONFLICT (key_type, text) DO NOTHING",
            key_type,
            sealed,
        )
        return ledger.number(
            "SELECT number FROM deid_number WHERE key_type = ? AND text = ?", key_type, sealed
        )
