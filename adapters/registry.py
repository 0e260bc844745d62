"""From a profile to a node: the one place where the screens and the runner ask for an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.kinds import kind_package
from adapters.profiles import NodeProfile
from adapters.secrets import SecretStore
from adapters.signin import ShowPrompt
from transfer.node import CheckResult, Journey, Node


def open_node(
    profile: NodeProfile,
    secrets: SecretStore,
    *,
    home: Path,
    show_prompt: ShowPrompt | None = None,
) -> Node:
    """The node of a profile, ready to be asked; nothing is connected yet.

    `show_prompt` is called when a person has to sign in with a browser; without it such a
    sign-in is not tried.

    Raises:
        UsageError: no adapter for this kind, or the configuration lacks what is needed.
    """
    return kind_package(profile.kind).open_node(
        profile, secrets, home=home, show_prompt=show_prompt
    )


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
