"""The crosswalk of a transfer, original Patient ID ↔ pseudonym: made only when a person asks.

Its form on disk, locked: one JSON document `{"form": "eucaim-transfer crosswalk 1", "locked":
{…}}` with the box of `passphrase`, whose purpose is the same form. In the box, and in a plain
export, is CSV (RFC 4180, UTF-8): the heading `original_patient_id,pseudonym`, then one line for
each patient in the order in which the scan met them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.deid.keys import passphrase as boxes
from transfer.deid.keys.seal import PATIENT_ID, Seal
from transfer.deid.methods import PROFILES
from transfer.deid.recipe import pseudonym as make_pseudonym
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies

PLAIN_WORD: Final = "crosswalk-plain"
"""Subject of the word by which a person answers for a crosswalk that anybody can read."""
FORM: Final = "eucaim-transfer crosswalk 1"
LARGEST_BYTES: Final = 1 << 28
_HEADING: Final = ("original_patient_id", "pseudonym")
_PAGE: Final = 10_000
# What the scan puts in place of a character that it could not read.
_UNREAD: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The table as CSV, how many patients are in it, and for how many no pseudonym is known."""

    table: bytes = field(repr=False)
    patients: int
    unknown: int


def make_crosswalk(ledger: Ledger, key: str) -> Crosswalk:
    """The table of all patients of a transfer.

    A patient whose pseudonym is not known stands there with an empty one.

    Raises:
        SealedWithAnotherKey: the pseudonyms were made with another key.
        UsageError: the transfer gives no pseudonyms.
    """
    order = read_order(ledger)
    if not de_identifies(order):
        raise UsageError(
            "This transfer sends its files as they are: there are no pseudonyms of ours.",
            "Ask whoever de-identified the files for the crosswalk.",
        )
    can_compute = order.deid in PROFILES
    seal = Seal(key)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADING)
    patients = unknown = 0
    for original, sealed in _patients(ledger):
        pseudonym = ""
        if sealed is not None:
            pseudonym = seal.open(sealed, PATIENT_ID)
        elif can_compute and _UNREAD not in original:
            pseudonym = make_pseudonym(key, original)
        writer.writerow((original, pseudonym))
        patients += 1
        unknown += not pseudonym
    return Crosswalk(text.getvalue().encode("utf-8", "surrogatepass"), patients, unknown)


def lock_crosswalk(table: bytes, passphrase: str) -> bytes:
    """The content of a locked crosswalk file.

    Raises:
        UsageError: the passphrase is too short.
    """
    document = {"form": FORM, "locked": boxes.lock(table, passphrase, FORM)}
    return json.dumps(document, indent=1).encode() + b"\n"


def open_crosswalk(content: bytes, passphrase: str) -> bytes:
    """The CSV in a locked crosswalk file.

    Raises:
        WrongPassphrase: the passphrase does not open it.
        UsageError: it is no crosswalk, or damaged.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("form") != FORM:
        raise _no_crosswalk()
    box = document.get("locked")
    if not isinstance(box, dict):
        raise _no_crosswalk()
    return boxes.unlock(box, passphrase, FORM)


def _patients(ledger: Ledger) -> Iterator[tuple[str, bytes | None]]:
    last = 0
    while page := ledger.rows(
        "SELECT id, original_id, pseudonym FROM patient WHERE id > ? ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        for _, original, sealed in page:
            yield original, sealed
        last = page[-1][0]


def _no_crosswalk() -> UsageError:
    return UsageError(
        "The file is no locked crosswalk of this program, or it is damaged.",
        "Name the file that key export --crosswalk wrote.",
    )
