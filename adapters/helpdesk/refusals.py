"""What the helpdesk's refusals and silences mean, and what to do about them.

Source: upv-node.md 6. `reached_node` is False where it is certain that no ticket was opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from adapters.helpdesk.answers import complaint_of, is_about_group
from adapters.statuses import BUSY
from adapters.translate import translate
from transfer.errors import (
    NEVER,
    BodyTooLarge,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    TlsRefused,
    Unreachable,
)

NAME: Final = "helpdesk"
COPY: Final = "The text can be copied or saved and brought there by hand in the meantime."
_HOW_TO: Final = (
    "Make one at {url} (your picture, Profile, Token Access, permission ticket.customer) and store"
    " it with: eucaim-transfer login helpdesk."
)


def refuse(status: int, found: object, url: str, group: str = "") -> NoReturn:
    """Raise what an answer means that is not the one asked for. `url` is the helpdesk's address.

    Raises:
        NoSuchGroup: 422 on account of the group. NodeError: everything else.
    """
    complaint = complaint_of(found)
    said = f" It says: {complaint.rstrip('.')}." if complaint else ""
    if status == 401:
        raise SignInExpired(
            f"The helpdesk does not accept the token; no ticket was opened.{said}",
            f"{_HOW_TO.format(url=url)} {COPY}",
            node=NAME,
            reached_node=False,
        )
    if status == 403:
        raise NotAllowed(
            f"The helpdesk does not let this token do that; no ticket was opened.{said}",
            f"The token needs the permission ticket.customer, and the helpdesk must allow"
            f" access by token. {COPY}",
            node=NAME,
            reached_node=False,
        )
    if status == 413:
        raise BodyTooLarge(
            "The attachments are larger than the helpdesk takes; no ticket was opened.",
            "Send it without them, and add them in the ticket on the web page.",
            node=NAME,
            reached_node=False,
        )
    if status == 422 and group and is_about_group(complaint):
        raise NoSuchGroup(complaint)
    if status in BUSY or status >= 500:
        kind = NodeBusy if status in BUSY else NodeFault
        raise kind(
            f"The helpdesk is in trouble (HTTP {status}).{said}",
            f"Try again later: it is looked for first, and not opened twice. {COPY}",
            node=NAME,
            # A gateway may give up on a request that the desk still carries out; 429 is its
            # own refusal.
            reached_node=status != 429,
        )
    raise NodeFault(
        f"The helpdesk does not take this (HTTP {status}); no ticket was opened.{said}",
        COPY,
        node=NAME,
        retry=NEVER,
        reached_node=False,
    )


class NoSuchGroup(Exception):
    """422: this group is not offered to the account."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self._complaint = complaint.rstrip(".")

    def as_error(self, groups: Sequence[str]) -> NodeFault:
        return NodeFault(
            f"The helpdesk does not offer this account the group {' or '.join(groups)}; no ticket"
            f" was opened. It says: {self._complaint}.",
            f"Choose a group on the helpdesk's web page. {COPY}",
            node=NAME,
            retry=NEVER,
            reached_node=False,
        )


def no_token(url: str) -> SignInExpired:
    return SignInExpired(
        "There is no token for the helpdesk; nothing was sent.",
        f"{_HOW_TO.format(url=url)} {COPY}",
        node=NAME,
        reached_node=False,
    )


def not_zammad() -> NodeFault:
    return NodeFault(
        "The helpdesk answered, but not as Zammad does.",
        f"Check url of [helpdesk] in config.toml. {COPY}",
        node=NAME,
        retry=NEVER,
    )


def lost(problem: BaseException, method: str) -> NodeError:
    """A request that got no answer. The words of the other adapters speak of nodes."""
    known = translate(problem, NAME)
    if known is None or isinstance(known, TlsRefused):
        return known or not_zammad()
    is_certain = not known.reached_node or method == "GET"
    what = known.what.replace("The node", "The helpdesk").replace("the node", "the helpdesk")
    if is_certain:
        return Unreachable(
            f"{what} Nothing was sent.",
            f"Check the network and the proxy from this machine to the helpdesk. {COPY}",
            node=NAME,
            reached_node=False,
        )
    return Unreachable(
        f"{what} Whether the ticket is there is not known.",
        "Try again in some minutes: it is looked for first, and not opened twice.",
        node=NAME,
    )
