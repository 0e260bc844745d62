"""Looking at single instances: their header, and a picture. Everything here blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transfer.ledger.connection import Ledger
from transfer.workspace import Home, Workspace

if TYPE_CHECKING:
    from transfer.preview.files import Preview
    from transfer.review.outline import Outline


@dataclass(frozen=True, slots=True)
class SeenHeader:
    """The header of an instance, and where it belongs."""

    key: str
    series_key: str
    patient_key: str
    outline: Outline


class Looks:
    """The instances of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def header(self, name: str, key: str) -> SeenHeader:
        """The header of an instance (I12), or of the one in the middle of a Series (E3).

        Raises:
            UsageError, SourceChanged: there is none, or it cannot be read.
        """
        from transfer.review.instance import find_sample, read_outline

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            sample = find_sample(ledger, key)
        outline = read_outline(sample)
        return SeenHeader(sample.key, sample.series_key, f"P{sample.patient.row}", outline)

    def example(self, name: str, key: str, example: str) -> str | None:
        """The instance to look at for a finding; None where it is about none."""
        from transfer.review.instance import key_of_example

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return key_of_example(ledger, key, example)

    def preview(self, name: str, key: str) -> Preview:
        """Write the picture of a Series, or of one instance.

        Raises:
            UsageError, SourceChanged: no picture can be made of it.
        """
        from transfer.preview.files import write_preview

        return write_preview(self._workspace(name), key)

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)
