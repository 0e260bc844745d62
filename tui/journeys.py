"""All that screens and commands ask about a journey. Everything here blocks: call in threads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from transfer.errors import TransferError, UsageError
from transfer.journey.recording import Said, record_by_hand
from transfer.journey.standing import JourneyState, Standing
from transfer.journey.state import read_journey
from transfer.journey.steps import Journey, JourneyStep
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import remember_place
from transfer.status import Status
from transfer.workspace import Home, Workspace
from tui import figures
from tui.speaking import Hears

# What stays reachable when a node was taken out of the configuration.
IMAGES_ALONE = Journey("", (JourneyStep("images", 8, "Send the images", "", "", "upload"),))


def journey_of_node(home: Home, node: str) -> Journey:
    """The steps of a node.

    Raises:
        UsageError: the configuration cannot be read, or does not know the node any more.
    """
    from adapters.loopback import is_sandbox
    from adapters.registry import journey
    from tui.nodes import choose_node

    profile = choose_node(home, node).profile
    return replace(journey(profile), is_sandbox=partial(is_sandbox, profile))


@dataclass(frozen=True, slots=True)
class Look:
    """A journey as it stands. `lost` says why it is the images' step alone."""

    state: JourneyState
    lost: UsageError | None = None


class Journeys(Hears):
    """The journeys of all transfers of a home. `person` is the name that was given last: whoever
    records several steps types it once."""

    def __init__(
        self,
        home: Home,
        of_node: Callable[[str], Journey] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._home = home
        self._of_node = of_node or (lambda node: journey_of_node(home, node))
        self._known: dict[str, Journey] = {}
        self.now = now

    def look(self, status: Status) -> Look:
        """How far a transfer is on its node's journey."""
        node = status.order.node
        try:
            if node not in self._known:
                self._known[node] = self._of_node(node)
        except UsageError as lost:
            return Look(read_journey(self._home, status, IMAGES_ALONE, self.now()), lost)
        return Look(read_journey(self._home, status, self._known[node], self.now()))

    def record(self, name: str, standing: Standing, said: Said) -> None:
        """Keep what a person says of a step. Raises: UsageError, StepBlocked, LedgerDamaged."""
        with Ledger.open(self._ledger(name)) as ledger:
            record_by_hand(self._home, ledger, standing, said)

    def remember(self, name: str, step: str) -> None:
        """Keep where the operator is; a ledger that cannot be written to just forgets it."""
        with contextlib.suppress(TransferError), Ledger.open(self._ledger(name)) as ledger:
            remember_place(ledger, step)

    def _ledger(self, name: str) -> Path:
        return Workspace(self._home.transfers / name).ledger


def facts_told(standing: Standing, now: datetime) -> str:
    """Since when a step is as it is, who says so, and by what that can be proved; for how long
    only where others are waited for."""
    facts = []
    if standing.since_utc and standing.waits_for_others:
        facts.append(figures.since(standing.since_utc, now))
    elif standing.since_utc:
        facts.append(f"since {figures.moment(standing.since_utc)}")
    if standing.person:
        facts.append(f"by {standing.person}")
    if standing.evidence:
        facts.append(f"evidence: {standing.evidence}")
    told = ", ".join(facts)
    return f"{told[0].upper()}{told[1:]}." if told else ""
