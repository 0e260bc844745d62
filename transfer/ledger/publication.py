"""Step 10 in the ledger: the dataset, the attempts to create one, what was done and said.

What is asked of a node stands here before the request goes; all of it is durable.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from transfer.ledger.connection import Ledger
from transfer.publication.values import Act, Dataset, Stage, Texts

Origin = Literal["picked-up", "created", "destination"]
CreationState = Literal["asked", "created", "refused", "given-up"]

_PAGE: Final = 500
_BOUND: Final = (
    "dataset_id, origin, name, version, stage, said, visibility, studies, subjects, size_bytes,"
    " pids, reason, link, previous_id, may, created_at_utc, stage_since_utc, seen_at_utc"
)
_CREATION: Final = (
    "id, name, index_sha256, studies, subjects, known_before, state, dataset_id, message, person,"
    " asked_at_utc, answered_at_utc"
)


@dataclass(frozen=True, slots=True)
class Bound:
    """The dataset of this transfer as the node told of it last; its texts are the node's, and
    untrusted. Metadata are not kept here."""

    dataset: Dataset
    origin: Origin
    stage_since_utc: str
    seen_at_utc: str

    @property
    def id(self) -> str:
        return self.dataset.id

    @property
    def stage(self) -> Stage:
        return self.dataset.stage


@dataclass(frozen=True, slots=True)
class Creation:
    """One attempt to create a dataset from an index. `asked`: its fate is unknown. `studies` and
    `subjects` are those of the index; `known_before` the datasets that were there before."""

    row: int
    name: str
    index_sha256: str
    studies: int
    subjects: int
    known_before: frozenset[str]
    state: CreationState
    dataset_id: str
    message: str
    person: str
    asked_at_utc: str
    answered_at_utc: str

    @property
    def is_open(self) -> bool:
        return self.state == "asked"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that was done at step 10, or was about to be. `legal_sha256` is the legal record
    that it was cleared by, where it needed one."""

    what: str
    dataset_id: str = ""
    detail: str = ""
    person: str = ""
    legal_sha256: str = ""
    at_utc: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last thing that was tried did not come to its end, as it was told."""

    doing: str
    exit_code: int
    what: str
    remedy: str
    since_utc: str = ""
    at_utc: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person's word on a difference, for the figures that were compared then."""

    dataset_id: str
    figures: str
    person: str
    reason: str
    at_utc: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison of a dataset as it was made last, in its own form."""

    dataset_id: str
    content: Mapping[str, Any] = field(default_factory=dict)
    at_utc: str = ""


def bound_dataset(ledger: Ledger) -> Bound | None:
    """The dataset of this transfer; None before there is one."""
    row = ledger.row(f"SELECT {_BOUND} FROM publication")  # noqa: S608 - our own words
    if row is None:
        return None
    (id_, origin, name, version, stage, said, visibility, studies, subjects, size_bytes,
     pids, reason, link, previous_id, may, created, since, seen) = row  # fmt: skip
    dataset = Dataset(
        id_,
        name,
        Stage(stage),
        version=version,
        created_at_utc=created,
        said=said,
        studies=studies,
        subjects=subjects,
        size_bytes=size_bytes,
        may=frozenset(Act(act) for act in json.loads(may)),
        visibility=visibility,
        pids=json.loads(pids),
        reason=reason,
        link=link,
        previous_id=previous_id,
    )
    return Bound(dataset, origin, since, seen)


def keep_dataset(ledger: Ledger, dataset: Dataset, origin: Origin, now_utc: str) -> bool:
    """Keep what the node says of the dataset, inside a transaction. Whether that is another stage
    or visibility than before, or another dataset."""
    known = bound_dataset(ledger)
    is_same = known is not None and (
        known.id == dataset.id
        and known.stage is dataset.stage
        and known.dataset.visibility == dataset.visibility
    )
    since = known.stage_since_utc if known is not None and is_same else now_utc
    ledger.write(
        f"INSERT OR REPLACE INTO publication (only, {_BOUND})"  # noqa: S608 - our own words
        " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        dataset.id,
        origin,
        dataset.name,
        dataset.version,
        dataset.stage.value,
        dataset.said,
        dataset.visibility,
        dataset.studies,
        dataset.subjects,
        dataset.size_bytes,
        json.dumps(dict(dataset.pids)),
        dataset.reason,
        dataset.link,
        dataset.previous_id,
        json.dumps(sorted(dataset.may)),
        dataset.created_at_utc,
        since,
        now_utc,
    )
    return not is_same


def forget_dataset(ledger: Ledger) -> None:
    """The transfer has no dataset any more; inside a transaction. What happened stays."""
    ledger.write("DELETE FROM publication")
    ledger.write("DELETE FROM publication_comparison")


def newest_creation(ledger: Ledger) -> Creation | None:
    """The last attempt to create a dataset."""
    row = ledger.row(f"SELECT {_CREATION} FROM creation ORDER BY id DESC LIMIT 1")  # noqa: S608 - our own words
    return _creation(row) if row else None


def creation_of(ledger: Ledger, dataset_id: str) -> Creation | None:
    """The attempt by which this dataset came to be."""
    row = ledger.row(
        f"SELECT {_CREATION} FROM creation WHERE dataset_id = ? AND state = 'created'"  # noqa: S608 - our own words
        " ORDER BY id DESC LIMIT 1",
        dataset_id,
    )
    return _creation(row) if row else None


def _creation(row: tuple[Any, ...]) -> Creation:
    number, name, sha256, studies, subjects, known, *rest = row
    return Creation(number, name, sha256, studies, subjects, frozenset(json.loads(known)), *rest)


def add_creation(ledger: Ledger, attempt: Creation) -> int:
    """Write an attempt down before it is made, inside a transaction; its row."""
    return ledger.write(
        "INSERT INTO creation (name, index_sha256, studies, subjects, known_before, state,"
        " dataset_id, message, person, asked_at_utc, answered_at_utc)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        attempt.name,
        attempt.index_sha256,
        attempt.studies,
        attempt.subjects,
        json.dumps(sorted(attempt.known_before)),
        attempt.state,
        attempt.dataset_id,
        attempt.message,
        attempt.person,
        attempt.asked_at_utc,
        attempt.answered_at_utc,
    )


def end_creation(
    ledger: Ledger,
    row: int,
    state: CreationState,
    now_utc: str,
    *,
    dataset_id: str = "",
    message: str = "",
) -> None:
    """What became of an attempt, inside a transaction."""
    ledger.write(
        "UPDATE creation SET state = ?, dataset_id = ?, message = ?, answered_at_utc = ?"
        " WHERE id = ?",
        state,
        dataset_id,
        message,
        now_utc,
        row,
    )


def add_happened(ledger: Ledger, happened: Happened, now_utc: str) -> None:
    """Add to what happened, inside a transaction, and to the audit log: there without a word of
    persons or nodes."""
    ledger.write(
        "INSERT INTO publication_event (what, dataset_id, detail, person, legal_sha256, at_utc)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        happened.what,
        happened.dataset_id,
        happened.detail,
        happened.person,
        happened.legal_sha256,
        now_utc,
    )
    cleared = f" Legal record {happened.legal_sha256}." if happened.legal_sha256 else ""
    ledger.record_event("publish", f"Dataset: {happened.what}.{cleared}")


def everything_happened(ledger: Ledger) -> Iterator[Happened]:
    """All that happened at step 10, oldest first, page by page."""
    last = 0
    while page := ledger.rows(
        "SELECT id, what, dataset_id, detail, person, legal_sha256, at_utc FROM publication_event"
        " WHERE id > ? ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from (Happened(*row) for _, *row in page)
        last = page[-1][0]


def last_happened(ledger: Ledger, dataset_id: str) -> Happened | None:
    """What happened last with a dataset."""
    row = ledger.row(
        "SELECT what, dataset_id, detail, person, legal_sha256, at_utc FROM publication_event"
        " WHERE dataset_id = ? ORDER BY id DESC LIMIT 1",
        dataset_id,
    )
    return Happened(*row) if row else None


def add_accepted(ledger: Ledger, accepted: Accepted, now_utc: str) -> None:
    """Keep a person's word on a difference, inside a transaction."""
    ledger.write(
        "INSERT INTO accepted_difference (dataset_id, figures, person, reason, at_utc)"
        " VALUES (?, ?, ?, ?, ?)",
        accepted.dataset_id,
        accepted.figures,
        accepted.person,
        accepted.reason,
        now_utc,
    )


