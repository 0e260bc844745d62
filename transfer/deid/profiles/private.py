"""Private elements that a profile keeps by name: known by their creator, wherever their block is
(PS3.5 section 7.8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transfer.deid.model import DataSet, Element
from transfer.deid.profiles import treat
from transfer.deid.profiles.actions import Action
from transfer.deid.profiles.table import Group, PrivateElement
from transfer.deid.profiles.treat import Patient
from transfer.deid.profiles.vrpolicy import NUMBER_BYTES

_LONGEST_VALUE_BYTES: Final = 256


class SafePrivate:
    """The private elements of a profile, ready to be looked for."""

    def __init__(self, elements: Mapping[PrivateElement, Group]) -> None:
        self._vrs = {
            (element.group, element.creator.encode("ascii"), element.number): element.vr
            for element, group in elements.items()
            if group.action is Action.KEEP
        }
        self._groups = frozenset(group for group, _, _ in self._vrs)

    def __bool__(self) -> bool:
        return bool(self._vrs)

    def kept(self, patient: Patient, dataset: DataSet) -> DataSet:
        """The elements of a data set that stay, each with its creator."""
        out: DataSet = {}
        for tag, element in dataset.items():
            if tag >> 16 not in self._groups or tag & 0xFFFF <= 0xFF:
                continue
            creator_tag = (tag & 0xFFFF0000) | ((tag >> 8) & 0xFF)
            creator = dataset.get(creator_tag)
            if creator is None or not isinstance(creator.value, bytes):
                continue
            name = creator.value.strip(b" \0")
            vr = self._vrs.get((tag >> 16, name, tag & 0xFF))
            if vr is None or element.vr not in (vr, "UN"):
                continue
            value = element.value
            if not isinstance(value, bytes) or len(value) > _LONGEST_VALUE_BYTES:
                continue
            if not _is_of(value, vr, is_known=element.vr == vr or patient.is_little):
                continue
            out[creator_tag] = Element(creator_tag, "LO", name)
            # In implicit VR the label changes nothing; in explicit VR it makes UN readable.
            out[tag] = Element(tag, vr, value)
        return out


def _is_of(value: bytes, vr: str, *, is_known: bool) -> bool:
    size = NUMBER_BYTES.get(vr)
    if size is not None:
        return is_known and len(value) == size
    return treat.is_well_formed(value, vr)
