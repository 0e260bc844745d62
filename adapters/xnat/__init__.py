"""The Health-RI reference node, and every XNAT from 1.8.3 on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.xnat.options import DEFAULTS, OPTIONS, Settings, configuration_findings
from transfer.errors import UsageError

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile
    from adapters.secrets import SecretStore
    from adapters.signin import Person, Way
    from transfer.journey.steps import Journey
    from transfer.node import CheckResult, Node
    from transfer.tickets import TicketCase
    from transfer.values import StudyRef

__all__ = [
    "DEFAULTS",
    "KIND",
    "OPTIONS",
    "called",
    "check_configuration",
    "journey",
    "open_node",
    "sign_in_ways",
    "ticket_cases",
]

KIND = "xnat"


def open_node(
    profile: NodeProfile,
    secrets: SecretStore,
    *,
    home: Path,
    person: Person | None = None,
) -> Node:
    """The node, not yet connected. XNAT has no sign-in by browser: `person` is not asked.

    Raises:
        UsageError: the configuration lacks something; the text is that of the finding.
    """
    for finding in configuration_findings(profile):
        if finding.state == "fail":
            raise UsageError(finding.message, finding.remedy)
    from adapters.xnat.node import XnatNode

    return XnatNode(Settings.of(profile, home), secrets)


def journey(profile: NodeProfile) -> Journey:
    """Steps 4 to 10 on this node."""
    from adapters.xnat.steps import journey as drawn

    return drawn(profile)


def check_configuration(profile: NodeProfile) -> Sequence[CheckResult]:
    """What the configuration lacks; one line that says ok when it lacks nothing."""
    return configuration_findings(profile)


def sign_in_ways(profile: NodeProfile) -> Sequence[Way]:
    """XNAT knows nothing but a name and a password."""
    return ("password",)


def ticket_cases(profile: NodeProfile) -> Sequence[TicketCase]:
    """What its data holders ask the helpdesk for."""
    from adapters.xnat.tickets import ticket_cases as offered

    return offered(profile)


def called(study: StudyRef) -> tuple[str, str]:
    """The labels of the subject and the session of a Study."""
    from adapters.xnat.labels import labels_of

    labels = labels_of(study)
    return labels.subject, labels.session
