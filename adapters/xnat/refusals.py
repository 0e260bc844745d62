"""What a refusal means: XNAT has few statuses and says the rest in words.

The phrases are those of the server's sources (1.8 to 1.10) and of what live servers were seen to
answer. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto

from adapters.xnat.pages import plain, said
from transfer.errors import NodeBusy, NotAllowed, Retry, SignInExpired


class Meaning(Enum):
    """What to do about a refusal."""

    LATER = auto()
    """The node is at work on the same session: again after a few seconds."""
    DISK_FULL = auto()
    NO_PROJECT = auto()
    CONFLICT = auto()
    """The session as a whole is in the way of something; repeating changes nothing."""
    INSTANCE = auto()
    """Something in the body: ask for each instance by itself."""


_PHRASES = (
    ("session processing in progress", Meaning.LATER),
    ("processing may already be in progress", Meaning.LATER),
    ("operation already in progress", Meaning.LATER),
    ("concurrent modification is discouraged", Meaning.LATER),
    ("concurrent file sends of the same data", Meaning.LATER),
    ("duplicate archive attempt", Meaning.LATER),
    ("destination session in use", Meaning.LATER),
    ("session is locked", Meaning.LATER),
    ("modified by another", Meaning.LATER),
    ("insufficient storage", Meaning.DISK_FULL),
    ("insufficient space", Meaning.DISK_FULL),
    ("no space left", Meaning.DISK_FULL),
    ("unable to identify (?:.{1,200} )?project", Meaning.NO_PROJECT),
    ("unable to deduce session label", Meaning.CONFLICT),
    ("session already exists", Meaning.CONFLICT),
    ("already exists for another subject", Meaning.CONFLICT),
    ("src uri is invalid", Meaning.CONFLICT),
    ("illegal session merge", Meaning.CONFLICT),
    ("invalid modification of session", Meaning.CONFLICT),
)
_LATER = Retry.after(5.0)
_DISK_LATER = Retry.after(120.0)


def meaning_of(text: str) -> Meaning:
    """What the text of a 400, 409 or 423 says."""
    words = plain(text).lower()
    for phrase, meaning in _PHRASES:
        if re.search(phrase, words):
            return meaning
    return Meaning.INSTANCE


def busy(text: str, covered: Iterable[str], node: str) -> NodeBusy:
    return NodeBusy(
        f"The node is at work on this session: {said(text, covered) or 'no reason given'}",
        "Try again later; if it stays so for hours, tell the node's administrator.",
        node=node,
        retry=_LATER,
    )


def busy_writing(node: str) -> NodeBusy:
    return NodeBusy(
        "Somebody else writes to the same place on the node.",
        "Try again when they have finished; if it stays so, tell the node's administrator.",
        node=node,
        retry=_LATER,
    )


def disk_full(node: str) -> NodeBusy:
    return NodeBusy(
        "The node has no room left.",
        "Tell the node's administrator, and try again when there is room.",
        node=node,
        retry=_DISK_LATER,
    )


def no_project(project: str, node: str) -> NotAllowed:
    return NotAllowed(
        f"The node knows no project {project} that this account may send to.",
        "Check the destination, and ask the project's owner to make the account a member; at "
        "Health-RI the helpdesk creates projects.",
        node=node,
    )


def nothing_stored(node: str, *, had_token: bool) -> SignInExpired:
    """There is no token that serves, and no password."""
    return SignInExpired(
        "The stored sign-in has run out." if had_token else "Nobody is signed in to this node.",
        f"Run eucaim-transfer login {node}, or provide the password by systemd credentials or "
        "EUCAIM_TRANSFER_PASSWORD and the username in config.toml.",
        node=node,
    )


def nameless(node: str) -> SignInExpired:
    """A password without a name."""
    return SignInExpired(
        "There is a password for this node, but nothing says whose it is.",
        f"Run eucaim-transfer login {node} --username YOU, or set username of [nodes.{node}] in"
        " config.toml.",
        node=node,
    )
