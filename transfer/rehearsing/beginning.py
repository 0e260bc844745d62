"""The beginning of a rehearsal: whether there may be one, what it takes, and the copies for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.deid.keys.keyring import keys_folder
from transfer.errors import RunnerHeld, StepBlocked
from transfer.ledger.clinical_items import count_there
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import has_gone
from transfer.ledger.holder import is_held
from transfer.ledger.retention import refuse_purged
from transfer.machine.resources import free_memory_bytes
from transfer.method_files import copy_method_files
from transfer.rehearsing.place import Place
from transfer.sentences import size
from transfer.workspace import Home, Workspace

_HEADER_BYTES: Final = 12 * 1024
"""What the stand-in keeps of an image on a disk with blocks of 4 kB, measured generously."""
_IN_FLIGHT_BYTES: Final = 2 << 30
_LEDGER_TIMES: Final = 3
"""The copy of the ledger, its log, and the record."""
_INDEX_BYTES: Final = 4096
"""What the stand-in holds in memory of an instance."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a rehearsal takes for a while: disk, and memory of the stand-in. `is_known`: the source
    was scanned, so that its instances were counted. What is free is None where nobody can tell."""

    disk_bytes: int
    memory_bytes: int
    free_disk_bytes: int
    free_memory_bytes: int | None
    is_known: bool

    @property
    def sentence(self) -> str:
        if not self.is_known:
            return (
                "How much space it takes is known once the source was scanned: about 12 kB of disk"
                f" and 4 kB of memory for an image; {size(self.free_disk_bytes)} of disk are free."
            )
        memory = self.free_memory_bytes
        free = "" if memory is None else f" ({size(memory)} are free)"
        return (
            f"It takes up to {size(self.disk_bytes)} of disk for a while"
            f" ({size(self.free_disk_bytes)} are free) and {size(self.memory_bytes)} of"
            f" memory{free}: of images the stand-in keeps headers, but no pixels."
        )

    @property
    def is_too_much(self) -> bool:
        memory = self.free_memory_bytes
        is_memory_short = memory is not None and self.memory_bytes > memory
        return self.disk_bytes > self.free_disk_bytes or is_memory_short


def needs_of(workspace: Workspace, ledger: Ledger, patients: int = 0) -> Needs:
    """What a rehearsal of this transfer takes, of all or of so many patients."""
    most = patients or -1
    instances = ledger.number(
        "SELECT sum(t.n) FROM tally t JOIN series e ON e.id = t.series_id"
        " JOIN study s ON s.id = e.study_id WHERE t.state IN ('ready', 'failed')"
        " AND s.patient_id IN (SELECT id FROM patient ORDER BY id LIMIT ?)",
        most,
    )
    volumes = ledger.number("SELECT sum(size_bytes) FROM volume")
    disk = instances * _HEADER_BYTES + volumes + _IN_FLIGHT_BYTES
    disk += _LEDGER_TIMES * workspace.ledger.stat().st_size
    memory = instances * _INDEX_BYTES
    return Needs(disk, memory, workspace.free_bytes(), free_memory_bytes(), instances > 0)


def refuse_begun(workspace: Workspace, ledger: Ledger) -> None:
    """A rehearsal comes before the first byte has gone.

    Raises:
        StepBlocked: something has gone, or may have, or originals are removed.
        RunnerHeld: a runner has the transfer.
    """
    refuse_purged(ledger)
    if is_held(workspace.lock):
        raise RunnerHeld(
            "A runner works on this transfer at this moment.",
            "Let it end, or stop it: eucaim-transfer stop NAME",
        )
    attempted = ledger.number(
        "SELECT EXISTS (SELECT 1 FROM attempt)"
        " OR EXISTS (SELECT 1 FROM volume WHERE sent_at_utc IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM clinical_item WHERE attempts > 0)"
    )
    if attempted or has_gone(ledger) or count_there(ledger):
        raise StepBlocked(
            "Something of this transfer has gone to its node already, or may have: it is too late"
            " to rehearse it.",
            "Go on with: eucaim-transfer upload NAME; or make a new transfer of the same source,"
            " and rehearse that.",
        )


def refuse_too_much(needs: Needs) -> None:
    """Raises StepBlocked where disk or memory would be full midway."""
    if needs.is_too_much:
        raise StepBlocked(
            "This machine has too little space for the rehearsal of all that goes."
            f" {needs.sentence}",
            "Rehearse some patients: eucaim-transfer rehearse NAME --patients 10; or free some"
            " space.",
        )


def copy_transfer(home: Home, place: Place, ledger: Ledger) -> None:
    """Copy ledger and method into the place, which gets a way to the keys of the real home: no
    second copy of a key comes into being."""
    place.make()
    ledger.copy_to(place.copy.ledger)
    copy_method_files(place.workspace.folder, place.copy.folder)
    keys = keys_folder(home)
    if keys.is_dir():
        link: Path = keys_folder(place.home)
        link.symlink_to(keys.resolve(), target_is_directory=True)


def bind(copy: Ledger, destination: str) -> None:
    """Let the copy go to a project of the stand-in, by the same name wherever it has one."""
    with copy.transaction():
        copy.write("UPDATE transfer SET destination = ?", destination)
        copy.write("UPDATE control SET wish = 'run', bytes_per_s = NULL, limit_until_utc = NULL")
