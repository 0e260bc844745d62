"""Subject and session labels, made from what travels with the images. Pure functions.

XNAT keeps letters, digits, `_` and `-` of a label and turns the rest into `_`; it looks subjects
up without regard to case. Two labels that differ only so are one to it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from transfer.values import StudyRef

_NOT_KEPT = re.compile(r"[^A-Za-z0-9_-]")
_MEANINGFUL = re.compile(r"[A-Za-z0-9]")
# A label becomes the name of a folder (255 bytes on the usual file systems), with room for what
# XNAT appends; a Patient ID of the standard's length (64, PS3.5 6.2) fits easily.
LONGEST_SUBJECT = 128
_HASH_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Labels:
    """What one Study is called on the node."""

    subject: str
    session: str


def clean(text: str) -> str:
    """A text as XNAT keeps it in a label; padding (PS3.5 6.2) taken off first."""
    return _NOT_KEPT.sub("_", text.strip(" \0"))


def subject_key(label: str) -> str:
    """Equal for two labels that XNAT takes for the same subject."""
    return clean(label).lower()


def short_hash(text: str) -> str:
    """Eight hexadecimal digits that tell texts apart, UIDs for example."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_HASH_DIGITS]


def is_made_up(study: StudyRef) -> bool:
    """Whether the Patient ID gives no label of its own: it is empty, has nothing in it that XNAT
    would keep, or is far too long."""
    return not _gives_label(clean(study.patient_id))


def _gives_label(label: str) -> bool:
    return bool(_MEANINGFUL.search(label)) and len(label) <= LONGEST_SUBJECT


def subject_of(patient_id: str) -> str:
    """The label of the subject of a Patient ID that is not empty."""
    patient = patient_id.strip(" \0")
    label = clean(patient)
    return label if _gives_label(label) else f"ID-{short_hash(patient)}"


def labels_of(study: StudyRef) -> Labels:
    """The labels of a Study; always the same ones for the same Study and Patient ID."""
    if study.patient_id.strip(" \0"):
        subject = subject_of(study.patient_id)
    else:
        # Nothing says which Studies without a Patient ID are of one patient: each stands alone.
        subject = f"NOID-{short_hash(study.study_uid)}"
    return Labels(subject, f"{subject}_{short_hash(study.study_uid)}")
