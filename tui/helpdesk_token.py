"""The token that opens tickets at the helpdesk: kept once it was seen to work, and forgotten."""

from __future__ import annotations

import asyncio

from adapters.helpdesk.options import TOKEN, load_helpdesk
from adapters.helpdesk.zammad import Helpdesk
from adapters.secrets import SecretStore
from transfer.workspace import Home


def keep_token(home: Home, token: str) -> tuple[str, str]:
    """Store the token once the helpdesk took it; whose it is, and in which place it is.

    Raises:
        NodeError: it is not accepted, or the helpdesk cannot be asked; nothing is stored.
    """
    trial = SecretStore(home.root).without_keeping()
    trial.hold(TOKEN, token)

    async def ask() -> str:
        desk = Helpdesk(load_helpdesk(home.config_folder), trial)
        try:
            return await desk.whoami()
        finally:
            await desk.aclose()

    who = asyncio.run(ask())
    return who, str(SecretStore(home.root).put(TOKEN, token))


def forget_token(home: Home) -> dict[str, str]:
    """Forget the token; where one still comes from that is not ours to delete."""
    secrets = SecretStore(home.root)
    secrets.delete(TOKEN)
    place = secrets.place_of(TOKEN)
    return {TOKEN: str(place)} if place else {}
