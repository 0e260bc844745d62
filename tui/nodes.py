"""Putting node and transfer together: from a profile's name to a node that can be asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from transfer.errors import UsageError
from transfer.workspace import Home

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile
    from adapters.secrets import SecretStore
    from adapters.signin import Person
    from transfer.journey.steps import JourneyStep
    from transfer.node import Node


@dataclass(frozen=True, slots=True)
class ChosenNode:
    """A node profile together with the secrets of this home."""

    profile: NodeProfile
    secrets: SecretStore
    home: Home

    def open(self, person: Person | None = None) -> Node:
        """The adapter, not connected yet. Only with a `person` may it ask for a browser.

        Raises:
            UsageError: the configuration lacks what is needed, or this version has no adapter.
        """
        from adapters.registry import open_node

        return open_node(self.profile, self.secrets, home=self.home.config_folder, person=person)

    @property
    def username(self) -> str:
        """The account's name: from config.toml, else of the last login; empty where neither says.

        Raises:
            UsageError: what is stored cannot be read.
        """
        configured = self.profile.options.get("username")
        return str(configured or self.secrets.get(f"{self.profile.name}.username") or "")

    def as_user(self, username: str) -> ChosenNode:
        """The same for the account of that name."""
        options = MappingProxyType({**self.profile.options, "username": username})
        return replace(self, profile=replace(self.profile, options=options))

    def steps(self) -> tuple[JourneyStep, ...]:
        """The node's journey."""
        from adapters.registry import journey

        return tuple(journey(self.profile).steps)


def choose_node(home: Home, name: str) -> ChosenNode:
    """The node of that name.

    Raises:
        UsageError: no profile has that name, or the configuration cannot be read.
    """
    from adapters.profiles import load_profiles
    from adapters.secrets import SecretStore

    profiles = load_profiles(home.config_folder)
    if name not in profiles:
        raise UsageError(
            "There is no node profile of that name.",
            f"Known: {', '.join(sorted(profiles))}. Add others to config.toml.",
        )
    return ChosenNode(profiles[name], SecretStore(home.root), home)


def is_sandbox_node(home: Home, name: str) -> bool:
    """Whether a node is the sandbox of this machine, by the configuration of now; one that is
    there no more is none. Reads files: call in a thread where an event loop runs."""
    try:
        return is_sandbox_profile(choose_node(home, name))
    except UsageError:
        return False


def is_sandbox_profile(chosen: ChosenNode) -> bool:
    """The same of a node that is chosen already."""
    from adapters.loopback import is_sandbox

    return is_sandbox(chosen.profile)


def destination_of(chosen: ChosenNode, wanted: str | None) -> str:
    """The destination to use: the one named, else the only one that is configured.

    Raises:
        UsageError: several are configured, or the one named is not among them.
    """
    configured = chosen.profile.options.get("destinations") or ()
    assert isinstance(configured, list | tuple), "the profile's own check has seen to it"
    known = [str(d) for d in configured]
    if wanted is None:
        if len(known) == 1:
            return known[0]
        if known:
            raise UsageError(
                "This node has several destinations.",
                f"Choose one with --destination: {', '.join(known)}",
            )
        return ""
    if known and wanted not in known:
        raise UsageError(
            "The node's profile does not list that destination.",
            f"Take one of: {', '.join(known)}, or add it to destinations in config.toml.",
        )
    return wanted
