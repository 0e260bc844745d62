"""How long a step has waited for somebody, and when to remind.

Source: rule HLP-03 of EUCAIM's transfer rules; the helpdesk promises an answer within 48 hours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from transfer.journey.standing import Standing

PATIENCE = timedelta(hours=48)


def since(utc: str) -> datetime | None:
    """A time of the ledger; None where there is none, or none that can be read."""
    try:
        at = datetime.fromisoformat(utc)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def hours_since(utc: str, now: datetime) -> int:
    """Whole hours that have passed; 0 for what is unknown or in the future."""
    at = since(utc)
    return 0 if at is None else max(0, int((now - at) / timedelta(hours=1)))


def reminded(standing: Standing, now: datetime, where: str) -> Standing:
    """The standing, with a reminder once others have been waited for too long; `where` says where
    to ask again."""
    at = since(standing.since_utc)
    if not standing.waits_for_others or at is None or now - at < PATIENCE:
        return standing
    return replace(standing, waited_h=hours_since(standing.since_utc, now), ask_again=where)
