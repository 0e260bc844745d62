"""From a profile to a node: the one place where the screens and the runner ask for an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.kinds import kind_called, kind_package, kind_ticket_cases
from adapters.profiles import NodeProfile
from adapters.secrets import SecretStore
from adapters.signin import Person, Way
from transfer.journey.steps import Journey
from transfer.node import CheckResult, Node
from transfer.tickets import TicketCase
from transfer.values import StudyRef


def open_node(
    profile: NodeProfile,
    secrets: SecretStore,
    *,
    home: Path,
    person: Person | None = None,
) -> Node:
    """The node of a profile, ready to be asked; nothing is connected yet.

    `person` is asked when somebody has to sign in with a browser; without one such a
    sign-in is not tried.

    Raises:
        UsageError: no adapter for this kind, or the configuration lacks what is needed.
    """
    return kind_package(profile.kind).open_node(profile, secrets, home=home, person=person)


def journey(profile: NodeProfile) -> Journey:
    """The steps of the handbook on this node.

    Raises:
        UsageError: no adapter for this kind.
    """
    return kind_package(profile.kind).journey(profile)


def check_configuration(profile: NodeProfile) -> Sequence[CheckResult]:
    """What the configuration lacks, each with what to do; without any connection. Never empty.

    Raises:
        UsageError: no adapter for this kind.
    """
    return kind_package(profile.kind).check_configuration(profile)


def sign_in_ways(profile: NodeProfile) -> Sequence[Way]:
    """How a person can sign in to this node, the way to prefer first; empty where nobody is asked
    for a name or a password.

    Raises:
        UsageError: no adapter for this kind.
    """
    return kind_package(profile.kind).sign_in_ways(profile)


def ticket_cases(profile: NodeProfile) -> Sequence[TicketCase]:
    """The tickets that this node's data holders may need: its own, then those of every node.

    Raises:
        UsageError: no adapter for this kind.
    """
    from adapters.helpdesk.cases import COMMON

    return [*kind_ticket_cases(profile), *COMMON]


def called(profile: NodeProfile, study: StudyRef) -> tuple[str, str]:
    """What the node calls the subject of a Study, and the Study's session where it has a name of
    its own there; else that is empty.

    Raises:
        UsageError: no adapter for this kind.
    """
    return kind_called(profile, study)
