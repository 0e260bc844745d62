"""`login helpdesk` and `logout helpdesk`: the token that opens tickets."""

from __future__ import annotations

from typing import Final

from adapters.helpdesk.options import load_helpdesk
from transfer.errors import UsageError
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.console import ask_secret, is_there, piped_secret
from tui.cli.output import print_json, say
from tui.helpdesk_token import forget_token, keep_token

_NODE: Final = "helpdesk"


def login_helpdesk(home: Home, *, json: bool) -> int:
    """Take the token unseen, or as one line on standard input; store it once the helpdesk took it.

    Raises:
        UsageError: there is nobody to ask.
        NodeError: the helpdesk does not accept it, or cannot be reached.
    """
    token = ask_secret(_NODE, "Token") if is_there() else piped_secret()
    if not token:
        raise UsageError(
            "A token is needed, and there is no terminal to ask for it.",
            f"Make one at {load_helpdesk(home.config_folder).url} (your picture, Profile, Token"
            " Access, permission ticket.customer) and give it on standard input, or as the systemd"
            " credential helpdesk.token.",
        )
    who, place = keep_token(home, token)
    if json:
        print_json({"node": _NODE, "username": who, "kept": {"what": "token", "where": place}})
    else:
        say(f"The helpdesk knows the token as {who or 'nobody in particular'}.")
        say(f"It is kept, in {place}.")
    return ExitCode.DONE


def logout_helpdesk(home: Home, *, json: bool) -> int:
    """Forget the token. Only its owner can end it, on the helpdesk's own page."""
    left = forget_token(home)
    if json:
        print_json({"node": _NODE, "told": False, "left": left})
    else:
        say("No token for the helpdesk is stored any more.")
        for name, place in left.items():
            say(f"Not in our hands: {name} still comes from {place}.")
        url = load_helpdesk(home.config_folder).url
        say(f"To end it for good delete it at {url}: Profile, Token Access.")
    return ExitCode.DONE
