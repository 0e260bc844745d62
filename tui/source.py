"""All that screens ask of the engine and the adapters. Everything here blocks: call in threads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transfer.errors import LedgerDamaged, TransferError, UsageError
from transfer.ledger.connection import Ledger, way_out
from transfer.workspace import Workspace
from tui.folders import Folder, complete, look_into
from tui.rooms import Rooms

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile
    from transfer.journey.standing import JourneyState
    from transfer.journey.steps import Journey
    from transfer.ledger.census import FailedInstance, LeftOut, StudyRow
    from transfer.ledger.control import Wish
    from transfer.ledger.order import Order, Word
    from transfer.node import Destination
    from transfer.status import Status
    from tui.journeys import Journeys
    from tui.limiting import Limits

Until = Literal["scan", "check", "upload", "verify", "clinical"]
_LOOKED_BACK = 20


@dataclass(frozen=True, slots=True)
class Glance:
    """One look at one transfer: its status and its journey, or why there is none. `lost` says why
    the journey is the images' step alone."""

    name: str
    status: Status | None = None
    trouble: TransferError | None = None
    journey: JourneyState | None = None
    lost: UsageError | None = None

    @property
    def state(self) -> str:
        return self.status.state if self.status else "unreadable"


@dataclass(frozen=True, slots=True)
class NodeChoice:
    """One node to send to. `missing` names what its configuration lacks."""

    name: str
    what: str
    missing: tuple[str, ...] = ()
    remedy: str = ""
    wants_deidentified: bool = True
    destinations: tuple[Destination, ...] = ()


@dataclass(frozen=True, slots=True)
class Launch:
    """How the runner was started, in words, and whether it outlives the log-out."""

    how: str
    survives_logout: bool


