"""The end of retention: what the command and the screens share, and a removal that a screen began.

Everything here blocks unless it says that it does not: call in threads.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, record_word
from transfer.ledger.retention import Retention, keep_due, read_retention
from transfer.retention.folder import REPORT
from transfer.retention.keys import any_key
from transfer.retention.names import sealed_names, went_under_originals
from transfer.retention.purging import Hands, Purged, purge
from transfer.retention.readiness import refuse_unfinished, unfinished
from transfer.sentences import listed
from transfer.status import read_status
from transfer.workspace import Home, Workspace
from tui.choosing import names_of
from tui.speaking import Hears

NOT_HERE: Final = (
    "the source folder and the clinical table themselves",
    "reports, lists, and exported keys or crosswalks that were written elsewhere",
    "backups and snapshots of the home, and what a disk keeps of deleted files",
    "the sign-in to the node (eucaim-transfer logout NODE)",
)
"""What a removal cannot reach, for the one who answers for it."""


@dataclass(frozen=True, slots=True)
class End:
    """How a transfer stands at the end of its retention. `unfinished`: for what originals are still
    needed. `may_keep_names`: those on the node are no originals."""

    retention: Retention
    unfinished: Sequence[str]
    may_keep_names: bool
    today: dt.date


@dataclass
class Removal:
    """A removal that was begun here. It is not stopped: killed midway, the next one goes on."""

    stage: str = "Looking whether it may begin."
    purged: Purged | None = None
    failure: Exception | None = None
    is_over: bool = False


class Purging(Hears):
    """The end of retention of all transfers of a home. `person`: who answered for it last."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._removals: dict[str, Removal] = {}

    def look(self, name: str) -> End:
        """How it stands."""
        workspace = self._workspace(name)
        today = _today()
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            now = read_retention(ledger)
            left = [] if now.is_begun else unfinished(ledger, read_status(workspace, ledger), today)
            may_keep = now.names != "removed" and not went_under_originals(ledger)
            return End(now, left, may_keep, today)

    def keep_due(self, name: str, day: dt.date | None, person: str) -> None:
        """Record the day of the removal by a person's word; None takes it back."""
        with Ledger.open(self._workspace(name).ledger) as ledger:
            said = day.isoformat() if day else "none"
            record_word(ledger, Word("purge", said, person, "retention"))
            keep_due(ledger, day)
        self.person = person

    def removal(self, name: str) -> Removal | None:
        """The removal that was begun here last. Does not block."""
        return self._removals.get(name)

    def begin(
        self, name: str, confirm: str, person: str, *, even_unfinished: bool, keeps_names: bool
    ) -> None:
        """Remove the originals, in a thread that outlives the screen. Does not block."""
        now = self._removals.get(name)
        if now is not None and not now.is_over:
            return
        self._removals[name] = removal = Removal()
        self.person = person
        remove = partial(
            self._remove, name, confirm, person, even_unfinished=even_unfinished,
            keeps_names=keeps_names, removal=removal,
        )  # fmt: skip
        threading.Thread(target=partial(_run, removal, remove), name="purge").start()

    def _remove(
        self,
        name: str,
        confirm: str,
        person: str,
        *,
        even_unfinished: bool,
        keeps_names: bool,
        removal: Removal,
    ) -> None:
        workspace = self._workspace(name)
        with Ledger.open(workspace.ledger) as ledger:
            if not read_retention(ledger).is_begun:
                refuse_other_name(name, confirm)
                if not even_unfinished:
                    status = read_status(workspace, ledger)
                    refuse_unfinished(unfinished(ledger, status, _today()))
                record_word(ledger, Word("purge", "now", person, "end of retention"))
            hands = Hands(
                partial(self._write_evidence, workspace),
                self._open_names,
                partial(forget_passphrase, self._home),
                partial(setattr, removal, "stage"),
            )
            removal.purged = purge(self._home, workspace, ledger, hands, keeps_names=keeps_names)

    def _write_evidence(self, workspace: Workspace) -> str:
        from tui.cli.report import make_report

        def named(ledger: Ledger) -> bool:
            ledger.names = names_of(self._home, ledger)
            return ledger.names.has_seal

        return make_report(self._home, workspace, workspace.folder / REPORT, named).digest

    def _open_names(self, ledger: Ledger) -> None:
        if not sealed_names(ledger):
            return
        ledger.names = names_of(self._home, ledger)
        if not ledger.names.has_seal:
            raise UsageError(
                "The cohort's key cannot be opened here; nothing was removed.",
                "Use the command, which takes the passphrase: eucaim-transfer purge NAME",
            )

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def refuse_other_name(name: str, typed: str) -> None:
    """Raises UsageError unless the transfer's name was typed, to the letter."""
    if typed != name:
        raise UsageError(
            "The name that was typed is another one; nothing was removed.",
            f"Letter by letter, case included, it is: {name}",
        )


def _run(removal: Removal, remove: partial[None]) -> None:
    try:
        remove()
    except Exception as error:  # noqa: BLE001 - raised again where the screen looks
        removal.failure = error
    finally:
        removal.is_over = True


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


def forget_passphrase(home: Home) -> None:
    """It opens nothing any more once the last key of the home is gone."""
    from adapters.secrets import SecretStore
    from tui.cli.desk import PASSPHRASE

    if not any_key(home):
        SecretStore(home.root).delete(PASSPHRASE)


def key_told(now: Retention, purged: Purged) -> str:
    """What became of the cohort's key."""
    if now.key_fate == "kept":
        needed = listed(purged.needed_by, 8)
        return (
            f"kept: {needed} needs it"
            if purged.needed_by
            else "kept: another transfer or cohort has the same"
        )
    return {"removed": "removed", "none": "there was none"}.get(now.key_fate, "not known")


def names_told(now: Retention) -> str:
    """Whether a withdrawal can still be answered."""
    if now.names == "kept":
        return "kept as on the node: recall by pseudonym answers a withdrawal"
    return "removed too: no withdrawal can be answered from here"
