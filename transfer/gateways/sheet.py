"""What one gateway says of itself, for the others to compare: no original identifier, and no key.

A patient stands in it as a keyed hash of the Patient ID, so that two sheets of one key can be held
against each other and nobody without that key can try names out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transfer.deid.methods import MethodSpec, build_method, label_of
from transfer.deid.recipe import trimmed
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.private import create_private, read_private

FORM: Final = "eucaim-transfer gateway 1"
_LARGEST_BYTES: Final = 256 << 20
_MARK: Final = re.compile(r"[0-9a-f]{32}")
# Of whom at least one image, or volume, goes.
_GOES: Final = """
    EXISTS (SELECT 1 FROM study s JOIN series e ON e.study_id = s.id JOIN tally t
            ON t.series_id = e.id WHERE s.patient_id = p.id AND t.state <> 'excluded' AND t.n > 0)
    OR EXISTS (SELECT 1 FROM volume v WHERE v.patient_id = p.id AND v.is_chosen = 1)
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One gateway. `agreement` has to be the same on all of them, `order` is that of what people
    are told. `part` is the rule by which it chooses, empty where lists or nothing do. Patients by
    their marks, with the row here, or 0 in the sheet of another host."""

    transfer: str
    agreement: Mapping[str, str]
    part: str
    counts: bool
    goes: Mapping[str, int]
    stays: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """What is written for the others; row keys of this host say nothing to them."""
        return {
            "form": FORM,
            "transfer": self.transfer,
            "agreement": dict(self.agreement),
            "part": self.part,
            "counts_in_order": self.counts,
            "goes": sorted(self.goes),
            "stays": sorted(self.stays),
        }


def make_sheet(ledger: Ledger, key: str, mark_of_key: str, spec: MethodSpec | None) -> Sheet:
    """The sheet of this host. `key` is the cohort's, `mark_of_key` its fingerprint; without
    a `spec` files go as they are.

    Raises:
        UsageError: the method cannot be built.
    """
    order = read_order(ledger)
    parts = ledger.row(
        "SELECT group_concat(action || ' ' || value, ', ') FROM selection_rule"
        " WHERE subject = 'part'"
    )
    goes: dict[str, int] = {}
    stays: dict[str, int] = {}
    for row, original, is_going in ledger.rows(
        f"SELECT p.id, p.original_id, ({_GOES}) FROM patient p WHERE p.original_id <> ''"  # noqa: S608 - literals of ours
    ):
        (goes if is_going else stays)[_mark(key, original)] = row
    return Sheet(
        order.name,
        {
            "node": order.node,
            "destination": order.destination,
            "SITE ID": _digest((order.site_id or "").encode()),
            "method": _method(spec),
            "parameters of the method": _parameters(spec),
            "key": mark_of_key,
        },
        (parts[0] if parts else "") or "",
        bool(ledger.number("SELECT 1 FROM deid_number LIMIT 1")),
        goes,
        stays,
    )


def write_sheet(path: Path, sheet: Sheet) -> None:
    """Write it as a new file, for its owner alone.

    Raises:
        UsageError: the file exists, or cannot be written.
    """
    create_private(path, json.dumps(sheet.document(), indent=1).encode() + b"\n")


def read_sheet(path: Path) -> Sheet:
    """The sheet of another host.

    Raises:
        UsageError: it is none, or others can read it.
    """
    try:
        said = json.loads(read_private(path, "gateway's sheet", _LARGEST_BYTES))
        if said["form"] != FORM:
            raise ValueError("another form")
        goes, stays = (_marks(said[name]) for name in ("goes", "stays"))
        agreement = {_text(name): _text(value) for name, value in said["agreement"].items()}
        return Sheet(
            _text(said["transfer"]),
            agreement,
            _text(said["part"]),
            said["counts_in_order"] is True,
            goes,
            stays,
        )
    except FileNotFoundError:
        raise UsageError(
            "The sheet of the other gateway does not exist.", "Check the name of the file."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Without the cause: it would carry the file's text.
        raise UsageError(
            "That is no sheet of a gateway.",
            "Write one on the other host: eucaim-transfer gateways NAME --out FILE",
        ) from None


def _marks(values: list[object]) -> dict[str, int]:
    if not all(_MARK.fullmatch(_text(value)) for value in values):
        raise ValueError("no mark of a patient")
    return {_text(value): 0 for value in values}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _mark(key: str, patient_id: str) -> str:
    named = f"{FORM}\n{trimmed(patient_id)}".encode("utf-8", "surrogateescape")
    return hmac.new(key.encode(), named, hashlib.sha256).hexdigest()[:32]


def _method(spec: MethodSpec | None) -> str:
    if spec is None:
        return "none"
    label = label_of(spec, build_method(spec))
    return f"{label.name} {label.version}".rstrip() + f", {label.sha256}"


def _parameters(spec: MethodSpec | None) -> str:
    """Sealed by the key, since a parameter may be a secret that is easily guessed."""
    if spec is None:
        return ""
    params = json.dumps(sorted(spec.params)).encode()
    return hmac.new(spec.key.encode(), params, hashlib.sha256).hexdigest()[:32]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if content else ""
