"""What goes of the clinical data, item by item, and what the node said of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger

Kind = Literal["subject", "file"]
State = Literal["ready", "sent", "verified", "differs", "failed"]

_COLUMNS: Final = (
    "id, kind, patient_id, name, sha256, size_bytes, state, reason, first_row, attempts,"
    " there_sha256"
)
_OVERWRITE: Final = "clinical-overwrite"
_WAY: Final = "clinical-way"
_BASIS: Final = "clinical-basis"
_STAYS: Final = "clinical-stays"


@dataclass(frozen=True, slots=True)
class Item:
    """One item. A subject is known by its patient's row, a file by its name as it leaves; digests
    are SHA-256 in hex. `there_sha256` is of what the node took last, empty where it took nothing.
    `first_row` is the first row of the table that is about this subject, 0 for a file."""

    row: int
    kind: Kind
    patient: int | None
    name: str
    sha256: str
    size_bytes: int
    state: State
    reason: str
    first_row: int
    attempts: int
    there_sha256: str

    @property
    def key(self) -> str:
        """Its row key: of the patient, or the name of the file, which is ours."""
        return f"P{self.patient}" if self.kind == "subject" else self.name

    @property
    def row_key(self) -> str:
        """The key of the first row that is about it; empty for a file."""
        return f"R{self.first_row}" if self.first_row else ""


@dataclass(frozen=True, slots=True)
class Made:
    """An item as it was just made. `refusal` says why it cannot be put into the node's form; then
    there is no content."""

    kind: Kind
    patient: int | None
    name: str
    sha256: str
    size_bytes: int
    first_row: int = 0
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Cumulative: what is verified also counts as sent, and all of it as ready."""

    ready: int = 0
    sent: int = 0
    verified: int = 0
    failed: int = 0
    differs: int = 0


NO_ITEMS: Final = ItemCounts()


def begin_making(ledger: Ledger) -> None:
    """All items are about to be made anew; what was known of them stands until that has ended."""
    with ledger.transaction():
        ledger.write("UPDATE clinical_item SET is_seen = 0")


def record_made(ledger: Ledger, page: Iterable[Made]) -> None:
    """Record items as they leave now. What the node holds by the same digest is done; what failed,
    or lies there otherwise, is to be tried again."""
    with ledger.transaction(durable=False):
        now = utc_now()
        for made in page:
            found = ledger.row(
                f"SELECT {_COLUMNS} FROM clinical_item WHERE kind = ? AND patient_id IS ?"  # noqa: S608 - a literal of ours
                " AND name = ?",
                made.kind,
                made.patient,
                made.name,
            )
            state, reason = _state_of(made, Item(*found) if found else None)
            if found is None:
                ledger.write(
                    "INSERT INTO clinical_item (kind, patient_id, name, sha256, size_bytes, state,"
                    " reason, first_row, is_going, changed_at_utc)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                    made.kind,
                    made.patient,
                    made.name,
                    made.sha256,
                    made.size_bytes,
                    state,
                    reason,
                    made.first_row,
                    now,
                )
            else:
                ledger.write(
                    "UPDATE clinical_item SET sha256 = ?, size_bytes = ?, state = ?, reason = ?,"
                    " first_row = ?, is_seen = 1, changed_at_utc = ? WHERE id = ?",
                    made.sha256,
                    made.size_bytes,
                    state,
                    reason,
                    made.first_row,
                    now,
                    found[0],
                )


def _state_of(made: Made, known: Item | None) -> tuple[State, str]:
    if made.refusal:
        return "failed", made.refusal
    if known is not None and known.there_sha256 == made.sha256:
        return ("verified" if known.state == "verified" else "sent"), ""
    return "ready", ""


def finish_making(ledger: Ledger) -> None:
    """All items are made. What was made no more does not go: forgotten where the node has nothing
    of it, else kept, to be told."""
    with ledger.transaction():
        ledger.write("DELETE FROM clinical_item WHERE is_seen = 0 AND there_sha256 = ''")
        ledger.write("UPDATE clinical_item SET is_going = is_seen WHERE is_going IS NOT is_seen")


def count_items(ledger: Ledger, kind: Kind) -> ItemCounts:
    """Count those that go, by what became of them."""
    n = dict(
        ledger.rows(
            "SELECT state, count(*) FROM clinical_item WHERE kind = ? AND is_going = 1"
            " GROUP BY state",
            kind,
        )
    )
    return ItemCounts(
        ready=sum(n.values()),
        sent=n.get("sent", 0) + n.get("verified", 0),
        verified=n.get("verified", 0),
        failed=n.get("failed", 0),
        differs=n.get("differs", 0),
    )


def count_gone(ledger: Ledger) -> int:
    """How many items lie on the node that do not go any more."""
    return ledger.number("SELECT count(*) FROM clinical_item WHERE is_going = 0 AND is_seen = 0")


def count_there(ledger: Ledger) -> int:
    """How many items the node has taken, whether they still go or not."""
    return ledger.number("SELECT count(*) FROM clinical_item WHERE there_sha256 <> ''")


def count_changed(ledger: Ledger, kind: Kind) -> int:
    """How many items of a kind lie on the node with the data of an earlier run."""
    return ledger.number(
        "SELECT count(*) FROM clinical_item WHERE +kind = ? AND is_going = 1 AND there_sha256 <> ''"
        " AND there_sha256 <> sha256 AND state <> 'failed'",
        kind,
    )


def item_of(ledger: Ledger, kind: Kind, patient: int | None, name: str = "") -> Item | None:
    """One item as it stands."""
    found = ledger.row(
        f"SELECT {_COLUMNS} FROM clinical_item WHERE kind = ? AND patient_id IS ? AND name = ?",  # noqa: S608 - a literal of ours
        kind,
        patient,
        name,
    )
    return Item(*found) if found else None


