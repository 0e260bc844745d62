"""What the node holds of a dataset against what was verified there, by number and by name.

Series that are absent are dropped without a word when a dataset is made, so that only counting
tells (upv-node.md 2.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.publication import Compared, Creation, kept_texts
from transfer.publication.naming import known_subjects, shown_patient
from transfer.publication.values import Cohort, Dataset
from transfer.sentences import count

if TYPE_CHECKING:
    from transfer.publication.node import Publisher

MOST_NAMED: Final = 50
_MOST_FOREIGN: Final = 50_000
# Of whom and which something was verified; one may stand there twice.
_HELD: Final = """
    SELECT s.patient_id AS patient, s.id AS study, e.id AS series
    FROM tally t JOIN series e ON e.id = t.series_id JOIN study s ON s.id = e.study_id
    WHERE t.state = 'verified' AND t.n > 0
    UNION ALL SELECT patient_id, study_id, series_id FROM volume WHERE state = 'verified'
"""


def read_cohort(ledger: Ledger) -> Cohort:
    """What was verified on the node, each counted once under the name that the node knows."""
    order = read_order(ledger)
    patients = ledger.number(
        "SELECT count(DISTINCT ifnull(pseudonym, original_id)) FROM patient WHERE id IN"  # noqa: S608 - our own words
        f" (SELECT patient FROM ({_HELD}))"
    )
    studies = ledger.number(
        "SELECT count(DISTINCT ifnull(out_study_uid, study_uid)) FROM study WHERE id IN"  # noqa: S608 - our own words
        f" (SELECT study FROM ({_HELD}))"
    )
    series = ledger.number(f"SELECT count(DISTINCT series) FROM ({_HELD})")  # noqa: S608 - our own words
    name = "".join(kept_texts(ledger).get("name", ()))
    return Cohort(
        order.name, order.destination, patients, studies, series, _first_sent(ledger), name
    )


def _first_sent(ledger: Ledger) -> str:
    found = ledger.row(
        "SELECT min(at) FROM (SELECT min(ended_at_utc) AS at FROM attempt"
        " UNION ALL SELECT min(sent_at_utc) FROM volume)"
    )
    return str(found[0]) if found and found[0] else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a comparison found. A count that the node does not tell is None. `asked_studies` and
    `asked_subjects` are those of the index that it was made from, None where it was made from none.

    `missing` names subjects that were verified and are not in the dataset: by pseudonym, or by row
    key where the files went as they are; there are `missing_count` of them. `foreign_count` are
    subjects in it that are none of this transfer's; both are None where nothing was compared by
    name. `is_fault`: nothing is published before a person has accepted it.
    """

    studies: int
    subjects: int
    held_studies: int | None
    held_subjects: int | None
    asked_studies: int | None = None
    asked_subjects: int | None = None
    missing: Sequence[str] = ()
    missing_count: int | None = None
    foreign_count: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Difference:
        """Out of its own document, as the ledger keeps it."""
        known = {field.name: document[field.name] for field in fields(cls)}
        return cls(**known | {"missing": tuple(document["missing"])})

    @property
    def is_less(self) -> bool:
        """The node counts fewer than were verified, or than were asked for."""
        wanted = (
            (self.held_studies, self.studies),
            (self.held_subjects, self.subjects),
            (self.held_studies, self.asked_studies),
            (self.held_subjects, self.asked_subjects),
        )
        return any(h is not None and w is not None and h < w for h, w in wanted)

    @property
    def is_more(self) -> bool:
        pairs = ((self.held_studies, self.studies), (self.held_subjects, self.subjects))
        return any(h is not None and h > w for h, w in pairs) or bool(self.foreign_count)

    @property
    def is_fault(self) -> bool:
        # What is not this transfer's is not covered by its legal record either.
        return self.is_less or bool(self.missing_count) or bool(self.foreign_count)

    @property
    def figures(self) -> str:
        """What a person's word is for: these figures, and no others."""
        said = {key: value for key, value in asdict(self).items() if key != "missing"}
        return json.dumps(said, sort_keys=True)

    @property
    def sentence(self) -> str:
        """The comparison in words; says of agreement too."""
        told = [
            f"The dataset holds {_counted(self.held_studies, 'study', 'studies')} of"
            f" {_counted(self.held_subjects, 'subject')};"
            f" {_counted(self.studies, 'study', 'studies')} of"
            f" {_counted(self.subjects, 'subject')}"
            f" {'was' if self.studies == 1 else 'were'} verified."
        ]
        if self.asked_studies is not None:
            told.append(
                f"The index asked for {count(self.asked_studies, 'study', 'studies')} of"
                f" {count(self.asked_subjects or 0, 'subject')}."
            )
        if self.missing_count:
            told.append(f"{count(self.missing_count, 'subject')} of this transfer not in it.")
        if self.foreign_count:
            told.append(f"{count(self.foreign_count, 'subject')} in it not of this transfer.")
        return " ".join(told)

    def document(self) -> dict[str, Any]:
        """For `--json`, reports and the ledger."""
        return asdict(self) | {
            "missing": list(self.missing),
            "is_fault": self.is_fault,
            "figures": self.figures,
        }


def _counted(n: int | None, one: str, many: str | None = None) -> str:
    return f"an unknown number of {many or one + 's'}" if n is None else count(n, one, many)


def difference_of(dataset: Dataset, cohort: Cohort, creation: Creation | None) -> Difference:
    """The comparison by number; asks nobody."""
    return Difference(
        cohort.studies,
        cohort.patients,
        dataset.studies,
        dataset.subjects,
        asked_studies=creation.studies if creation else None,
        asked_subjects=creation.subjects if creation else None,
    )


def compared_again(found: Difference, known: Compared | None, dataset_id: str) -> Difference:
    """With what an earlier comparison said by name, where the figures are still the same."""
    if known is None or known.dataset_id != dataset_id:
        return found
    before = Difference.of(known.content)
    same = replace(before, missing=(), missing_count=None, foreign_count=None)
    return before if same == found else found


async def named(
    ledger: Ledger, publisher: Publisher, dataset_id: str, found: Difference
) -> Difference:
    """The comparison by name as well: every Study of the dataset is listed, one at a time. As it
    was where the node lists none, or the names cannot be opened here.

    Raises:
        NodeError: the node did not list them.
    """
    known = known_subjects(ledger, publisher.subject_of)
    if known is None:
        return found
    seen, foreign, listed = set[str](), set[str](), 0
    async for study in publisher.studies(dataset_id):
        listed += 1
        if study.subject in known:
            seen.add(study.subject)
        elif len(foreign) < _MOST_FOREIGN:
            foreign.add(study.subject)
    if not listed:
        return found
    rows = sorted(row for name, row in known.verified.items() if name not in seen)
    missing = tuple(shown_patient(ledger, row) for row in rows[:MOST_NAMED])
    return replace(found, missing=missing, missing_count=len(rows), foreign_count=len(foreign))
