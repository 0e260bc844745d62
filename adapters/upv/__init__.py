"""The UPV reference node (QP-Insights) and every node that speaks plain DICOMweb as it does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.upv.options import OPTIONS, Settings, configuration_findings
from transfer.errors import UsageError

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile
    from adapters.secrets import SecretStore
    from adapters.signin import Person
    from transfer.journey.steps import Journey
    from transfer.node import CheckResult, Node

__all__ = ["KIND", "OPTIONS", "check_configuration", "journey", "open_node"]

KIND = "upv"


def open_node(
    profile: NodeProfile,
    secrets: SecretStore,
    *,
    home: Path,
    person: Person | None = None,
) -> Node:
    """The node, not yet connected.

    Raises:
        UsageError: the configuration lacks something; the text is that of the finding.
    """
    for finding in configuration_findings(profile):
        if finding.state == "fail":
            raise UsageError(finding.message, finding.remedy)
    from adapters.upv.node import UpvNode

    return UpvNode(Settings.of(profile, home), secrets, person=person)


def journey(profile: NodeProfile) -> Journey:
    """Steps 4 to 10 on this node."""
    from adapters.upv.steps import journey as drawn

    return drawn(profile)


def check_configuration(profile: NodeProfile) -> Sequence[CheckResult]:
    """What the configuration lacks; one line that says ok when it lacks nothing."""
    return configuration_findings(profile)
