"""Whether a volume is to go: by the selection, by what was found in its files, and by what is
known of its patient."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.parts import part_of, read_part
from transfer.ledger.selection import SelectionRule, selection_rules
from transfer.ledger.selection_terms import NAMED, dates_of, words_of
from transfer.ledger.volumes import Volume, record_fate, volumes
from transfer.quality.attributes import BODY_PART, MODALITY, PATIENT_ID, STUDY_DATE, Traits
from transfer.quality.judging import read_traits
from transfer.volumes.dicom_json import JsonProblem
from transfer.volumes.image import ImageProblem
from transfer.volumes.traits import STUDY_UID

NOT_CHOSEN: Final = "The selection leaves it out."
HELD: Final = (
    "An original identifier of this patient was found in what would leave; nothing more of the"
    " patient goes. See: eucaim-transfer check NAME"
)
TEXT: Final = (
    "Free text stands in the NIfTI image, which de-identification does not change. Empty it at the"
    " source, or have a named person answer for it: eucaim-transfer check NAME --waive NII-03"
    " --by PERSON --reason TEXT"
)

IMAGE_WORDS: Final[dict[str, str]] = {
    ImageProblem.GONE: "The NIfTI image cannot be read, or changed while it was. Check the disk or"
    " share it lies on, then scan again.",
    ImageProblem.PAIR: "The NIfTI image is a pair of header and image, which does not travel."
    " Convert it to one .nii.gz file.",
    ImageProblem.NO_NIFTI: "The NIfTI image has no header that can be read. Convert it again.",
    ImageProblem.CUT: "The NIfTI image is cut off: there are fewer voxels than its header says."
    " Copy or convert it again.",
    ImageProblem.BROKEN: "The NIfTI image is packed by gzip and does not unpack to the end."
    " Copy or convert it again.",
    ImageProblem.ENDLESS: "The NIfTI image is far longer than its header says. Convert it again.",
    ImageProblem.UNSOUND: "The NIfTI header has dimensions or an affine that no image can have."
    " Convert it again.",
}
_WRITE_ONE: Final = (
    " Write a DICOM JSON file (PS3.18 annex F) of the image's name beside it, as pydicom's to_json"
    " makes it of a header."
)
JSON_WORDS: Final[dict[str, str]] = {
    JsonProblem.ABSENT: f"No JSON file lies beside the NIfTI image.{_WRITE_ONE}",
    JsonProblem.UNREADABLE: "The JSON file of the NIfTI image cannot be read. Check its"
    " permissions, then scan again.",
    JsonProblem.TOO_LARGE: "The JSON file of the NIfTI image is larger than 4 MiB, which no header"
    f" is.{_WRITE_ONE}",
    JsonProblem.OTHER: "The JSON file beside the NIfTI image is no DICOM JSON: its keys are no"
    f" tags of eight hex digits. A BIDS sidecar is none.{_WRITE_ONE}",
    JsonProblem.MANY: "The JSON file of the NIfTI image holds several instances. Keep one of them:"
    " what it says must be true of the whole volume.",
    JsonProblem.POINTS_AWAY: "The JSON file of the NIfTI image points to data outside itself"
    " (BulkDataURI), which do not travel. Write it without them.",
    JsonProblem.PIXELS: "The JSON file of the NIfTI image holds pixel data. Write it without them.",
    JsonProblem.MALFORMED: "The JSON file of the NIfTI image is no DICOM JSON: an attribute is not"
    f" written as PS3.18 annex F says, with vr and Value.{_WRITE_ONE}",
}


def settle_fates(ledger: Ledger) -> None:
    """Decide about every volume that has not gone; one that failed gets another chance. May be
    repeated at any time."""
    rules = selection_rules(ledger)[::-1]
    for volume in volumes(ledger):
        if volume.state in ("sent", "verified"):
            continue
        is_chosen = not _is_left_out(ledger, volume, rules)
        state, reason = _fate(ledger, volume, is_chosen=is_chosen)
        if (volume.is_chosen, volume.state, volume.reason) != (is_chosen, state, reason):
            record_fate(ledger, volume.row, is_chosen=is_chosen, state=state, reason=reason)


def _fate(ledger: Ledger, volume: Volume, *, is_chosen: bool) -> tuple[str, str]:
    if not is_chosen:
        return "excluded", NOT_CHOSEN
    if volume.image_problem:
        return "excluded", IMAGE_WORDS[volume.image_problem]
    if volume.json_problem:
        return "excluded", JSON_WORDS[volume.json_problem]
    if volume.made_by and volume.image_texts and not is_answered_for_here(ledger, volume):
        return "excluded", TEXT
    if volume.stop:
        return "failed", volume.stop
    if volume.patient is not None and _is_held(ledger, volume.patient):
        return "failed", HELD
    return "todo", ""


def is_answered_for_here(ledger: Ledger, volume: Volume) -> bool:
    """Whether a named person answered for what NII-03 found in this volume."""
    return bool(
        ledger.number("SELECT 1 FROM settled WHERE rule = 'NII-03' AND key = ?", volume.key)
    )


def _is_held(ledger: Ledger, patient: int) -> bool:
    return bool(
        ledger.number(
            "SELECT 1 FROM instance i JOIN series e ON e.id = i.series_id"
            " JOIN study s ON s.id = e.study_id WHERE s.patient_id = ?"
            " AND i.state = 'failed' AND i.cause = 'identifier' LIMIT 1",
            patient,
        )
    )


def _is_left_out(ledger: Ledger, volume: Volume, rules: list[SelectionRule]) -> bool:
    """By the last rule that fits, as for instances; else with the Series whose images all stay."""
    traits = read_traits(volume.traits)
    for rule in rules:
        fits = _fits(ledger, volume, traits, rule)
        if rule.action == "only" and not fits:
            return True
        if rule.action != "only" and fits:
            return rule.action == "exclude"
    return volume.series is not None and not ledger.number(
        "SELECT 1 FROM tally WHERE series_id = ? AND state <> 'excluded' AND n > 0", volume.series
    )


def _fits(ledger: Ledger, volume: Volume, traits: Traits, rule: SelectionRule) -> bool:
    if rule.subject in NAMED:
        rows = (("P", volume.patient), ("S", volume.study), ("E", volume.series))
        return _is_item(ledger, rule, volume.key, *(f"{k}{r}" for k, r in rows if r is not None))
    if rule.subject == "patients":
        return _is_item(ledger, rule, traits[PATIENT_ID])
    if rule.subject == "part":
        part, parts = read_part(rule.value)
        return part_of(traits[PATIENT_ID], parts) == part
    if rule.subject == "studies":
        return _is_item(ledger, rule, traits[STUDY_UID])
    if rule.subject == "study-date":
        first, last = dates_of(rule.value)
        return first <= traits[STUDY_DATE].replace(".", "") <= last
    if rule.subject == "description":
        found = ledger.row(
            "SELECT e.description, s.description FROM series e JOIN study s ON s.id = e.study_id"
            " WHERE e.id = ?",
            volume.series,
        )
        wanted = rule.value.strip().casefold()
        return found is not None and any(wanted in text.casefold() for text in found)
    attribute = MODALITY if rule.subject == "modality" else BODY_PART
    return traits[attribute].strip().upper() in words_of(rule.value)


def _is_item(ledger: Ledger, rule: SelectionRule, *texts: str) -> bool:
    return any(
        ledger.number("SELECT 1 FROM selection_item WHERE rule_id = ? AND text = ?", rule.id, text)
        for text in texts
    )
