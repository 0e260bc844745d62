"""Under which names patients, Studies, Series and instances are known to the node.

Where a transfer de-identifies that is what leaves, which the ledger keeps sealed; elsewhere it is
what the files say. Whoever speaks with the node asks here. At the end of retention originals are
removed and what was sealed stands open, as text: it leads to nobody any more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from transfer.errors import UsageError
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPInstanceUID,
    StudyInstanceUID,
    StudyRef,
)

if TYPE_CHECKING:
    from transfer.deid.keys.seal import Seal

STUDY_COLUMNS: Final = "s.study_uid, s.out_study_uid, p.original_id, p.pseudonym"
"""What `Names.study` takes, of study `s` and patient `p`."""

SERIES_COLUMNS: Final = f"{STUDY_COLUMNS}, e.series_uid, e.out_series_uid"
"""What `Names.series` takes, of series `e`, study `s` and patient `p`."""

REMOVED: Final = "\x1f"
"""What stands first in the place of an original that was removed. No header holds it: the scan
takes control characters for what they are."""

_KEPT_OPEN = 1 << 12


class Names:
    """The names of one transfer: with a seal only what was sealed, without one what the files say.

    What should be sealed and is not has not been de-identified; its original name stays here.
    """

    def __init__(self, seal: Seal | None = None) -> None:
        self._seal = seal
        # Thousands of instances share a handful of Studies.
        self._opened = lru_cache(_KEPT_OPEN)(self._open)

    @property
    def has_seal(self) -> bool:
        """Whether the cohort's key is at hand."""
        return self._seal is not None

    @property
    def seal(self) -> Seal:
        """The seal itself, for writing.

        Raises:
            UsageError: there is none.
        """
        if self._seal is None:
            raise UsageError(
                "This transfer de-identifies, and its key was not opened.",
                "See what is wrong with the key: eucaim-transfer key show NAME",
            )
        return self._seal

    def study(
        self, study: str, out_study: bytes | str | None, patient: str, pseudonym: bytes | str | None
    ) -> StudyRef:
        """A Study as it goes. Raises as `instance`."""
        from transfer.deid.keys import seal

        return StudyRef(
            StudyInstanceUID(self._name(study, out_study, seal.STUDY_UID)),
            self._name(patient, pseudonym, seal.PATIENT_ID),
        )

    def series(
        self,
        study: str,
        out_study: bytes | str | None,
        patient: str,
        pseudonym: bytes | str | None,
        series: str,
        out_series: bytes | str | None,
    ) -> SeriesRef:
        """A Series as it goes. Raises as `instance`."""
        from transfer.deid.keys import seal

        named = self.study(study, out_study, patient, pseudonym)
        uid = SeriesInstanceUID(self._name(series, out_series, seal.SERIES_UID))
        return SeriesRef(named.study_uid, uid, named.patient_id)

    def patient(self, original: str, pseudonym: bytes | str | None) -> str:
        """A patient as its images go. Raises as `instance`."""
        from transfer.deid.keys import seal

        return self._name(original, pseudonym, seal.PATIENT_ID)

    def pseudonym(self, sealed: bytes | str | None) -> str:
        """A patient's pseudonym; empty where there is none, or where it cannot be opened here."""
        from transfer.deid.keys import seal

        if isinstance(sealed, str):
            return sealed
        if sealed is None or self._seal is None:
            return ""
        return self._opened(sealed, seal.PATIENT_ID)

    def instance(self, uid: str, out_uid: bytes | str | None) -> SOPInstanceUID:
        """An instance as it goes.

        Raises:
            UsageError: it is sealed, and the key is missing or another one.
        """
        from transfer.deid.keys import seal

        return SOPInstanceUID(self._name(uid, out_uid, seal.SOP_INSTANCE_UID, is_many=True))

    def shown(self, uid: str, out_uid: bytes | str | None) -> str:
        """An instance as the node would know it; empty where it has no such name, or where that
        cannot be opened here."""
        is_removed = out_uid is None and uid.startswith(REMOVED)
        is_known = isinstance(out_uid, str) or (out_uid is None) is (self._seal is None)
        return self.instance(uid, out_uid) if is_known and not is_removed else ""

    def _name(
        self, original: str, sealed: bytes | str | None, context: str, *, is_many: bool = False
    ) -> str:
        if isinstance(sealed, str):
            return sealed
        if sealed is None and original.startswith(REMOVED):
            raise UsageError(
                "Under which name this went is not known any more: it was removed at the end of"
                " retention.",
                "Nothing to do: the receipts in the report hold what is kept.",
            )
        if sealed is None and self._seal is None:
            return original
        if sealed is None:
            raise UsageError(
                "Something was about to be named to the node that was not de-identified yet.",
                "Upload again, which does that first. If this comes back, tell the makers.",
            )
        return self._open(sealed, context) if is_many else self._opened(sealed, context)

    def _open(self, sealed: bytes, context: str) -> str:
        return self.seal.open(sealed, context)
