"""All that the screens ask of rehearsals: what one takes, one that runs, and how the last went."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial

from transfer.clock import utc_now
from transfer.errors import RunnerHeld, StepBlocked, TransferError
from transfer.rehearsing.beginning import Needs
from transfer.rehearsing.record import Summary
from transfer.workspace import Home
from tui.cli.play import with_extra
from tui.rehearsing import Rehearsed, last_rehearsal, needs, rehearse


@dataclass
class Rehearsing:
    """One rehearsal that runs, or ran, since the screens were started. `patients` is 0 for all."""

    patients: int = 0
    lines: list[str] = field(default_factory=list)
    began_s: float = field(default_factory=time.monotonic)
    ended_at_utc: str = ""
    done: Rehearsed | None = None
    failure: Exception | None = None
    is_over: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began_s

    @property
    def was_stopped(self) -> bool:
        """A person ended it before it came to an end of its own."""
        return self.is_over and self.stop.is_set() and self.done is not None and self.done.code != 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How rehearsing stands. `refusal` says why none can begin, and then `needs` is None; `last`
    is the last one that came to its end."""

    needs: Needs | None
    refusal: TransferError | None
    last: Summary | None


class Rehearsals:
    """The rehearsals of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._running: dict[str, Rehearsing] = {}

    def look(self, name: str) -> Standing:
        """How rehearsing a transfer stands."""
        last = last_rehearsal(self._home, name)
        try:
            return Standing(needs(self._home, name), None, last)
        except (StepBlocked, RunnerHeld) as error:
            return Standing(None, error, last)

    def begin(self, name: str, patients: int = 0) -> None:
        """Rehearse, in a thread that outlives the screen; see `running`. Does not block."""
        now = self._running.get(name)
        if now is not None and not now.is_over:
            return
        self._running[name] = running = Rehearsing(patients)
        threading.Thread(target=partial(self._run, name, running), name="rehearsal").start()

    def running(self, name: str) -> Rehearsing | None:
        """The rehearsal that runs, or ran last. Does not block."""
        return self._running.get(name)

    def stop(self, name: str) -> None:
        """End the one that runs, and remove all that it made. Does not block."""
        running = self._running.get(name)
        if running is not None:
            running.stop.set()

    def end(self) -> None:
        """The screens end: so do the rehearsals. Does not block."""
        for name in self._running:
            self.stop(name)

    def _run(self, name: str, running: Rehearsing) -> None:
        try:
            running.done = self._rehearse(name, running)
        except Exception as error:  # noqa: BLE001 - raised again where the screen looks
            running.failure = error
        finally:
            running.ended_at_utc = utc_now()
            running.is_over = True

    def _rehearse(self, name: str, running: Rehearsing) -> Rehearsed:
        with with_extra():
            import adapters.sandbox.server  # noqa: F401 - said before anything is copied
        return rehearse(
            self._home, name, running.lines.append, patients=running.patients, stop=running.stop
        )
