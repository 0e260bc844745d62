"""Ending the sign-in to a node: told to the node, forgotten here, and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transfer.accounts import signed_out
from transfer.errors import TransferError
from transfer.workspace import Home
from tui.nodes import ChosenNode

if TYPE_CHECKING:
    from adapters.secrets import Place


@dataclass(frozen=True, slots=True)
class SignedOut:
    """`untold` is why the node could not be told, None where it was or had nothing to hear.
    `left` is what sign-ins still find, by the secret's name: it is not in our hands.
    `unreached_keyring` is why a keyring could not be asked to forget, empty where it was."""

    untold: TransferError | None
    left: Mapping[str, Place]
    unreached_keyring: str = ""


def sign_out(home: Home, chosen: ChosenNode) -> SignedOut:
    """End the sign-in; blocks. Whatever the node answers, nothing is stored afterwards.

    Raises:
        UsageError: what is stored cannot be changed.
    """
    untold: TransferError | None = None
    node = chosen.profile.name
    try:
        asyncio.run(_tell(chosen))
    except TransferError as trouble:
        untold = trouble
    chosen.secrets.forget_node(node)
    signed_out(home, node)
    left = chosen.secrets.still_there(node)
    return SignedOut(untold, left, chosen.secrets.unreached_keyring)


async def _tell(chosen: ChosenNode) -> None:
    node = chosen.open()
    try:
        await node.sign_out()
    finally:
        await node.aclose()
