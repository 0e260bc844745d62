"""Step 10 on known nodes: ledgers, looks, and a source that keeps what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.tui.driving import FixedDayApp, KnownSource
from tests.tui.known import JOURNEY
from tests.tui.ledgers import fill, make_ledger
from transfer.errors import TransferError
from transfer.journey.steps import Journey
from transfer.ledger.publication import Accepted
from transfer.legal.entries import Declaration, LegalEntry, State
from transfer.legal.gate import Action
from transfer.legal.standing import LegalStanding
from transfer.publication.comparing import Difference
from transfer.publication.standing import Fault, Look
from transfer.publication.values import (
    Act,
    Cohort,
    Dataset,
    Field,
    GuideLine,
    NewDataset,
    PublicationWay,
    Stage,
    Visibility,
)
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.datasets import Datasets, DatasetView, Form, Values

NAME = "lung-2024"
TO_STEP_10 = ("end", "enter")
COHORT = Cohort(NAME, "EUCAIM-LUNG|BATCH-1", 10, 14, 31, "2026-03-12T08:00:00.000Z")
FIELDS = (
    Field("name", "Name", help="What readers find it by.", least=3, most=256, is_needed=True,
          is_fixed_later=True),
    Field("version", "Version", least=1, most=16, is_needed=True, is_fixed_later=True),
    Field("description", "Description", "text", help="What the images show, and of whom.",
          least=1, most=2000, is_needed=True, is_fixed_later=True),
    Field("type", "Type", "choices", help="Of the data; more than one may hold.",
          allowed=("original", "annotated", "processed", "personal-data"), is_fixed_later=True),
    Field("level", "Level", "choice", allowed=("pilot", "study", "registry")),
    Field("keywords", "Keywords", "words", most=32),
    Field("licenseTitle", "Licence", help="Its title.", most=128,
          if_empty="Without a licence nobody knows what may be done with the data."),
    Field("contactInfo", "Contact", help="Whom readers ask.", most=256),
    Field("author", "Author", is_editable=False),
)  # fmt: skip
VALUES: Mapping[str, Values] = {
    "name": ("Lung screening 2024",),
    "version": ("1.0",),
    "description": ("CT of the chest of ten patients, before and after treatment.",),
    "type": ("original",),
    "licenseTitle": ("CC BY 4.0",),
    "author": ("ada",),
}
UPV = PublicationWay(
    Action.RELEASE,
    True,
    fields=FIELDS,
    waits_for="The node's people look at it and publish it, which takes days",
    takes_index=True,
)
XNAT = PublicationWay(
    Action.ACCESSIBILITY,
    False,
    visibilities=(
        Visibility(
            "protected",
            "Protected: anybody signed in finds it, members see the images",
            "Anybody who is signed in there sees that the project exists, its title, description"
            " and counts, and can ask for access. Images and files stay with its members.",
        ),
        Visibility(
            "public",
            "Public: every account sees and downloads everything",
            "Every account of the server, and where the site lets guests in anybody on the"
            " internet, can look at, analyse and download all images and files of the project,"
            " clinical data among them.",
            asks_twice=True,
        ),
    ),
    fields=FIELDS[:1],
)
DATASET = Dataset(
    "0f9e1c52-5a0b-4a5e-9a55-7d3a4ab0c001",
    "Lung screening 2024",
    Stage.DRAFT,
    version="1.0",
    created_at_utc="2026-03-14T08:55:00.000Z",
    studies=14,
    subjects=10,
    size_bytes=4_200_000_000,
    fields=tuple(replace(one, value=VALUES.get(one.key, ())) for one in FIELDS),
    may=frozenset({Act.EDIT, Act.SHOW, Act.INVALIDATE}),
    link="https://node.example/dataset-service/datasets/0f9e1c52/details",
)
SAME = Difference(14, 10, 14, 10, missing_count=0, foreign_count=0)
FEWER = Difference(14, 10, 12, 9, missing=("LUNG-0003",), missing_count=1, foreign_count=0)
GUIDE = (
    GuideLine("Open QP-Insights in your own browser and sign in.", link="https://qp.example/cases"),
    GuideLine("Choose the project.", "EUCAIM-LUNG"),
    GuideLine("Filter the cases by the subproject, and mark them all: 10 cases.", "BATCH-1"),
    GuideLine("Press Export dataset, and give it this name.", "lung-2024"),
    GuideLine("Press Export; then come back here, the draft is picked up."),
)


def bound(dataset: Dataset = DATASET, **more: object) -> Look:
    """A look at a dataset that is this transfer's."""
    usual: dict[str, object] = {
        "origin": "picked-up",
        "difference": SAME,
        "stage_since_utc": "2026-03-14T08:56:00.000Z",
        "seen_at_utc": "2026-03-14T09:29:00.000Z",
    }
    return Look(UPV, COHORT, dataset, **(usual | more))  # type: ignore[arg-type]


