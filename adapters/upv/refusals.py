"""What the sign-in service refuses, in the operator's words.

Its own wording is that of Keycloak 26 (upv-node.md 3).
"""

from __future__ import annotations

from transfer.errors import NodeError, SignInExpired, SignInRefused

_NOT_SET_UP = "not fully set up"
_DISABLED = "disabled"


class GrantRefused(Exception):
    """The issuer's OAuth error, before it is put into words. Never leaves the sign-in modules."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


def is_wrong_pair(refused: GrantRefused) -> bool:
    """Whether it was said of the name and password themselves, which counts towards a lock."""
    said = refused.description.lower()
    return refused.code == "invalid_grant" and _NOT_SET_UP not in said and _DISABLED not in said


def in_words(refused: GrantRefused, node: str) -> NodeError:
    """The refusal of a sign-in for the operator."""
    said = refused.description.lower()
    if _NOT_SET_UP in said:
        return SignInRefused(
            "The account is not fully set up: terms not accepted, not yet validated by the node, "
            "or no first and last name.",
            "Sign in on the node's web site with a browser once and do what it asks; if it asks "
            "for nothing, wait until the node has validated the account.",
            node=node,
        )
    if refused.code == "unauthorized_client":
        return SignInRefused(
            "The node does not allow this way of signing in for this client.",
            "Ask the node's support which client_id and auth to put into config.toml.",
            node=node,
        )
    if refused.code == "access_denied":
        return SignInRefused(
            "The sign-in was declined in the browser.", "Run login again.", node=node
        )
    if refused.code == "expired_token":
        return SignInExpired(
            "Nobody signed in with the browser in time.", "Run login again.", node=node
        )
    if refused.code == "invalid_grant":
        if _DISABLED in said:
            return SignInRefused(
                "The account is disabled.", "Ask the node's support to enable it.", node=node
            )
        return SignInRefused(
            "The node does not accept this name and password.",
            "Check both and sign in again. After 10 failures the account is locked for up to "
            "15 minutes without saying so. Accounts made through LS-AAI first need a password: "
            "User Account, Account security, Signing in, on the node's web site.",
            node=node,
        )
    if refused.code == "invalid_client":
        return SignInRefused(
            "The node does not know the client that this program signs in as.",
            "Correct client_id in config.toml, or ask the node's support for it.",
            node=node,
        )
    return SignInRefused(
        "The sign-in service refused the sign-in.",
        "Sign in on the node's web site with a browser; if that works, tell the node's support.",
        node=node,
    )


def browser_in_words(refused: GrantRefused, node: str) -> NodeError:
    """The refusal of a sign-in with a browser elsewhere, where no password was sent."""
    if refused.code == "invalid_grant":
        return SignInExpired(
            "The sign-in with the browser came too late: its code is void.",
            "Run login again and finish in the browser at once.",
            node=node,
        )
    if refused.code in ("invalid_request", "invalid_redirect_uri"):
        return SignInRefused(
            "The node does not take the address that the browser is to come back to.",
            "Ask the node's support which redirect address the client allows, and set "
            f"paste_redirect_url of [nodes.{node}] in config.toml.",
            node=node,
        )
    if refused.code in ("login_required", "interaction_required", "temporarily_unavailable"):
        return SignInExpired(
            "The sign-in with the browser was not finished.", "Run login again.", node=node
        )
    return in_words(refused, node)


def no_browser_code(node: str) -> NodeError:
    """The person wants the browser, the node does not, and there is no password to fall back on."""
    return SignInRefused(
        "The node does not let this program sign in by a code in the browser.",
        "Sign in by name and password. An account made through LS-AAI gets a password on the "
        "node's web site: User Account, Account security, Signing in, Add a password.",
        node=node,
    )


def nothing_stored(node: str, purpose: str = "") -> NodeError:
    """Nobody has signed in (for one purpose among several), and there is nothing to do it with."""
    return SignInExpired(
        f"Nobody is signed in to this node{_for(purpose)}.",
        f"Run eucaim-transfer login {node}, or provide the password by systemd credentials or "
        "EUCAIM_TRANSFER_PASSWORD and the username in config.toml.",
        node=node,
    )


def ran_out(node: str, purpose: str = "") -> NodeError:
    """There was a session, and the node has ended it."""
    return SignInExpired(
        f"The sign-in{_for(purpose)} has run out, or was revoked on the node.",
        f"Run eucaim-transfer login {node}. What the node has acknowledged stays sent; a transfer "
        "goes on where it stands.",
        node=node,
    )


def _for(purpose: str) -> str:
    return f" for {purpose}" if purpose else ""
