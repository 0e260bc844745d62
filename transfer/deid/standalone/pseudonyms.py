"""How a method names patients and studies anew, for tables that have no header to rewrite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from transfer.deid.model import DataSet, Element, Header, Method, Moment, NumberNeeded, Rewritten
from transfer.deid.recipe import (
    PSEUDONYM_PREFIX,
    UID_LIMIT,
    UID_ROOT,
    digits,
    new_uid,
    pseudonym,
)
from transfer.scan.elements import Encoding
from transfer.scan.text import decoded, plain

_CHARSET: Final = 0x00080005
_PATIENT_NAME: Final = 0x00100010
_PATIENT_ID: Final = 0x00100020
_STUDY: Final = 0x0020000D
_UTF8: Final = b"ISO_IR 192"
_EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
# By what else scripts name patients.
_OTHERS: Final = (
    Element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
    Element(0x00080018, "UI", b"1.2.3.4.1.1\0"),
    Element(0x00080020, "DA", b"20200131"),
    Element(0x00080050, "SH", b"PROBE-2 "),
    Element(0x00080060, "CS", b"CT"),
    Element(0x00080080, "LO", b"PROBE-3 "),
    Element(_PATIENT_NAME, "PN", b"Probe^One "),
    Element(0x00100021, "LO", b"PROBE-4 "),
    Element(0x00100030, "DA", b"19600131"),
    Element(0x00100040, "CS", b"F "),
    Element(0x00101000, "LO", b"PROBE-5 "),
    Element(0x0020000E, "UI", b"1.2.3.4.1\0"),
    Element(0x00200010, "SH", b"PROBE-6 "),
)


@dataclass(frozen=True, slots=True)
class RecipePseudonyms:
    """As the profile `eucaim` names them in images: by one key, blanks around do not count."""

    key: str = field(repr=False)

    @property
    def is_lethe(self) -> bool:
        return False

    def patient(self, patient_id: str) -> str | None:
        return pseudonym(self.key, patient_id.strip())

    def study(self, study_uid: str, patient_id: str) -> str | None:
        return new_uid(study_uid.strip(), pseudonym(self.key, patient_id.strip()))


@dataclass(frozen=True, slots=True)
class LethePseudonyms:
    """As Lethe 0.9.16 names them in tables: an empty ID is the word `null` (but blanks are the
    empty text), and blanks around a Study Instance UID make another UID."""

    key: str = field(repr=False)

    @property
    def is_lethe(self) -> bool:
        return True

    def patient(self, patient_id: str) -> str | None:
        counted = patient_id.strip() if patient_id else "null"
        return PSEUDONYM_PREFIX + digits(f"[{self.key}]{counted}")

    def study(self, study_uid: str, patient_id: str) -> str | None:
        return f"{UID_ROOT}.{digits(study_uid + (self.patient(patient_id) or ''))}"[:UID_LIMIT]


@dataclass(frozen=True, slots=True)
class MethodPseudonyms:
    """As any method names them: it is given a header of Patient ID and Study Instance UID alone.

    A script that looks at other elements as well may give none.
    """

    method: Method
    moment: Moment

    @property
    def is_lethe(self) -> bool:
        return False

    def patient(self, patient_id: str) -> str | None:
        return self._apply(patient_id, "")[0] or None

    def study(self, study_uid: str, patient_id: str) -> str | None:
        return self._apply(patient_id, study_uid)[1] or None

    def asks_for_more(self) -> bool:
        """Whether the names depend on other elements than Patient ID and Study Instance UID, so
        that what is given here may be another one than in images."""
        return self._apply("PROBE-1", "1.2.3.4") != self._apply("PROBE-1", "1.2.3.4", _OTHERS)

    def _apply(
        self, patient_id: str, study_uid: str, others: tuple[Element, ...] = ()
    ) -> tuple[str, str]:
        header = _header(patient_id.strip(), study_uid.strip(), others)
        try:
            outcome = self.method.apply(header, self.moment)
        except NumberNeeded:
            return "", ""
        if not isinstance(outcome, Rewritten):
            return "", ""
        dataset = outcome.header.dataset
        charset = _raw(dataset, _CHARSET)
        return decoded(_raw(dataset, _PATIENT_ID), charset), plain(_raw(dataset, _STUDY))


def _header(patient_id: str, study_uid: str, others: tuple[Element, ...] = ()) -> Header:
    name = patient_id.encode()
    uid = study_uid.encode("ascii", "replace")
    elements = (
        Element(_CHARSET, "CS", _UTF8),
        Element(_PATIENT_NAME, "PN", b""),
        Element(_PATIENT_ID, "LO", name + b" " * (len(name) % 2)),
        Element(_STUDY, "UI", uid + b"\0" * (len(uid) % 2)),
        *others,
    )
    by_tag: DataSet = {element.tag: element for element in elements}
    dataset: DataSet = dict(sorted(by_tag.items()))
    return Header({}, _EXPLICIT_LITTLE, Encoding(False, True), dataset)


def _raw(dataset: DataSet, tag: int) -> bytes:
    element = dataset.get(tag)
    return element.value if element is not None and isinstance(element.value, bytes) else b""
