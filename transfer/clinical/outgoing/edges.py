"""Whether the months of a patient, with the days between them, say which day each of them was.

A month and the number of days from day 0 leave as many days for day 0 as the month has. Another
date leaves fewer: none lies before the first of its month or behind the last. Where one was a first
and one a last, a single day is left, and with it every date is known.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Final

_MOST: Final = 31


class Edges:
    """How near to both ends of their months the dates of each patient lie, the nearest of each; two
    bytes a patient."""

    def __init__(self, patients: int) -> None:
        self._before = bytearray([_MOST]) * (patients + 1)
        self._behind = bytearray([_MOST]) * (patients + 1)

    def see(self, patient: int, day: dt.date) -> None:
        """Look at one more date."""
        behind = monthrange(day.year, day.month)[1] - day.day
        self._before[patient] = min(self._before[patient], day.day - 1)
        self._behind[patient] = min(self._behind[patient], behind)

    def give_days_away(self, patient: int) -> bool:
        """Whether one day alone is left to day 0 of this patient."""
        return not (self._before[patient] or self._behind[patient])