def accepted_for(ledger: Ledger, dataset_id: str, figures: str) -> Accepted | None:
    """The newest word for these very figures of this dataset."""
    row = ledger.row(
        "SELECT dataset_id, figures, person, reason, at_utc FROM accepted_difference"
        " WHERE dataset_id = ? AND figures = ? ORDER BY id DESC LIMIT 1",
        dataset_id,
        figures,
    )
    return Accepted(*row) if row else None


def all_accepted(ledger: Ledger) -> list[Accepted]:
    """Every word on a difference, oldest first; there are a few."""
    return [
        Accepted(*row)
        for row in ledger.rows(
            "SELECT dataset_id, figures, person, reason, at_utc FROM accepted_difference"
            " ORDER BY id LIMIT 1000"
        )
    ]


def keep_compared(ledger: Ledger, compared: Compared, now_utc: str) -> None:
    """Keep a comparison, inside a transaction."""
    ledger.write(
        "INSERT OR REPLACE INTO publication_comparison VALUES (1, ?, ?, ?)",
        compared.dataset_id,
        json.dumps(compared.content, ensure_ascii=False),
        now_utc,
    )


def last_compared(ledger: Ledger) -> Compared | None:
    """The comparison that was made last."""
    row = ledger.row("SELECT dataset_id, compared, at_utc FROM publication_comparison")
    return Compared(row[0], json.loads(row[1]), row[2]) if row else None


