"""The UPV reference node (QP-Insights) and every node that speaks plain DICOMweb as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.upv.options import OPTIONS, Settings, configuration_findings
from transfer.errors import UsageError

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile
    from adapters.secrets import SecretStore
    from adapters.signin import Person, Way
    from transfer.journey.steps import Journey
    from transfer.node import CheckResult, Node
    from transfer.tickets import TicketCase

__all__ = [
    "KIND",
    "OPTIONS",
    "check_configuration",
    "journey",
    "open_node",
    "sign_in_ways",
    "ticket_cases",
]

KIND = "upv"
_WAYS: Mapping[str, Sequence[Way]] = {
    "oidc": ("browser", "password"),
    "password": ("password", "browser"),
    "basic": ("password",),
}


def open_node(
    profile: NodeProfile,
    secrets: SecretStore,
    *,
    home: Path,
    person: Person | None = None,
) -> Node:
    """The node, not yet connected. With a `person` there, who signs in, it may still lack what the
    images need.

    Raises:
        UsageError: the configuration lacks something; the text is that of the finding.
    """
    for finding in configuration_findings(profile, for_sign_in=person is not None):
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


def sign_in_ways(profile: NodeProfile) -> Sequence[Way]:
    """By name and password; where the node has a realm also by a code that a browser confirms,
    which the realm may decline; and by pasting where config.toml switches that on."""
    auth = str(profile.options.get("auth", "none"))
    ways = _WAYS.get(auth, ())
    offers_paste = "browser" in ways and "paste_redirect_url" in profile.options
    return (*ways, "paste") if offers_paste else ways


def ticket_cases(profile: NodeProfile) -> Sequence[TicketCase]:
    """What its data holders ask the helpdesk for."""
    from adapters.upv.tickets import ticket_cases as offered

    return offered(profile)