UNBORN = Look(UPV, COHORT)
CREATING = bound(
    replace(DATASET, stage=Stage.CREATING, studies=None, subjects=None, size_bytes=None,
            said="Calculating SHA of study 2 of 14", may=frozenset({Act.EDIT})),
    difference=None,
)  # fmt: skip
FAILED = bound(
    replace(DATASET, stage=Stage.FAILED, studies=None, subjects=None, size_bytes=None,
            said="Unexpected error", may=frozenset({Act.DELETE})),
    difference=None,
)  # fmt: skip
DRAFT = bound()
LESS = bound(replace(DATASET, studies=12, subjects=9), difference=FEWER)
ACCEPTED = bound(
    replace(DATASET, studies=12, subjects=9),
    difference=FEWER,
    accepted=Accepted(DATASET.id, FEWER.figures, "Ada Lovelace", "One patient withdrew"),
)
FAULTY = bound(
    faults=(
        Fault("description", "Description is empty; it is needed."),
        Fault("licenseTitle", "Licence is empty.", "warn"),
    )
)
EMPTIED = bound(
    replace(
        DATASET,
        fields=tuple(
            replace(one, value={"description": (), "licenseTitle": (), "name": ("CT",)}[one.key])
            if one.key in ("description", "licenseTitle", "name")
            else one
            for one in DATASET.fields
        ),
    )
)
RELEASED = bound(
    replace(DATASET, stage=Stage.RELEASED, may=frozenset({Act.EDIT, Act.INVALIDATE})),
    stage_since_utc="2026-03-11T08:00:00.000Z",
)
PUBLISHED = bound(
    replace(
        DATASET, stage=Stage.PUBLISHED, visibility="public",
        pids={"doi": "10.5281/zenodo.1234567"}, may=frozenset({Act.INVALIDATE}),
    )
)  # fmt: skip
PRIVATE = Look(
    XNAT,
    replace(COHORT, destination="EUCAIM_LUNG"),
    replace(DATASET, id="EUCAIM_LUNG", version="", visibility="private", fields=FIELDS[:1],
            size_bytes=None, link="https://xnat.example/data/projects/EUCAIM_LUNG"),
    "destination",
    SAME,
    stage_since_utc="2026-03-14T08:56:00.000Z",
    seen_at_utc="2026-03-14T09:29:00.000Z",
)  # fmt: skip
PROTECTED = replace(
    PRIVATE, dataset=replace(PRIVATE.dataset or DATASET, stage=Stage.PUBLISHED,
                             visibility="protected"),
)  # fmt: skip
LOCKED = LegalStanding()


def whole_record() -> LegalStanding:
    """Clearance and both signatures, by three people."""
    people = iter(("Lea Recht", "Hans Haus", "Sara Direct"))
    return LegalStanding(
        {
            what: LegalEntry(
                what, State.THERE, person=next(people), day="2026-03-01", sha256="ab" * 32,
                ticket="4711", entered_by="Ada Lovelace",
            )
            for what in Declaration
        }
    )  # fmt: skip


