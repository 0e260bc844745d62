"""Signing in with a browser elsewhere whose last address is pasted back: authorization code + PKCE.

RFC 6749 4.1, RFC 7636, RFC 9207, OpenID Connect Core 1.0 3.1. For accounts that have no password
on a node without the device grant. No address of ours is listened on: the browser may be on another
machine, and what it shows at the end does not count.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from oauthlib.oauth2 import (
    MismatchingStateError,
    MissingCodeError,
    OAuth2Error,
    WebApplicationClient,
)

from adapters.signin import PastePrompt, Person
from adapters.upv.grants import NO_SUCH_SCOPE, SCOPES, Grants, Tokens
from adapters.upv.refusals import GrantRefused
from adapters.upv.roles import claims_of
from transfer.errors import NodeError, SignInExpired, SignInRefused

CODE_LIVES_S = 60.0
"""How long the realm keeps a code (upv-node.md 3)."""
_LONGEST_PASTE = 16_384
_VERIFIER_LENGTH = 96


async def by_paste(grants: Grants, person: Person, redirect_url: str, *, purpose: str) -> Tokens:
    """Show where to sign in, take the pasted address, and exchange its code.

    Raises:
        GrantRefused: what the realm said in the pasted address, or about the code.
        SignInExpired: the person gave up. SignInRefused: what was pasted belongs to another
            sign-in, or to none.
    """
    for scope in SCOPES:
        try:
            return await _once(grants, person, redirect_url, scope, purpose)
        except GrantRefused as refused:
            if refused.code not in NO_SUCH_SCOPE or scope == SCOPES[-1]:
                raise
    raise AssertionError("the last scope returns or raises")


async def _once(
    grants: Grants, person: Person, redirect_url: str, scope: str, purpose: str
) -> Tokens:
    realm = grants.realm
    client = WebApplicationClient(grants.client_id)
    state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    verifier = client.create_code_verifier(_VERIFIER_LENGTH)
    address = client.prepare_request_uri(
        await realm.address("authorization_endpoint"),
        redirect_uri=redirect_url,
        scope=scope,
        state=state,
        code_challenge=client.create_code_challenge(verifier, "S256"),
        code_challenge_method="S256",
        nonce=nonce,
    )
    try:
        pasted = await person.paste(PastePrompt(str(address), CODE_LIVES_S, purpose))
    finally:
        person.settled()
    code = await _code(grants, client, pasted, redirect_url, state)
    tokens = await grants.exchange(
        str(
            client.prepare_request_body(
                code=code, redirect_uri=redirect_url, code_verifier=verifier
            )
        )
    )
    await _demand_ours(grants, tokens, nonce)
    return tokens


async def _code(
    grants: Grants, client: WebApplicationClient, pasted: str, redirect_url: str, state: str
) -> str:
    realm = grants.realm
    # A terminal breaks a long address into lines, and an address has no white space of its own.
    text = "".join(pasted[:_LONGEST_PASTE].split())
    if not text:
        raise SignInExpired("The sign-in was given up.", "Run login again.", node=realm.node)
    if not _is_below(text, redirect_url):
        raise SignInRefused(
            "What was pasted is not the address that the browser shows after the sign-in.",
            "Run login again. Sign in to the end, then copy the whole address line of the "
            "browser, whatever the page shows.",
            node=realm.node,
        )
    try:
        answer = client.parse_request_uri_response(text, state=state)
    except MismatchingStateError:
        raise _foreign(realm.node) from None
    except MissingCodeError:
        raise SignInRefused(
            "The pasted address holds no code: the sign-in was not finished, or the address is "
            "not whole.",
            "Run login again and copy the whole address line of the browser.",
            node=realm.node,
        ) from None
    except OAuth2Error as said:
        raise GrantRefused(str(said.error), str(said.description)) from None
    except ValueError:
        raise _foreign(realm.node) from None
    issuer = answer.get("iss")
    if issuer is None:
        is_ours = await realm.says("authorization_response_iss_parameter_supported") is not True
    else:
        is_ours = issuer == await realm.says("issuer")
    if not is_ours:
        raise _foreign(realm.node)
    return str(answer["code"])


async def _demand_ours(grants: Grants, tokens: Tokens, nonce: str) -> None:
    """The identity token belongs to this sign-in (Core 3.1.3.7; it came over TLS from the issuer
    itself, which there stands for its signature)."""
    claims = claims_of(tokens.identity or "")
    audience = claims.get("aud")
    is_ours = (
        claims.get("nonce") == nonce
        and claims.get("iss") == await grants.realm.says("issuer")
        and grants.client_id in (audience if isinstance(audience, list) else [audience])
    )
    if not is_ours:
        raise _foreign(grants.realm.node)


def _is_below(text: str, redirect_url: str) -> bool:
    try:
        came, meant = urlsplit(text), urlsplit(redirect_url)
        return (came.scheme, came.netloc, came.path) == (meant.scheme, meant.netloc, meant.path)
    except ValueError:
        return False


def _foreign(node: str) -> NodeError:
    return SignInRefused(
        "The pasted address belongs to another sign-in than this one.",
        "Run login again, open the address it shows in a new window, and paste what comes of "
        "that. If you had not started a sign-in yourself, tell the node's support.",
        node=node,
    )
