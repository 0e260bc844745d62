"""What went of the one who was found: Studies, volumes, clinical data; and what did not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger
from transfer.ledger.identity import REMOVED
from transfer.ledger.order import Order, read_order
from transfer.ledger.recalled import (
    ItemRow,
    SeriesRow,
    StudyRow,
    TableRow,
    VolumeRow,
    all_volumes,
    dataset_facts,
    fates_of,
    instances_of_series,
    items_of,
    patients_named,
    rows_removed,
    series_of,
    shared_files,
    studies_of,
    table_rows,
)
from transfer.method_files import de_identifies
from transfer.quality.attributes import PATIENT_ID
from transfer.quality.document import read_traits
from transfer.recall.who import FoundBy, Who, has_sealed, is_named
from transfer.values import StudyInstanceUID, StudyRef
from transfer.volumes.traits import SERIES_UID, STUDY_UID

OUT: Final = ("verified", "sent", "unsure")
"""Fates of what lies on the node, or may: listed there, acknowledged, or without an answer."""


class Called(NamedTuple):
    """What a node calls a subject, and a Study where it gives it a name of its own."""

    subject: str
    session: str


Caller = Callable[[StudyRef], Called]


def by_its_ids(study: StudyRef) -> Called:
    """On a node that knows things by what stands in their headers."""
    return Called(study.patient_id, "")


@dataclass(frozen=True, slots=True)
class SeriesOut:
    """A Series of which something went. `uid` is that under which it went."""

    row: int
    uid: str
    instances: int


@dataclass(frozen=True, slots=True)
class StudyOut:
    """A Study of which something went, as the node knows it. `called` is empty where its name
    cannot be told."""

    row: int
    ref: StudyRef
    called: Called
    series: tuple[SeriesOut, ...]
    fates: Mapping[str, int]
    size_bytes: int
    first_sent_utc: str
    last_verified_utc: str

    @property
    def instances(self) -> int:
        return sum(self.fates.values())


@dataclass(frozen=True, slots=True)
class VolumeOut:
    """A volume that went, or lies ready to be handed over (`state` `handed-over`)."""

    volume: VolumeRow
    ref: StudyRef
    series_uid: str
    called: Called
    state: str


@dataclass(frozen=True, slots=True)
class DatasetOf:
    """The dataset that the transfer became; texts of the node, untrusted."""

    id: str
    name: str
    version: str
    stage: str
    visibility: str
    pids: Mapping[str, str]
    link: str


@dataclass(frozen=True, slots=True)
class Sent:
    """All that went of one who was found. `subjects` are names on the node; `sharing` are others
    whose images went under the same name. `files` hold all subjects, this one among them. `stays`
    counts by what and why: instances (`ready`, `failed`, `excluded`), volumes, rows (`kept-back`,
    `not-sent`), Studies of which nothing went."""

    who: Who
    order: Order
    subjects: tuple[str, ...]
    sharing: tuple[str, ...]
    studies: tuple[StudyOut, ...]
    volumes: tuple[VolumeOut, ...]
    items: tuple[ItemRow, ...]
    files: tuple[ItemRow, ...]
    rows: tuple[TableRow, ...]
    row_count: int
    stays: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    dataset: DatasetOf | None = None

    @property
    def fates(self) -> Counter[str]:
        """Instances that went, by what is known of them."""
        found: Counter[str] = Counter()
        for study in self.studies:
            found.update(study.fates)
        return found

    @property
    def is_anything_out(self) -> bool:
        return bool(self.studies or self.volumes or self.items or (self.files and self.rows))

    @property
    def series(self) -> int:
        return sum(len(study.series) for study in self.studies)


class InstanceOut(NamedTuple):
    """One instance that went, under its name on the node. `original_uid` and `path` are of the
    source, for whoever asked to see them."""

    study: StudyOut
    series: SeriesOut
    row: int
    uid: str
    fate: str
    sha256: str
    size_bytes: int
    sent_at_utc: str
    verified_at_utc: str
    original_uid: str
    path: bytes


def what_went(ledger: Ledger, who: Who, name: str, called: Caller = by_its_ids) -> Sent:
    """All that went of the one whom `name` meant. `called` tells the node's own names.

    Raises:
        UsageError: names are sealed, and the key was not opened.
    """
    if has_sealed(ledger):
        _ = ledger.names.seal
    stays: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("instances", "studies", "volumes", "rows")
    }
    studies = tuple(_studies(ledger, who, called, stays))
    volumes = tuple(_volumes(ledger, who, name, called, stays["volumes"]))
    items = tuple(items_of(ledger, who.patients))
    rows = tuple(table_rows(ledger, who.patients, _table_id(who, name)))
    may_be_in_files = studies or (rows and _may_be_named(ledger, who.patients))
    files = tuple(shared_files(ledger)) if may_be_in_files else ()
    for row in rows:
        if row.is_kept_back:
            stays["rows"]["kept-back"] += 1
        elif not items and not files:
            stays["rows"]["not-sent"] += 1
    subjects = dict.fromkeys(
        [study.called.subject for study in studies] + [volume.called.subject for volume in volumes]
    )
    return Sent(
        who=who,
        order=read_order(ledger),
        subjects=tuple(subject for subject in subjects if subject)
        or _prepared_names(ledger, who.patients),
        sharing=_sharing(ledger, who.patients),
        studies=studies,
        volumes=volumes,
        items=items,
        files=files,
        rows=rows,
        row_count=len(rows) or rows_removed(ledger, who.patients),
        stays={kind: dict(counted) for kind, counted in stays.items() if counted},
        dataset=_dataset(ledger),
    )


def instances_out(ledger: Ledger, sent: Sent) -> Iterator[InstanceOut]:
    """Every instance that went, Study by Study; page by page."""
    names = ledger.names
    for study in sent.studies:
        for series in study.series:
            for row in instances_of_series(ledger, series.row):
                if row.fate in OUT:
                    yield InstanceOut(
                        study,
                        series,
                        row.row,
                        names.shown(row.sop_instance_uid, row.out_sop_instance_uid),
                        row.fate,
                        row.sha256 or "",
                        row.size_bytes,
                        row.sent_at_utc or "",
                        row.verified_at_utc or "",
                        row.sop_instance_uid,
                        row.path,
                    )


def _studies(
    ledger: Ledger, who: Who, called: Caller, stays: dict[str, Counter[str]]
) -> Iterator[StudyOut]:
    for patient in who.patients:
        for study in studies_of(ledger, patient):
            found = _study(ledger, study, called, stays["instances"])
            if found is None:
                stays["studies"]["nothing-went"] += 1
            else:
                yield found


def _study(ledger: Ledger, study: StudyRow, called: Caller, stays: Counter[str]) -> StudyOut | None:
    fates: Counter[str] = Counter()
    series_out: list[SeriesOut] = []
    size, firsts, lasts = 0, [], []
    for series in series_of(ledger, study.row):
        n = 0
        for count in fates_of(ledger, series.row):
            if count.fate not in OUT:
                stays[count.fate] += count.n
                continue
            n += count.n
            fates[count.fate] += count.n
            size += count.size_bytes
            firsts += [count.first_sent_utc] if count.first_sent_utc else []
            lasts += [count.last_verified_utc] if count.last_verified_utc else []
        if n:
            series_out.append(SeriesOut(series.row, _series_uid(ledger, study, series), n))
    if not series_out:
        return None
    ref = _study_ref(ledger, study)
    return StudyOut(
        study.row,
        ref,
        called(ref) if ref.patient_id else Called("", ""),
        tuple(series_out),
        dict(fates),
        size,
        min(firsts, default=""),
        max(lasts, default=""),
    )


def _study_ref(ledger: Ledger, study: StudyRow) -> StudyRef:
    """As it went; empty where its names were removed."""
    if _is_removed(study.study_uid, study.out_study_uid):
        return StudyRef(StudyInstanceUID(""), "")
    return ledger.names.study(*study[1:])


def _series_uid(ledger: Ledger, study: StudyRow, series: SeriesRow) -> str:
    if _is_removed(series.series_uid, series.out_series_uid):
        return ""
    return ledger.names.series(*study[1:], *series[1:]).series_uid


def _is_removed(original: str, out: bytes | str | None) -> bool:
    return out is None and original.startswith(REMOVED)


def _volumes(
    ledger: Ledger, who: Who, name: str, called: Caller, stays: Counter[str]
) -> Iterator[VolumeOut]:
    for volume in all_volumes(ledger):
        if not _is_theirs(volume, who, name):
            continue
        state = _state(volume)
        if not state:
            stays["ready" if volume.state == "todo" else volume.state] += 1
            continue
        traits = read_traits(volume.out_traits) if volume.out_traits else None
        subject = traits[PATIENT_ID] if traits else ""
        study = StudyInstanceUID(traits[STUDY_UID] if traits else "")
        ref = StudyRef(study, subject)
        names = called(ref) if subject and study else Called(subject, "")
        yield VolumeOut(volume, ref, traits[SERIES_UID] if traits else "", names, state)


def _state(volume: VolumeRow) -> str:
    """How it went; empty where it did not."""
    if volume.state in ("sent", "verified"):
        return volume.state
    if volume.sent_at_utc is not None:
        return "unsure"
    return "" if volume.handed_over_at_utc is None else "handed-over"


def _is_theirs(volume: VolumeRow, who: Who, name: str) -> bool:
    if volume.patient is not None:
        return volume.patient in who.patients
    by_pseudonym = who.found_by is FoundBy.PSEUDONYM
    return is_named(volume.out_traits if by_pseudonym else volume.traits, name)


def _table_id(who: Who, name: str) -> str:
    """The ID that rows of theirs may bear; a pseudonym is none."""
    return "" if who.found_by is FoundBy.PSEUDONYM else name


def _prepared_names(ledger: Ledger, patients: tuple[int, ...]) -> tuple[str, ...]:
    """Under which names they would go, where nothing of their images has gone."""
    found: dict[str, None] = {}
    for patient in patients:
        row = ledger.row("SELECT pseudonym FROM patient WHERE id = ?", patient)
        if row is not None and (opened := ledger.names.pseudonym(row[0])):
            found[opened] = None
    return tuple(found)


def _may_be_named(ledger: Ledger, patients: tuple[int, ...]) -> bool:
    """Whether rows of theirs can have gone: where names are made, none goes without one. Patients
    whom another gateway sends get none here."""
    if not patients or not de_identifies(read_order(ledger)):
        return True
    return any(
        ledger.number("SELECT pseudonym IS NOT NULL FROM patient WHERE id = ?", patient)
        for patient in patients
    )


def _sharing(ledger: Ledger, patients: tuple[int, ...]) -> tuple[str, ...]:
    if not de_identifies(read_order(ledger)):
        return ()
    found: set[int] = set()
    for patient in patients:
        row = ledger.row("SELECT pseudonym FROM patient WHERE id = ?", patient)
        if row is not None and row[0] is not None:
            found |= set(patients_named(ledger, row[0]))
    return tuple(f"P{row}" for row in sorted(found - set(patients)))


def _dataset(ledger: Ledger) -> DatasetOf | None:
    found = dataset_facts(ledger)
    if found is None or not found[0]:
        return None
    identifier, name, version, stage, visibility, pids, link = found
    return DatasetOf(identifier, name, version, stage, visibility, json.loads(pids or "{}"), link)
