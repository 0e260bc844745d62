"""What a transfer already knows of what a ticket asks for: offered, and free to be changed.

Counts, names of timepoints, and what the dataset is known by; nothing of any patient.
"""

from __future__ import annotations

import platform

from transfer import __version__
from transfer.catalogue.fields import said_texts
from transfer.catalogue.standing import read_catalogue
from transfer.evidence.manifest import digest_sentence
from transfer.ledger.census import take_census
from transfer.ledger.chosen import read_chosen
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import read_runner
from transfer.ledger.order import read_order
from transfer.ledger.publication import bound_dataset
from transfer.ledger.reports import newest_report
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
        **_dataset(ledger),
        "report": _report(ledger),
    }
    if runner.exit_code:
        found["at_step"] = runner.phase
        found["error_code"] = f"exit code {runner.exit_code}"
    return {key: text for key, text in found.items() if text}


def _dataset(ledger: Ledger) -> dict[str, str]:
    """Of the dataset, as the catalogue is to know it (CAT-01)."""
    bound, texts = bound_dataset(ledger), said_texts(ledger)[0]
    return {
        "dataset": read_catalogue(ledger).identifier,
        "dataset_name": " ".join(texts.get("title", ())),
        "dataset_url": bound.dataset.link if bound is not None else "",
    }


def _report(ledger: Ledger) -> str:
    """The sentence by which the newest report can be proved; empty while there is none."""
    found = newest_report(ledger)
    return digest_sentence(read_order(ledger).name, found.digest) if found else ""


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
