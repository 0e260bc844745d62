"""The JSON of a volume as it leaves: de-identified like a header of DICOM, by the same method."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from transfer.deid.look.identifiers import NOBODY, identifiers_of
from transfer.deid.look.lastlook import look
from transfer.deid.methods import build_method
from transfer.deid.model import (
    DataSet,
    Element,
    Header,
    Method,
    Moment,
    NumberNeeded,
    Outcome,
    Rewritten,
)
from transfer.ledger.batches import PatientFacts
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import give_number, read_numbers
from transfer.ledger.facts import facts_of
from transfer.ledger.order import read_order
from transfer.ledger.volumes import Volume, record_made, record_stopped, volumes
from transfer.prepare.method import OpenMethod, Releases, read_releases
from transfer.quality.attributes import ACQUISITION_DATE, MODALITY, PATIENT_ID
from transfer.scan.elements import Encoding
from transfer.scan.part10 import EXPLICIT_LITTLE
from transfer.scan.phase import Interrupted
from transfer.values import SeriesInstanceUID, StudyInstanceUID, StudyRef
from transfer.volumes.dicom_json import (
    CHARSET,
    UTF_8,
    NotDicomJson,
    read_dicom_json,
    write_dicom_json,
)
from transfer.volumes.fate import is_answered_for_here, settle_fates
from transfer.volumes.leaving import VolumeRef
from transfer.volumes.look import read_json
from transfer.volumes.traits import (
    SERIES_NUMBER,
    SERIES_UID,
    STUDY_UID,
    is_answered_for,
    is_marked,
    text_of,
    traits_of,
)

_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
_NAMED: Final = (_SOP_INSTANCE, STUDY_UID.tag, SERIES_UID.tag)
_RAW_DATA: Final = b"1.2.840.10008.5.1.4.1.1.66"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME: Final = 64
_MOST_NUMBERS: Final = 1000

GONE: Final = (
    "The JSON file of the NIfTI image is gone or changed since the scan; the volume was not sent."
    " Scan again."
)


UNMARKED: Final = (
    "The JSON of the NIfTI image does not say that it is de-identified (0012,0062), as this node"
    " requires. De-identify it: eucaim-transfer new … --deid eucaim"
)


@dataclass(frozen=True, slots=True)
class MadeJson:
    """The JSON that leaves, and the names that it gives the volume."""

    content: bytes = field(repr=False)
    ref: VolumeRef = field(repr=False)
    base: str = field(repr=False)
    traits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoppedJson:
    """It does not leave, and why, in words that hold no value; `places` are those of identifiers
    that the last look found."""

    reason: str
    places: tuple[str, ...] = ()


class JsonMaker:
    """Makes the JSON of one volume after the other. Lives on the thread of its ledger."""

    def __init__(self, ledger: Ledger, method: OpenMethod | None) -> None:
        self._ledger = ledger
        self._opened = method
        order = read_order(ledger)
        self._source = os.fsencode(order.source)
        self._releases: Releases = {} if method is None else read_releases(ledger)
        self._method: Method | None = None
        self._numbers = {} if method is None else read_numbers(ledger)

    @property
    def run(self) -> int:
        """What `volume.made_by` is of what this makes."""
        return 0 if self._opened is None else self._opened.run

    def make(self, volume: Volume) -> MadeJson | StoppedJson:
        """The JSON of a volume as it leaves; the same files give the same bytes."""
        try:
            assert volume.json_path is not None, "one without JSON does not go"
            content = read_json(
                self._source,
                volume.json_path,
                volume.json_file_bytes or 0,
                volume.json_mtime_ns or 0,
            )
            dataset = read_dicom_json(content)
        except (OSError, NotDicomJson):
            return StoppedJson(GONE)
        if self._opened is None:
            return _made(content, dataset, volume)
        made = self._rewritten(self._opened, dataset, content, volume)
        if isinstance(made, StoppedJson):
            return made
        return _made(write_dicom_json(made), made, volume)

    def _rewritten(
        self, opened: OpenMethod, dataset: DataSet, content: bytes, volume: Volume
    ) -> DataSet | StoppedJson:
        if self._method is None:
            self._method = build_method(opened.setup.spec)
        header = header_of(dataset, content)
        moment = Moment(opened.setup.clock, self._number)
        outcome = self._with_numbers(lambda method: method.apply(header, moment))
        if not isinstance(outcome, Rewritten):
            return StoppedJson(outcome.reason)
        whose = self._whose(volume)
        known = identifiers_of(header).merge(whose.identifiers if whose else NOBODY)
        released = self._releases.get(volume.patient or 0, frozenset())
        hits = look(outcome.header, known, released, opened.setup.names)
        if hits:
            places = tuple(dict.fromkeys(hit.where for hit in hits))
            return StoppedJson(
                f"The last look found the patient's {hits[0].kind} in {places[0]} of the JSON of"
                " the NIfTI image, so that it does not leave.",
                places,
            )
        made = dict(outcome.header.dataset)
        # What only stood in for something missing says nothing about this volume.
        for tag in (_SOP_CLASS, *_NAMED, CHARSET):
            if tag not in dataset:
                made.pop(tag, None)
        return made

    def _with_numbers(self, call: Callable[[Method], Outcome]) -> Outcome:
        assert self._method is not None, "built before"
        for _ in range(_MOST_NUMBERS):
            try:
                return call(self._method)
            except NumberNeeded as needed:
                number = give_number(self._ledger, needed.key_type, needed.text)
                self._numbers[needed.key_type, needed.text] = number
        raise AssertionError("a script asks for no more numbers than it has rules")

    def _number(self, key_type: str, text: str) -> int:
        if (key_type, text) not in self._numbers:
            raise NumberNeeded(key_type, text)
        return self._numbers[key_type, text]

    def _whose(self, volume: Volume) -> PatientFacts | None:
        """All that the instances of the same patient told."""
        found = self._ledger.row(
            "SELECT id, original_id, original_name FROM patient WHERE id = ?", volume.patient
        )
        if found is None:
            return None
        row, original_id, original_name = found
        return PatientFacts(row, original_id, original_name, facts_of(self._ledger, row))


def header_of(dataset: DataSet, content: bytes) -> Header:
    """The header that the method sees. UIDs that the JSON lacks are stood in for, since methods
    and scripts count on them."""
    stand_in = f"2.25.{int.from_bytes(hashlib.sha256(content).digest()[:15])}"
    complete = dict(dataset)
    complete[CHARSET] = Element(CHARSET, "CS", UTF_8)
    complete.setdefault(_SOP_CLASS, Element(_SOP_CLASS, "UI", _RAW_DATA))
    for number, tag in enumerate(_NAMED):
        complete.setdefault(tag, Element(tag, "UI", f"{stand_in}{number}".encode()))
    return Header(
        meta={},
        transfer_syntax_uid=EXPLICIT_LITTLE,
        encoding=Encoding(is_implicit=False, is_little=True),
        dataset=dict(sorted(complete.items())),
    )


def _made(content: bytes, dataset: DataSet, volume: Volume) -> MadeJson:
    patient = text_of(dataset, PATIENT_ID)
    modality = text_of(dataset, MODALITY)
    series = text_of(dataset, SERIES_UID)
    of = _uid(dataset, _SOP_INSTANCE) or series or text_of(dataset, STUDY_UID)
    # Two volumes of one Series differ by their SOP Instance UID, where they have one.
    told = hashlib.sha256(f"{patient}\0{of}\0{series}".encode()).hexdigest()[:8]
    words = [word for text in (patient, modality) if (word := _NOT_IN_NAMES.sub("_", text))]
    base = "_".join([*words, told])[-_LONGEST_NAME:]
    name = base if volume.ordinal <= 1 else f"{base}-{volume.ordinal}"
    ref = VolumeRef(
        name=name,
        study=StudyRef(StudyInstanceUID(text_of(dataset, STUDY_UID)), patient),
        series_uid=SeriesInstanceUID(series),
        series_number=text_of(dataset, SERIES_NUMBER),
        modality=modality,
        acquisition_date=text_of(dataset, ACQUISITION_DATE),
    )
    return MadeJson(content, ref, base, traits_of(dataset))


def _uid(dataset: DataSet, tag: int) -> str:
    element = dataset.get(tag)
    value = element.value if element is not None else b""
    return value.decode("ascii", "replace").strip(" \0") if isinstance(value, bytes) else ""


def make_volumes(
    ledger: Ledger,
    method: OpenMethod | None,
    should_stop: Callable[[], bool],
    *,
    requires_deidentified: bool = True,
) -> None:
    """Make the JSON of every volume once, so that all is known of what leaves. What has gone keeps
    its record. Blocking; may be interrupted anywhere and repeated.

    `requires_deidentified`: what nothing de-identifies here stays, unless it is marked as such or
    a named person answered for it, as `refuse_identified` has it for images.

    Raises:
        Interrupted: `should_stop` said so.
    """
    maker: JsonMaker | None = None
    is_marked_only = requires_deidentified and method is None and not is_answered_for(ledger)
    for volume in volumes(ledger):
        if should_stop():
            raise Interrupted
        if volume.state in ("sent", "verified") or not _may_go(volume):
            continue
        maker = maker or JsonMaker(ledger, method)
        made = maker.make(volume)
        if is_marked_only and isinstance(made, MadeJson) and not is_marked(made.traits):
            made = made if is_answered_for_here(ledger, volume) else StoppedJson(UNMARKED)
        if isinstance(made, StoppedJson):
            record_stopped(ledger, volume, maker.run, made.reason, made.places)
            continue
        record_made(
            ledger,
            volume,
            maker.run,
            out_traits=made.traits,
            size_bytes=len(made.content),
            md5=hashlib.md5(made.content, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(made.content).hexdigest(),
            base_hash=hashlib.sha256(made.base.encode()).hexdigest(),
        )
    settle_fates(ledger)


def _may_go(volume: Volume) -> bool:
    return volume.is_chosen and not volume.image_problem and not volume.json_problem
