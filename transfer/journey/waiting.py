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


def overdue_h(utc: str, now: datetime) -> int:
    """Whole hours that an answer has been waited for, once that is too long; 0 before."""
    at = since(utc)
    return 0 if at is None or now - at < PATIENCE else hours_since(utc, now)


def reminded(standing: Standing, now: datetime, where: str) -> Standing:
    """The standing, with a reminder once others have been waited for too long; `where` says where
    to ask again."""
    waited_h = overdue_h(standing.since_utc, now) if standing.waits_for_others else 0
    return replace(standing, waited_h=waited_h, ask_again=where) if waited_h else standing