def subjects_of(ledger: Ledger, patients: Sequence[int]) -> dict[int, Item]:
    """The items of these patients, by patient row."""
    found = (item_of(ledger, "subject", patient) for patient in patients)
    return {item.patient: item for item in found if item is not None and item.patient is not None}


def items_in_trouble(
    ledger: Ledger, limit: int, offset: int = 0, *, state: State | None = None
) -> list[Item]:
    """A page of the items that the node did not take, or of those of one state among them; files
    first, subjects by their rows."""
    return [
        Item(*row)
        for row in ledger.rows(
            f"SELECT {_COLUMNS} FROM clinical_item WHERE is_going = 1"  # noqa: S608 - a literal of ours
            " AND state IN ('failed', 'differs') AND state = ifnull(?, state)"
            " ORDER BY kind, first_row, id LIMIT ? OFFSET ?",
            state,
            limit,
            offset,
        )
    ]


def file_items(ledger: Ledger) -> list[Item]:
    """All files that go, in the order in which their tables were read."""
    return [
        Item(*row)
        for row in ledger.rows(
            f"SELECT {_COLUMNS} FROM clinical_item WHERE kind = 'file' AND is_going = 1"  # noqa: S608 - a literal of ours
            " ORDER BY id"
        )
    ]


def record_attempt(ledger: Ledger, row: int) -> None:
    """The item is about to go."""
    with ledger.transaction(durable=False):
        ledger.write("UPDATE clinical_item SET attempts = attempts + 1 WHERE id = ?", row)


def record_sent(ledger: Ledger, row: int) -> None:
    """The node acknowledged the item. Durable."""
    _record(ledger, row, "sent", "", is_there=True)


def record_verified(ledger: Ledger, row: int) -> None:
    """The item was read back from the node and is the same. Durable."""
    _record(ledger, row, "verified", "", is_there=True)


def record_differs(ledger: Ledger, row: int, reason: str) -> None:
    """Other data lie there; nothing was written over. Durable."""
    _record(ledger, row, "differs", reason)


def record_failed(ledger: Ledger, row: int, reason: str) -> None:
    """The item is not on the node, and why. Durable."""
    _record(ledger, row, "failed", reason)


def _record(ledger: Ledger, row: int, state: State, reason: str, *, is_there: bool = False) -> None:
    with ledger.transaction():
        ledger.write(
            "UPDATE clinical_item SET state = ?, reason = ?, changed_at_utc = ?,"
            " there_sha256 = iif(?, sha256, there_sha256) WHERE id = ?",
            state,
            reason,
            utc_now(),
            is_there,
            row,
        )


def let_overwrite(ledger: Ledger) -> None:
    """Keep a person's word that the next run may write over other data on the node."""
    with ledger.transaction():
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, '1')", _OVERWRITE)
        ledger.record_event("clinical", "Other clinical data on the node may be written over.")


def may_overwrite(ledger: Ledger) -> bool:
    """Whether a person said so, and no run has come to its end since."""
    return _setting(ledger, _OVERWRITE) == "1"


def forget_overwrite(ledger: Ledger) -> None:
    """The word was for one run."""
    with ledger.transaction():
        ledger.write("DELETE FROM setting WHERE name = ?", _OVERWRITE)


def keep_way(ledger: Ledger, mode: str, by_hand: str = "") -> None:
    """Keep how the node takes clinical data, for who looks later: `mode` is `subject`, `file`,
    `both` or `by-hand`, `by_hand` where a person uploads them."""
    with ledger.transaction():
        ledger.write(
            "INSERT OR REPLACE INTO setting VALUES (?, ?)", _WAY, json.dumps([mode, by_hand])
        )


def kept_way(ledger: Ledger) -> tuple[str, str]:
    """What the last run kept of it; empty texts before the first."""
    found = json.loads(_setting(ledger, _WAY) or '["", ""]')
    return str(found[0]), str(found[1])


def keep_stays(ledger: Ledger, stays: Mapping[str, int]) -> None:
    """Keep what does not leave, counted by reason, as the tables were looked at last."""
    with ledger.transaction():
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _STAYS, json.dumps(stays))


def kept_stays(ledger: Ledger) -> dict[str, int]:
    """What was kept of it; nothing before the first look."""
    found: dict[str, int] = json.loads(_setting(ledger, _STAYS) or "{}")
    return found


def clinical_basis(ledger: Ledger) -> str:
    """A digest over all that decides what leaves, the images aside: other tables, or other words
    on them, give another one."""
    digest = hashlib.sha256()
    for query in (
        "SELECT path, sheet, sha256 FROM clinical_file ORDER BY id",
        "SELECT heading, role, date_order, unit, is_left_out FROM mapped_column ORDER BY heading",
        "SELECT role, value, term FROM mapped_term ORDER BY role, value",
        "SELECT patient FROM clinical_kept_back ORDER BY patient",
        "SELECT patient, patient_id, is_same FROM clinical_link ORDER BY patient, patient_id",
    ):
        for row in ledger.rows(query):
            digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass") + b"\n")
        digest.update(b"\0")
    return digest.hexdigest()


def keep_basis(ledger: Ledger) -> None:
    """What goes now is what the step was settled by."""
    with ledger.transaction():
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _BASIS, clinical_basis(ledger))


def has_changed_since(ledger: Ledger) -> bool:
    """Whether tables, or words on them, are others than those by which the step was settled."""
    kept = _setting(ledger, _BASIS)
    return bool(kept) and kept != clinical_basis(ledger)


def _setting(ledger: Ledger, name: str) -> str:
    found = ledger.row("SELECT value FROM setting WHERE name = ?", name)
    return str(found[0]) if found else ""
