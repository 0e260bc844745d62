"""The catalogue's entry of a transfer's dataset: what it says, and what still stands in its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from transfer.catalogue.fields import (
    BY_KEY,
    FIELDS,
    LEAST,
    NAMES_STAFF,
    said_texts,
)
from transfer.catalogue.figures import Facet, Figures, read_figures
from transfer.catalogue.small import (
    USUAL_LEAST,
    ToldFacet,
    small_groups,
    told,
)
from transfer.catalogue.standing import CatalogueState, read_catalogue
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.catalogue import catalogue_fields, keep_catalogue_fields
from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.publication import Bound, bound_dataset
from transfer.ledger.retention import refuse_purged
from transfer.ledger.telling import Piece, told_in
from transfer.publication.metadata import lacking
from transfer.publication.standing import read_publication
from transfer.publication.values import Stage, Texts
from transfer.sentences import count, listed

LARGEST_LEAST: Final = 1000
_MOST_NAMED: Final = 8
FACETS: Final = {
    Facet.MODALITY: "Modality",
    Facet.BODY_PART: "Body part",
    Facet.MANUFACTURER: "Manufacturer",
    Facet.SEX: "Sex",
    Facet.AGE: "Age in years",
    Facet.YEAR: "Year of acquisition",
    Facet.FORMAT: "Format",
}
"""As people know them."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the entry. What blocks has to be put right before a file is written or the
    entry counts as seen. `key` is a field's, or empty."""

    rule: str
    severity: Literal["block", "warn"]
    text: str
    remedy: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `proposed` are fields that this program filled in from step 10. `subjects` and
    `studies` are the node's own where a person accepted that they differ from what was verified."""

    transfer: str
    state: CatalogueState
    texts: Texts
    proposed: frozenset[str]
    figures: Figures
    subjects: int
    studies: int
    least: int
    is_usual_least: bool
    bound: Bound | None
    remarks: Sequence[Remark]

    @property
    def blocks(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.severity == "block"]

    @property
    def warnings(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.severity == "warn"]

    def text(self, key: str) -> str:
        """A field of one value; empty where nothing stands in it."""
        values = self.texts.get(key, ())
        return values[0] if values else ""

    def told(self, facet: Facet) -> ToldFacet:
        """What a file may tell of a facet."""
        return told(self.figures, facet, self.least)

    def checked(self) -> Entry:
        """Itself, where nothing stands in its way.

        Raises:
            StepBlocked: something does; all of it is named.
        """
        blocks = self.blocks
        if not blocks:
            return self
        shown = [block.text for block in blocks[:_MOST_NAMED]]
        if more := len(blocks) - len(shown):
            shown.append(f"And {more} more.")
        raise StepBlocked(
            f"The catalogue's entry is not ready: {' '.join(shown)}",
            next(b.remedy for b in blocks if b.remedy),
        )


def read_entry(ledger: Ledger, *, searches: bool = True) -> Entry:
    """The entry as it stands. `searches` its texts for patient data too. Blocking: it counts what
    was verified, which takes some seconds for millions of instances.

    Raises:
        StepBlocked: the originals are removed, and with them what was counted by.
    """
    refuse_purged(ledger)
    texts, proposed = said_texts(ledger)
    figures, bound = read_figures(ledger), bound_dataset(ledger)
    kept = catalogue_fields(ledger).get(LEAST, "")
    least = int(kept) if kept.isdecimal() else USUAL_LEAST
    state = read_catalogue(ledger)
    is_accepted = _is_accepted(ledger, bound)
    subjects, studies = figures.subjects, figures.studies
    if bound is not None and is_accepted:
        subjects = subjects if bound.dataset.subjects is None else bound.dataset.subjects
        studies = studies if bound.dataset.studies is None else bound.dataset.studies
    remarks = [
        *_of_identifier(state),
        *_of_counts(ledger, figures, bound, is_accepted=is_accepted),
        *_of_fields(texts),
        *(_of_patients(ledger, texts, figures) if searches else ()),
        *_of_small(figures, least, is_usual=not kept),
    ]
    return Entry(
        transfer=read_order(ledger).name,
        state=state,
        texts=texts,
        proposed=proposed,
        figures=figures,
        subjects=subjects,
        studies=studies,
        least=least,
        is_usual_least=not kept,
        bound=bound,
        remarks=remarks,
    )


def set_least(ledger: Ledger, least: int) -> None:
    """Keep the data holder's limit: groups of fewer subjects are not told (CAT-03).

    Raises:
        UsageError: it is none.
    """
    if not 1 <= least <= LARGEST_LEAST:
        raise UsageError(
            f"The limit for small counts is a number from 1 (all is told) to {LARGEST_LEAST}.",
            f"Usual is {USUAL_LEAST}; it is the data holder's to set: --least N",
        )
    keep_catalogue_fields(ledger, {LEAST: str(least)})


def _is_accepted(ledger: Ledger, bound: Bound | None) -> bool:
    """A person accepted that the node counts otherwise, for the very counts that it told last."""
    known = read_publication(ledger)
    if bound is None or known.accepted is None or known.difference is None:
        return False
    said = (known.difference.held_studies, known.difference.held_subjects)
    return said == (bound.dataset.studies, bound.dataset.subjects)


