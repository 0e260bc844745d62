"""`login NODE --proxy-password`: the password for the proxy on the way to a node."""

from __future__ import annotations

from transfer.errors import UsageError
from transfer.values import ExitCode
from tui.cli.console import ask_secret, is_there, piped_secret
from tui.cli.output import print_json, say
from tui.nodes import ChosenNode


def keep_proxy_password(chosen: ChosenNode, *, json: bool) -> int:
    """Take it unseen, or as one line on standard input, and store it; nothing is connected.

    Raises:
        UsageError: there is nobody to ask, or it cannot be stored.
    """
    node = chosen.profile.name
    name = f"{node}.proxy.password"
    password = ask_secret(node, "Password of the proxy") if is_there() else piped_secret()
    if not password:
        raise UsageError(
            "The password of the proxy is needed, and there is no terminal to ask for it.",
            f"Give it on standard input, or as the systemd credential {name}.",
        )
    place = chosen.secrets.put(name, password)
    if json:
        print_json({"node": node, "kept": {"what": name, "where": str(place)}})
    else:
        say(f"The password of the proxy on the way to {node} is kept, in {place}.")
    return ExitCode.DONE
