"""Subject and session labels, made from what travels with the images. Pure functions.

XNAT keeps letters, digits, `_` and `-` of a label and turns the rest into `_`; it looks subjects
up without regard to case. Two labels that differ only so are one to it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from transfer.values import StudyInstanceUID, StudyRef

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


def short_hash(study_uid: StudyInstanceUID) -> str:
    """Eight hexadecimal digits that tell the Studies of one patient apart."""
    return hashlib.sha256(study_uid.encode()).hexdigest()[:_HASH_DIGITS]


def labels_of(study: StudyRef) -> Labels | None:
    """The labels of a Study; None where its Patient ID gives none (empty, nothing that XNAT
    would keep, or far too long)."""
    subject = clean(study.patient_id)
    if not _MEANINGFUL.search(subject) or len(subject) > LONGEST_SUBJECT:
        return None
    return Labels(subject, f"{subject}_{short_hash(study.study_uid)}")