def keep_texts(ledger: Ledger, texts: Texts, person: str, now_utc: str) -> None:
    """Keep metadata as a person entered them, inside a transaction; other keys stay."""
    ledger.write_many(
        "INSERT OR REPLACE INTO publication_metadata VALUES (?, ?, '', ?, ?)",
        [
            (key, json.dumps(list(values), ensure_ascii=False), person, now_utc)
            for key, values in texts.items()
        ],
    )


def mark_taken(ledger: Ledger, keys: Collection[str], dataset_id: str) -> None:
    """The dataset has these metadata now, inside a transaction."""
    ledger.write_many(
        "UPDATE publication_metadata SET dataset_id = ? WHERE key = ?",
        [(dataset_id, key) for key in keys],
    )


def kept_texts(ledger: Ledger, not_in: str | None = None) -> dict[str, tuple[str, ...]]:
    """Metadata as they were entered last, by key: all of them, or those that the dataset `not_in`
    has not taken yet."""
    return {
        key: tuple(json.loads(texts))
        for key, texts in ledger.rows(
            "SELECT key, texts FROM publication_metadata WHERE ?1 IS NULL OR dataset_id <> ?1"
            " ORDER BY key",
            not_in,
        )
    }


def keep_trouble(ledger: Ledger, trouble: Trouble, now_utc: str) -> None:
    """Keep why something did not come to its end; since when is kept while it is the same."""
    with ledger.transaction():
        known = read_trouble(ledger)
        is_same = known is not None and (known.doing, known.what) == (trouble.doing, trouble.what)
        since = known.since_utc if known is not None and is_same else now_utc
        ledger.write(
            "INSERT OR REPLACE INTO publication_trouble VALUES (1, ?, ?, ?, ?, ?, ?)",
            trouble.doing,
            trouble.exit_code,
            trouble.what,
            trouble.remedy,
            since,
            now_utc,
        )


def forget_trouble(ledger: Ledger) -> None:
    """Something came to its end since."""
    if read_trouble(ledger) is not None:
        with ledger.transaction():
            ledger.write("DELETE FROM publication_trouble")


def read_trouble(ledger: Ledger) -> Trouble | None:
    """Why the last thing that was tried did not come to its end."""
    row = ledger.row(
        "SELECT doing, exit_code, what, remedy, since_utc, at_utc FROM publication_trouble"
    )
    return Trouble(*row) if row else None
