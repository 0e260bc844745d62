"""The kinds of node: each is a package below `adapters` whose `KIND` bears the package's name.

Such a package offers `OPTIONS`, `open_node`, `journey`, `check_configuration` and `sign_in_ways`
(see `NodeKind`), and imports its libraries only when a node is opened. A new kind is one new
package.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import adapters
from transfer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.profiles import NodeProfile
    from adapters.secrets import SecretStore
    from adapters.signin import Person, Way
    from transfer.journey.steps import Journey
    from transfer.node import CheckResult, Node
    from transfer.tickets import TicketCase
    from transfer.values import StudyRef


@dataclass(frozen=True, slots=True)
class Option:
    """One key of a node's table in config.toml: what it may hold, in code and in words."""

    accepts: Callable[[object], bool]
    allowed: str


class NodeKind(Protocol):
    """What a package of a kind offers. `DEFAULTS` may be absent: options that hold unless the
    configuration says otherwise. So may `ticket_cases(profile)`: the tickets that its data holders
    open; and `called(study)`: the names of a Study's subject and session there, where these are
    not what stands in its headers."""

    KIND: str
    OPTIONS: Mapping[str, Option]

    def open_node(
        self,
        profile: NodeProfile,
        secrets: SecretStore,
        *,
        home: Path,
        person: Person | None = None,
    ) -> Node: ...

    def journey(self, profile: NodeProfile) -> Journey: ...

    def check_configuration(self, profile: NodeProfile) -> Sequence[CheckResult]: ...

    def sign_in_ways(self, profile: NodeProfile) -> Sequence[Way]: ...


def _packages() -> Mapping[str, NodeKind]:
    found: dict[str, NodeKind] = {}
    for info in pkgutil.iter_modules(adapters.__path__):
        if info.ispkg:
            package = importlib.import_module(f"adapters.{info.name}")
            if getattr(package, "KIND", None) == info.name:
                found[info.name] = cast(NodeKind, package)
    return found


def known_kinds() -> Sequence[str]:
    """Every kind that a profile may name."""
    return sorted(_packages())


def option_types(kind: str) -> Mapping[str, Option]:
    """The options of a kind."""
    return kind_package(kind).OPTIONS


def option_defaults(kind: str) -> Mapping[str, object]:
    """The options of a kind that hold where a node's table does not name them."""
    return cast("Mapping[str, object]", getattr(kind_package(kind), "DEFAULTS", {}))


def kind_ticket_cases(profile: NodeProfile) -> Sequence[TicketCase]:
    """The tickets that data holders of such a node open, the one for step 6 first."""
    offered = getattr(kind_package(profile.kind), "ticket_cases", None)
    return cast("Sequence[TicketCase]", offered(profile)) if offered else ()


def kind_called(profile: NodeProfile, study: StudyRef) -> tuple[str, str]:
    """What such a node calls the subject of a Study, and its session; empty where that is known by
    its UID."""
    own = getattr(kind_package(profile.kind), "called", None)
    return cast("tuple[str, str]", own(study)) if own else (study.patient_id, "")


def kind_package(kind: str) -> NodeKind:
    """The adapter of a kind.

    Raises:
        UsageError: this version has none.
    """
    package = _packages().get(kind)
    if package is None:
        raise UsageError(
            f"There is no adapter for nodes of kind {kind}.",
            "Use a node of another kind: " + ", ".join(sorted(_packages())) + ".",
        )
    return package