@dataclass
class KnownDatasets(Datasets):
    """Step 10 as it is told to be; each act is written down, and `then` is what it leads to."""

    home: Home
    view: DatasetView
    found: Sequence[Dataset] = ()
    then: DatasetView | None = None
    refusal: TransferError | None = None
    acts: list[tuple[object, ...]] = field(default_factory=list)
    n_asked: int = 0

    def __post_init__(self) -> None:
        Datasets.__init__(self, self.home)

    def standing(self, name: str) -> DatasetView:
        return self.view

    def look(self, name: str) -> DatasetView:
        self.n_asked += 1
        return self._done()

    def guide(self, name: str) -> Sequence[GuideLine]:
        return GUIDE

    def candidates(self, name: str) -> Sequence[Dataset]:
        self.n_asked += 1
        if self.refusal is not None:
            raise self.refusal
        return self.found

    def pick_up(self, name: str, id: str, person: str) -> DatasetView:
        self.acts.append(("pick up", id, person))
        return self._done()

    def settle(self, name: str) -> DatasetView:
        self.acts.append(("settle",))
        return self._done()

    def create(
        self, name: str, wanted: NewDataset, person: str, *, again: bool = False
    ) -> DatasetView:
        self.acts.append(("create", wanted, person, again))
        return self._done()

    def accept(self, name: str, person: str, reason: str) -> DatasetView:
        self.acts.append(("accept", person, reason))
        return self._done()

    def publish(self, name: str, visibility: str, confirm: str, person: str) -> DatasetView:
        self.acts.append(("publish", visibility, confirm, person))
        return self._done()

    def invalidate(self, name: str, reason: str, person: str, confirm: str) -> DatasetView:
        self.acts.append(("invalidate", reason, person, confirm))
        return self._done()

    def delete(self, name: str, confirm: str) -> DatasetView:
        self.acts.append(("delete", confirm))
        return self._done()

    def save(self, name: str, person: str) -> Form:
        form = self.form(name)
        self.acts.append(("save", {key: form.values(key) for key in form.changed}, person))
        self._fields[name] = tuple(replace(one, value=form.values(one.key)) for one in form.fields)
        if self.refusal is not None:
            raise self.refusal
        return self.form(name)

    def _done(self) -> DatasetView:
        if self.refusal is not None:
            raise self.refusal
        if self.then is not None:
            self.view = self.then
        return self.view


class PublishingSource(KnownSource):
    """Step 10 is one that this program carries out."""

    def journey(self, node: str) -> Journey:
        steps = [
            replace(step, engine="publish") if step.id == "dataset" else step
            for step in JOURNEY.steps
        ]
        return replace(JOURNEY, steps=tuple(steps))


def make_published(home: Home) -> Workspace:
    """A transfer whose images are on the node."""
    workspace = make_ledger(home, NAME)
    fill(workspace, [("CT", 0, 0, 60, 0), ("PT", 0, 0, 20, 0)])
    return workspace


def dataset_app(
    home: Home, look: Look, legal: LegalStanding | None = None, **more: object
) -> tuple[TransferApp, KnownDatasets]:
    """The app at that transfer's journey, and its step 10."""
    make_published(home)
    source = PublishingSource(home)
    view = DatasetView(NAME, "upv", look, whole_record() if legal is None else legal)
    datasets = KnownDatasets(home, view, **more)  # type: ignore[arg-type]
    if look.dataset is not None:
        datasets._fields[NAME] = look.dataset.fields
    source.datasets = datasets
    return FixedDayApp(home, NAME, source=source), datasets


def after(look: Look, legal: LegalStanding | None = None) -> DatasetView:
    """What an act leads to."""
    return DatasetView(NAME, "upv", look, whole_record() if legal is None else legal)
