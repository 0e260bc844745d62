"""What a transfer already knows of what a ticket asks for: offered, and free to be changed.

Counts and names of timepoints alone; nothing of any patient.
"""

from __future__ import annotations

import platform

from transfer import __version__
from transfer.ledger.census import take_census
from transfer.ledger.chosen import read_chosen
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import read_runner
from transfer.ledger.order import read_order
from transfer.ledger.timepoint_names import timepoint_names
from transfer.sentences import count

_GB = 1_000_000_000


def proposed_fields(ledger: Ledger, username: str = "") -> dict[str, str]:
    """By the key of a ticket's field; only what is known. `username` is the account's."""
    order, runner = read_order(ledger), read_runner(ledger)
    found = {
        "username": username,
        "timepoints": _timepoints(ledger),
        "volume": _volume(ledger),
        "node": order.node,
        "project": order.destination,
        "version": f"eucaim-transfer {__version__}, Python {platform.python_version()},"
        f" {platform.system()} {platform.machine()}",
    }
    if runner.exit_code:
        found["at_step"] = runner.phase
        found["error_code"] = f"exit code {runner.exit_code}"
    return {key: text for key, text in found.items() if text}


def _timepoints(ledger: Ledger) -> str:
    names = [name or f"{episode} {number}" for episode, number, name in timepoint_names(ledger)]
    return ", ".join(dict.fromkeys(names))


def _volume(ledger: Ledger) -> str:
    census, chosen = take_census(ledger), read_chosen(ledger)
    patients, studies = (
        (chosen.patients, chosen.studies) if chosen else (census.patients, census.studies)
    )
    if not studies:
        return ""
    size = census.bytes_total / _GB
    told = f"{size:,.1f} GB" if size >= 0.1 else "less than 0.1 GB"
    # Thousands have their comma, so that no count reads like a patient's number.
    return f"{count(patients, 'patient')}, {count(studies, 'study', 'studies')}, {told}"