def _of_identifier(state: CatalogueState) -> Iterator[Remark]:
    if not state.identifier:
        yield Remark(
            "CAT-01",
            "block",
            "CAT-01: it is not known under which id the federated search knows the dataset.",
            "First there has to be a dataset: eucaim-transfer dataset NAME. Where the node gives it"
            " no id of its own ask its administrators, then: catalogue NAME --identifier ID",
        )
    if state.other:
        yield Remark(
            "CAT-01",
            "warn",
            f"CAT-01: earlier files, or the entry itself, say {state.other}, the dataset is"
            f" {state.identifier}. An entry keeps its identifier; this dataset gets another.",
            "Tell the group catalogue what becomes of the earlier one.",
        )


def _of_counts(
    ledger: Ledger, figures: Figures, bound: Bound | None, *, is_accepted: bool
) -> Iterator[Remark]:
    if not figures.images:
        yield Remark(
            "CAT-02",
            "block",
            "CAT-02: nothing of this transfer was verified on the node yet.",
            "eucaim-transfer upload NAME",
        )
        return
    counts = take_census(ledger).instances
    if left := counts.ready - counts.verified:
        yield Remark(
            "CAT-02",
            "warn",
            f"{count(left, 'instance')} of this transfer not verified on the node yet; the entry"
            " is best made when the number of cases is final.",
            "eucaim-transfer status NAME",
        )
    if figures.handed_over:
        yield Remark(
            "CAT-02",
            "warn",
            f"{count(figures.handed_over, 'NIfTI volume')} handed over to a person; whether the"
            " node holds them is not known here, and they are not counted.",
        )
    if bound is None:
        return
    yield from _of_the_node(figures, bound, is_accepted=is_accepted)
    if bound.stage not in (Stage.RELEASED, Stage.PUBLISHED):
        yield Remark(
            "CAT-02",
            "warn",
            f"The dataset is not published (the node: {bound.stage.value}); what it holds may still"
            " change.",
            "eucaim-transfer dataset NAME",
        )


_ACCEPTED: Final = (
    " A person accepted it; the entry says what the node counts, and its images, size and values"
    " are those of all that was verified."
)


def _of_the_node(figures: Figures, bound: Bound, *, is_accepted: bool) -> Iterator[Remark]:
    for held, ours, one, many in (
        (bound.dataset.subjects, figures.subjects, "subject", "subjects"),
        (bound.dataset.studies, figures.studies, "study", "studies"),
    ):
        if held is None or held == ours:
            continue
        yield Remark(
            "CAT-02",
            "warn" if is_accepted else "block",
            f"CAT-02: the node counts {count(held, one, many)} in the dataset,"
            f" {count(ours, one, many)} of this transfer {'was' if ours == 1 else 'were'} verified"
            " there." + (_ACCEPTED if is_accepted else ""),
            "" if is_accepted else "eucaim-transfer dataset NAME tells what differs.",
        )


def _of_fields(texts: Texts) -> Iterator[Remark]:
    for fault in lacking(FIELDS, texts):
        remedy = f'eucaim-transfer catalogue NAME --set {fault.key}="…"'
        yield Remark("field", fault.severity, fault.text, remedy, fault.key)


def _of_patients(ledger: Ledger, texts: Texts, figures: Figures) -> Iterator[Remark]:
    """The same look as that for tickets (HLP-04): the entry is public."""
    pieces = {
        BY_KEY[key].title: Piece(BY_KEY[key].title, " \n".join(values), key in NAMES_STAFF)
        for key, values in texts.items()
    }
    keys = {BY_KEY[key].title: key for key in texts}
    for facet in (Facet.MODALITY, Facet.BODY_PART, Facet.MANUFACTURER):
        words = " \n".join(group.value for group in figures.of(facet))
        pieces[FACETS[facet]] = Piece(FACETS[facet], words, names_staff=True)
    for one in told_in(ledger, pieces.values()):
        article = "an" if one.kind[0] in "aeio" else "a"
        is_ours = one.where in FACETS.values()
        yield Remark(
            "HLP-04",
            "block",
            f"{one.where} holds {article} {one.kind} of this transfer.",
            "It went out with the images: eucaim-transfer recall NAME PATIENT"
            if is_ours
            else "Write it without: the entry is public, and stays so.",
            keys.get(one.where, ""),
        )


def _of_small(figures: Figures, least: int, *, is_usual: bool) -> Iterator[Remark]:
    if figures.images and figures.subjects < least:
        yield Remark(
            "CAT-03",
            "warn",
            f"CAT-03: the whole dataset has {count(figures.subjects, 'subject')}, fewer than the"
            f" limit of {least}: of its values nothing is told. May its entry be public at all?",
            "Ask whoever is responsible for data protection.",
        )
    small = small_groups(figures, least)
    if n := sum(len(groups) for groups in small.values()):
        told_facets = listed([FACETS[facet].lower() for facet in small], 7)
        yield Remark(
            "CAT-03",
            "warn",
            f"CAT-03: {count(n, 'value')} with fewer than {count(least, 'subject')} not told in the"
            f" files ({told_facets}), nor others that would give them away.",
        )
    if is_usual and figures.images:
        yield Remark(
            "CAT-03",
            "warn",
            f"The limit for small counts, {USUAL_LEAST}, is this program's; it is the data holder's"
            " to set.",
            "eucaim-transfer catalogue NAME --least N",
        )