class Source(Rooms):
    """The engine as the screens see it. `zone` is that of the clock on the wall; None: this
    machine's."""

    zone: tzinfo | None = None

    @cached_property
    def journeys(self) -> Journeys:
        from tui.journeys import Journeys

        return self.heard_here(Journeys(self.home, self.journey, self.now))

    def names(self) -> list[str]:
        """Names of all transfers."""
        return self.home.names()

    def glance(self, name: str) -> Glance:
        """Look at one transfer; never raises for one that cannot be read."""
        from transfer.status import read_status

        try:
            status = read_status(self._workspace(name))
            look = self.journeys.look(status)
            return Glance(name, status, journey=look.state, lost=look.lost)
        except TransferError as error:
            return Glance(name, trouble=error)
        except (OSError, ValueError, TypeError, AssertionError) as error:
            # A ledger that opens but holds nonsense must not take the other rows down.
            trouble = LedgerDamaged(
                f"The ledger does not hold what it should ({type(error).__name__}).",
                way_out(self._workspace(name).ledger),
            )
            return Glance(name, trouble=trouble)

    def studies(self, name: str, limit: int, offset: int) -> list[StudyRow]:
        """A page of Studies."""
        from transfer.ledger.census import list_studies

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return list_studies(ledger, limit=limit, offset=offset)

    def left_out(self, name: str, limit: int, offset: int) -> list[LeftOut]:
        """A page of files that do not go."""
        from transfer.ledger.census import list_left_out

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return list_left_out(ledger, limit=limit, offset=offset)

    def failed(self, name: str, limit: int, offset: int) -> list[FailedInstance]:
        """A page of instances that the node did not take."""
        from transfer.ledger.census import list_failed

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return list_failed(ledger, limit=limit, offset=offset)

    def wish(self, name: str, wish: Wish) -> None:
        """Ask the runner to run, pause or stop."""
        from transfer.ledger.control import set_wish

        with Ledger.open(self._workspace(name).ledger) as ledger:
            set_wish(ledger, wish)

    @cached_property
    def limits(self) -> Limits:
        from tui.limiting import Limits

        return Limits(self.home, self.now, self.zone)

    def look_at_limits(self) -> Limits:
        """The limits of bandwidth, as config.toml says now."""
        return self.limits.look()

    def limit(self, name: str, text: str) -> None:
        """Limit the rate, lift the limit, or leave it to the schedule."""
        self.limits.order(self._workspace(name), text)

    def record(self, name: str, word: Word) -> None:
        """Keep what a named person said."""
        from transfer.ledger.order import record_word

        with Ledger.open(self._workspace(name).ledger) as ledger:
            record_word(ledger, word)

    def journey(self, node: str) -> Journey:
        """The steps of a node.

        Raises:
            UsageError: the configuration cannot be read, or does not know the node any more.
        """
        from tui.journeys import journey_of_node

        return journey_of_node(self.home, node)

    def now(self) -> datetime:
        """The time by which waiting is judged."""
        return datetime.now(UTC)

    def nodes(self) -> list[NodeChoice]:
        """Every node that a transfer can go to, with what its configuration lacks.

        Raises:
            UsageError: config.toml cannot be used.
        """
        from adapters.profiles import load_profiles

        return [
            self._choice(profile) for profile in load_profiles(self.home.config_folder).values()
        ]

    def destinations(self, node: str) -> list[Destination]:
        """Where the account may send to, as the node itself says; signs in for it.

        Raises:
            NodeError, UsageError: the node cannot be asked.
        """
        import asyncio

        from tui.nodes import choose_node

        async def ask() -> list[Destination]:
            asked = choose_node(self.home, node).open()
            try:
                return list(await asked.destinations())
            finally:
                await asked.aclose()

        return asyncio.run(ask())

    def config_file(self) -> Path:
        """Where the nodes are configured."""
        return self.home.config_folder / "config.toml"

    def start_folder(self) -> Path:
        """Where the walk to the source folder begins."""
        return Path.home()

    def look_into(self, path: Path, offset: int) -> Folder:
        """A folder's subfolders, a page of them; see `tui.folders`."""
        return look_into(path, offset)

    def complete(self, text: str, *, files: bool = False) -> str:
        """A typed path, completed; see `tui.folders`."""
        return complete(text, files=files)

    def last_site_id(self) -> str:
        """The SITE ID of the newest transfer that has one; empty where none has."""
        newest = sorted(self.names(), key=self._made_at, reverse=True)[:_LOOKED_BACK]
        for name in newest:
            glance = self.glance(name)
            if glance.status and glance.status.order.site_id:
                return glance.status.order.site_id
        return ""

    def _made_at(self, name: str) -> float:
        try:
            return self._workspace(name).folder.stat().st_ctime
        except OSError:
            return 0.0

    def check_script(self, path: Path) -> tuple[str, ...]:
        """Read and compile a CTP script; what is doubtful in it, a sentence each.

        Raises:
            UsageError: there is no such file, or it says something that cannot be honoured.
        """
        from transfer.deid.methods import MethodSpec
        from transfer.method_files import read_method_file
        from tui.method import doubts_told

        name, text = read_method_file(path)
        return tuple(doubts_told(MethodSpec(name, script=text), most=3))

    def known_key(self, order: Order) -> str | None:
        """The fingerprint of the key that the order's cohort has already; None where it has none.

        Raises:
            UsageError: the register of keys cannot be used.
        """
        from transfer.deid.keys.cohort import cohort_of
        from transfer.deid.keys.register import find_entry

        entry = find_entry(self.home, cohort_of(order))
        return entry.fingerprint if entry else None

    def create(self, order: Order, waiver: Word | None) -> str:
        """Make a transfer; its name. A cohort without a key gets none yet: until something was
        de-identified, the right one can still be brought in.

        Raises:
            UsageError: as the engine says.
        """
        from transfer.orders import make_transfer

        return make_transfer(self.home, order, waiver).name

    def launch(self, name: str, until: Until, password: str | None) -> Launch:
        """Start the runner; returns once it holds the transfer.

        Raises:
            TransferError: it could not be started.
        """
        from tui.launch import launch

        self.limits.demand()
        launched = launch(self._workspace(name), until=until, password=password)
        return Launch(launched.how, launched.survives_logout)

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self.home.transfers / name)

    def _choice(self, profile: NodeProfile) -> NodeChoice:
        from adapters.registry import check_configuration, journey
        from transfer.node import Destination

        try:
            what = journey(profile).title
            results = check_configuration(profile)
        except UsageError as error:
            return NodeChoice(profile.name, error.what, (error.what,), error.remedy)
        bad = [result for result in results if result.state == "fail"]
        named = profile.options.get("destinations", ())
        return NodeChoice(
            profile.name,
            what,
            missing=tuple(result.message for result in bad),
            remedy=bad[0].remedy if bad else "",
            wants_deidentified=profile.deidentified == "required",
            destinations=tuple(
                Destination(str(key), "")
                for key in (named if isinstance(named, list | tuple) else ())
            ),
        )
