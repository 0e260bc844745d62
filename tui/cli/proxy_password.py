"""`login NODE --proxy-password`: the password for the proxy on the way to a node."""

from __future__ import annotations

from transfer.errors import UsageError
from transfer.values import ExitCode
from tui.cli.console import ask_secret, is_there, piped_secret
from tui.cli.output import print_json, say
from tui.nodes import ChosenNode

_FOR_ALL = "proxy.password"


def keep_proxy_password(chosen: ChosenNode, *, json: bool) -> int:
    """Take it unseen, or as one line on standard input, and store it; nothing is connected.

    A node whose table names a proxy of its own has a password of its own; what the environment
    names is one proxy for all, the helpdesk included.

    Raises:
        SignInRefused: nothing was typed; UsageError: nobody to ask, or it cannot be stored.
    """
    node = chosen.profile.name
    own = f"{node}.{_FOR_ALL}"
    is_own = bool(chosen.profile.proxy.proxy)
    name = own if is_own else _FOR_ALL
    password = ask_secret(node, "Password of the proxy") if is_there() else piped_secret()
    if not password:
        raise UsageError(
            "The password of the proxy is needed, and there is no terminal to ask for it.",
            f"Give it on standard input, or as the systemd credential {name}.",
        )
    if not is_own:
        # An older one of the node's own would go before it.
        chosen.secrets.delete(own)
    place = chosen.secrets.put(name, password)
    if json:
        print_json({"node": node, "kept": {"what": name, "where": str(place)}})
    else:
        whose = f"to {node}" if is_own else "to every node without one of its own"
        say(f"The password of the proxy on the way {whose} is kept, in {place}.")
    return ExitCode.DONE
