"""What a script's removal switches and keep lines do to elements without a rule (reference,
section 2)."""

from __future__ import annotations

from typing import Final

from transfer.deid.script.model import Script, Switch
from transfer.deid.script.scene import Level

_KEPT_UIDS: Final = frozenset((0x00080016, 0x00080018, 0x0020000D))
_KEPT_GROUPS: Final = frozenset((0x0002, 0x0028, 0x7FE0))
_OVERLAYS: Final = 0x6000
_CURVES: Final = 0x5000
_SAFE: Final = frozenset((0x0013, "CTP", offset) for offset in (0x10, 0x11, 0x12, 0x13))


class Protection:
    """The switches of one script, and which elements they spare."""

    __slots__ = (
        "_keep_groups",
        "_removes_curves",
        "keeps_safe",
        "removes_overlays",
        "removes_private",
        "removes_unspecified",
    )

    def __init__(self, script: Script) -> None:
        self.removes_private = Switch.PRIVATE_GROUPS in script.switches
        self.removes_unspecified = Switch.UNSPECIFIED in script.switches
        self.removes_overlays = Switch.OVERLAYS in script.switches
        self.keeps_safe = script.is_keeping_safe_private
        self._removes_curves = Switch.CURVES in script.switches
        self._keep_groups = script.keep_groups | _KEPT_GROUPS

    def spares(self, tag: int, level: Level | None) -> bool:
        """Whether an element without a rule is left where private or unspecified ones go.

        `level` is the data set that it lies in; None: not known, so no block is safe.
        """
        group = tag >> 16
        if group in self._keep_groups or tag in _KEPT_UIDS:
            return True
        is_private = bool(group & 1)
        repeating = group & 0xFF00
        if repeating in (_OVERLAYS, _CURVES):
            is_removed = self.removes_overlays if repeating == _OVERLAYS else self._removes_curves
            if not is_removed and not (is_private and self.removes_private):
                return True
        if not (is_private and self.keeps_safe):
            return False
        if tag & 0xFF00 == 0:
            return True
        return level is not None and is_safe(level.creator_of(tag), tag)

    def words(self, tag: int) -> str:
        """What becomes of an element without a rule, for the review."""
        if self.spares(tag, None):
            return "no rule; its group or the element is kept"
        if self.removes_private and tag & 0x10000:
            return "no rule; removed with all private groups"
        if self.removes_unspecified:
            return "no rule; removed with all unspecified elements"
        return "no rule; left as it is"


def is_safe(creator: str, tag: int) -> bool:
    """Whether a private element is one of the safe ones that we know: CTP's own block.

    CTP has a dictionary of hundreds of others, which is not ours to give away; those are removed.
    """
    return (tag >> 16, creator.upper(), tag & 0xFF) in _SAFE
