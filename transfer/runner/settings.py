"""How far a run goes, and its bounds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from transfer.bandwidth import Schedule
from transfer.deid.methods import MethodSpec
from transfer.quality.rule import Gate


class Until(StrEnum):
    """How far a run goes. `CHECK` finds all that can be found without the node. `VERIFY` sends
    nothing and looks for everything again. `CLINICAL` is the step after the images, and
    `CLINICAL_CHECK` what of it can be found without the node."""

    SCAN = "scan"
    CHECK = "check"
    PLAN = "plan"
    UPLOAD = "upload"
    VERIFY = "verify"
    CLINICAL = "clinical"
    CLINICAL_CHECK = "clinical-check"

    @property
    def asks_the_node(self) -> bool:
        return self not in (Until.SCAN, Until.CHECK, Until.CLINICAL_CHECK)


def no_schedule() -> Schedule | None:
    """No limits of the week."""
    return None


def utc_clock() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds of a run. Times in seconds.

    `patience_s` is how long the whole node may be in trouble before the run gives up. `method` is
    what de-identifies; without one files go as they are. `concurrency` bounds how many requests run
    at the same time; None leaves it to the node. `gate` says which rules stop a transfer. `address`
    is where the node is: at another one than before, what was seen there is looked for again.
    `schedule` is asked in a thread, again and again, for the limits of the week; `wall_clock` and
    `zone` (None: this machine's) say where in the week we are.
    """

    require_deidentified: bool
    gate: Gate = "integrity"
    method: MethodSpec | None = None
    address: str = ""
    processes: int = max(1, (os.cpu_count() or 2))
    concurrency: int | None = None
    patience_s: float = 900.0
    first_pause_s: float = 1.0
    stop_grace_s: float = 20.0
    listing_delay_s: float | None = None
    schedule: Callable[[], Schedule | None] = no_schedule
    wall_clock: Callable[[], datetime] = utc_clock
    zone: tzinfo | None = None
