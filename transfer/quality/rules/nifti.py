"""NIfTI images and the DICOM JSON that travels with each (EUCAIM's requirements, section 2).

What is judged of a JSON is what leaves, where that was made already. A volume that a person left
out is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from transfer.dates import day_of
from transfer.ledger.connection import Ledger
from transfer.quality.attributes import (
    ACQUISITION_DATE,
    BODY_PART,
    IDENTITY_REMOVED,
    MANUFACTURER,
    MODALITY,
    PATIENT_ID,
    PRIVATE_GROUPS,
    Traits,
)
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)
from transfer.quality.terms import FACE_MODALITIES, is_face_part
from transfer.sentences import listed

if TYPE_CHECKING:
    from transfer.ledger.volumes import Volume

_WANTED: Final = (PATIENT_ID, MODALITY, BODY_PART, MANUFACTURER, ACQUISITION_DATE)
_SHOWN: Final = 4
_EXPORT: Final = "Add it to the JSON file, or leave the image out (its key: select NAME --exclude)."


def _volumes(ledger: Ledger) -> Iterator[Volume]:
    from transfer.ledger.volumes import volumes

    return (volume for volume in volumes(ledger) if volume.is_chosen)


def _traits(volume: Volume) -> Traits:
    """Of the JSON as it leaves, else as it is."""
    # The module of the judge reads the registry of rules, this one among them.
    from transfer.quality.judging import read_traits

    return read_traits(volume.traits if volume.out_traits is None else volume.out_traits)


def _found(volume: Volume, severity: Severity, message: str, remedy: str = "") -> Found:
    return Found(volume.key, Level.INSTANCE, severity, message, remedy, example=volume.key)


def _told(volume: Volume, words: str) -> Found:
    """A first sentence that says what is wrong, and what to do behind it."""
    what, _, remedy = words.partition(". ")
    return _found(volume, Severity.BLOCK, f"{what}.", remedy)


def _json(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    from transfer.volumes.fate import JSON_WORDS

    for volume in _volumes(ledger):
        if volume.json_problem:
            yield _told(volume, JSON_WORDS[volume.json_problem])


def _attributes(ledger: Ledger, now: Circumstances) -> Iterator[Found]:
    for volume in _volumes(ledger):
        if volume.json_problem or (volume.stop and now.method):
            continue
        traits = _traits(volume)
        lacking = [a.shown for a in _WANTED if traits.lacks(a)]
        if lacking:
            named = ", ".join(lacking)
            verb = "are" if len(lacking) > 1 else "is"
            yield _found(
                volume, Severity.BLOCK, f"{named} {verb} missing in the JSON of a NIfTI image."
            )
        elif (day := day_of(traits[ACQUISITION_DATE])) is None or day > now.today:
            yield _found(
                volume,
                Severity.BLOCK,
                f"{ACQUISITION_DATE.shown} in the JSON of a NIfTI image is no date that can be.",
            )


def _identifiers(ledger: Ledger, now: Circumstances) -> Iterator[Found]:
    from transfer.volumes.traits import is_answered_for

    is_answered = is_answered_for(ledger)
    for volume in _volumes(ledger):
        told = []
        if volume.image_texts and not volume.image_problem:
            told.append(f"Free text in the NIfTI image: {_listed(volume.image_texts)}.")
        if volume.hits:
            told.append(f"An original identifier in its JSON: {_listed(volume.hits)}.")
        elif not volume.json_problem:
            told += _of_json(_traits(volume), volume, now, is_answered=is_answered)
        if told:
            yield _found(volume, Severity.BLOCK, " ".join(told))


def _of_json(
    traits: Traits, volume: Volume, now: Circumstances, *, is_answered: bool
) -> Iterator[str]:
    """What the JSON tells that it should not. Before it is de-identified that tells nothing."""
    from transfer.volumes.traits import IDENTIFYING, is_marked

    is_made = volume.out_traits is not None and bool(volume.made_by)
    if now.method and not is_made:
        return
    is_asked = now.requires_deidentified and not is_made and not is_answered
    if is_asked and not is_marked(volume.traits):
        yield f"{IDENTITY_REMOVED.shown} with its method is not set in its JSON."
    if not now.requires_deidentified and not is_made:
        return
    # What a profile of ours lets through it keeps by name.
    if traits[PRIVATE_GROUPS] and not (is_made and now.is_by_profile):
        yield f"Private groups in its JSON: {listed(traits[PRIVATE_GROUPS].split(','), _SHOWN)}."
    if traits[IDENTIFYING] and not is_made:
        yield f"Its JSON holds the patient's {_listed(traits[IDENTIFYING])}."


def _listed(places: str) -> str:
    return listed(places.split(";"), _SHOWN)


def _image(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    from transfer.volumes.fate import IMAGE_WORDS

    for volume in _volumes(ledger):
        if volume.image_problem:
            yield _told(volume, IMAGE_WORDS[volume.image_problem])


def _heads(ledger: Ledger, now: Circumstances) -> Iterator[Found]:
    if not (now.requires_deidentified or now.method):
        return
    for volume in _volumes(ledger):
        if volume.json_problem or volume.image_problem:
            continue
        traits = _traits(volume)
        if traits[MODALITY] in FACE_MODALITIES and is_face_part(traits[BODY_PART]):
            yield _found(volume, Severity.ASK, "1 head volume: were faces removed?")


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="NII-01",
        title="NIfTI with DICOM JSON",
        dimension=Dimension.COMPLETE,
        remedy="Write its DICOM JSON beside it.",
        look=_json,
    ),
    LedgerRule(
        id="NII-02",
        title="Attributes of NIfTI",
        dimension=Dimension.COMPLETE,
        remedy=_EXPORT,
        look=_attributes,
        is_waivable=True,
        on_source_only=False,
    ),
    LedgerRule(
        id="NII-03",
        title="Identifiers in NIfTI",
        dimension=Dimension.PRIVATE,
        remedy=(
            "Empty those fields at the source (descrip and aux_file among them), de-identify the"
            " JSON, or leave the image out. If what stands there tells nobody who it is, a named"
            " person can answer for it: eucaim-transfer check NAME --waive NII-03 --by PERSON"
            " --reason TEXT"
        ),
        look=_identifiers,
        is_waivable=True,
        on_source_only=False,
    ),
    LedgerRule(
        id="NII-04",
        title="NIfTI opens",
        dimension=Dimension.INTEGRITY,
        remedy="Convert it again, or leave it out.",
        look=_image,
    ),
    LedgerRule(
        id="NII-05",
        title="Faces in NIfTI",
        dimension=Dimension.PRIVATE,
        severities=(Severity.ASK,),
        remedy=(
            "Have faces removed before the images come here, or exclude them; then answer what was"
            " done."
        ),
        look=_heads,
        choices=(
            Choice("removed", "Faces were removed from these volumes"),
            Choice("no-face", "A named person looked: no face can be made out"),
            Choice("exclude", "Leave these volumes out"),
        ),
        on_source_only=False,
    ),
)
