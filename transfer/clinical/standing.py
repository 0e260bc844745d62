"""How far the clinical data of a transfer are: the one value for status, journey and screens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from transfer.ledger.clinical_items import (
    NO_ITEMS,
    ItemCounts,
    count_changed,
    count_gone,
    count_items,
    has_changed_since,
    kept_stays,
    kept_way,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import settled_word
from transfer.ledger.order import Order, Word

IMAGE_ONLY_RULE: Final = "LNK-03"
IMAGE_ONLY: Final = "image-only"
BY_HAND: Final = "by-hand"


@dataclass(frozen=True, slots=True)
class ClinicalState:
    """One look at it. `rows` are those of all tables that were read. `mode` is how the node takes
    them (`subject`, `file`, `both`, `by-hand`), empty before a run has asked; `by_hand` where a
    person uploads them then.

    `changed_subjects` and `changed_files` lie on the node with the data of an earlier run, and
    `gone` counts items that lie there and do not go any more. `is_changed`: tables, or words on
    them, are others than those by which the step was settled. `image_only` is the word that there
    is no table. `stays` counts what does not leave, by reason: rows (`unlinked`, `kept-back`,
    `not-going`, `width`), `columns`, and `cells` of columns that leave.
    """

    has_table: bool = False
    rows: int = 0
    subjects: ItemCounts = NO_ITEMS
    files: ItemCounts = NO_ITEMS
    changed_subjects: int = 0
    changed_files: int = 0
    gone: int = 0
    mode: str = ""
    by_hand: str = ""
    is_changed: bool = False
    image_only: Word | None = None
    stays: Mapping[str, int] = field(default_factory=dict)

    @property
    def counted(self) -> tuple[ItemCounts, str]:
        """What figures are told of: subjects where the node takes such, else files."""
        is_of_files = not self.subjects.ready and bool(self.files.ready)
        return (self.files, "file") if is_of_files else (self.subjects, "subject")

    @property
    def changed(self) -> int:
        return self.changed_subjects + self.changed_files

    @property
    def failed(self) -> int:
        return self.subjects.failed + self.files.failed

    @property
    def differs(self) -> int:
        return self.subjects.differs + self.files.differs

    def document(self) -> dict[str, Any]:
        """The part of `status --json` but for the step's state."""
        word = self.image_only
        return {
            "table": self.has_table,
            "rows": self.rows,
            "subjects": asdict(self.subjects),
            "files": asdict(self.files),
            "changed": self.changed,
            "gone": self.gone,
            "mode": self.mode,
            "stays": dict(self.stays),
            "image_only": {"person": word.person, "reason": word.reason} if word else None,
        }


NOTHING_CLINICAL: Final = ClinicalState()


def image_only_word(ledger: Ledger, order: Order) -> Word | None:
    """The word that the dataset is of images alone; None where a table is named, or nobody said
    so."""
    if order.clinical is not None:
        return None
    word = settled_word(ledger, IMAGE_ONLY_RULE, "all")
    return word if word is not None and word.value == IMAGE_ONLY else None


def read_clinical_state(ledger: Ledger, order: Order) -> ClinicalState:
    """Look at it. Cheap at any size of table."""
    mode, by_hand = kept_way(ledger)
    return ClinicalState(
        has_table=order.clinical is not None,
        rows=ledger.number("SELECT ifnull(sum(data_rows), 0) FROM clinical_file"),
        subjects=count_items(ledger, "subject"),
        files=count_items(ledger, "file"),
        changed_subjects=count_changed(ledger, "subject"),
        changed_files=count_changed(ledger, "file"),
        gone=count_gone(ledger),
        mode=mode,
        by_hand=by_hand,
        is_changed=has_changed_since(ledger),
        image_only=image_only_word(ledger, order),
        stays=kept_stays(ledger) if order.clinical is not None else {},
    )
