"""What the project of the node calls a timepoint: asked once, kept with the transfer.

UPV's timepoints are names of a project, EUCAIM's are an episode and a number (EUCAIM's
requirements, section 16). Whoever plans asks `timepoint_of`, which has the name with it.
"""

from __future__ import annotations

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import episode_named


def set_timepoint_name(ledger: Ledger, episode: str, number: int, name: str) -> None:
    """Keep what the destination's project calls a timepoint; an empty name forgets it.

    Raises:
        UsageError: there is no such episode, or the number is below 1.
    """
    word = episode_named(episode)
    if number < 1:
        raise UsageError("Timepoints are counted from 1.", "Give a whole number from 1.")
    with ledger.transaction():
        if name.strip():
            ledger.write(
                "INSERT OR REPLACE INTO timepoint_name SELECT destination, ?, ?, ? FROM transfer",
                word,
                number,
                name.strip(),
            )
        else:
            ledger.write(
                "DELETE FROM timepoint_name WHERE episode = ? AND number = ?"
                " AND destination = (SELECT destination FROM transfer)",
                word,
                number,
            )


def timepoint_names(ledger: Ledger) -> list[tuple[str, int, str]]:
    """Episode and number of every timepoint in use, with the project's name for it, or empty."""
    return [
        (episode, number, name)
        for episode, number, name in ledger.rows(
            "SELECT DISTINCT t.episode, t.number, ifnull(n.name, '') FROM timepoint t"
            " LEFT JOIN timepoint_name n ON n.episode = t.episode AND n.number = t.number"
            " AND n.destination = (SELECT destination FROM transfer)"
            " WHERE t.number IS NOT NULL ORDER BY t.number, t.episode"
        )
    ]
