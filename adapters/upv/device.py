"""Signing in by a code that a person confirms in any browser: the device grant of RFC 8628."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

from oauthlib.oauth2 import DeviceClient

from adapters.signin import Person, SignInPrompt
from adapters.upv.grants import NO_SUCH_SCOPE, SCOPES, Grants, Sleep, Tokens, seconds
from adapters.upv.oidc import is_address
from adapters.upv.refusals import GrantRefused
from transfer.errors import NodeBusy, NodeError, Unreachable

ENDPOINT = "device_authorization_endpoint"
_SLOW_DOWN_S = 5.0
_SHORTEST_INTERVAL_S = 1.0  # the RFC counts in whole seconds; less would be a storm of questions
# Keycloak says the first, as RFC 6749 5.2 has it; node-oidc-provider 9.13 the second.
_NOT_FOR_THIS_CLIENT = ("unauthorized_client", "invalid_request", "unsupported_grant_type")
_LONGEST_CODE = 64


async def by_device(
    grants: Grants,
    person: Person,
    *,
    purpose: str,
    sleep: Sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Tokens:
    """Show a person where to confirm which code, and wait for it as section 3.5 asks.

    Raises:
        GrantRefused: unauthorized_client where the realm does not allow it to this client;
            access_denied or expired_token where the person did not confirm.
        NodeError: the realm could not be reached any more when the code ran out.
    """
    code, prompt, interval_s = await _begin(grants, purpose)
    ends_at = clock() + prompt.expires_in_s
    client = DeviceClient(grants.client_id)
    question = client.prepare_request_body(code, include_client_id=True)
    person.show(prompt)
    try:
        trouble: NodeError | None = None
        while (left_s := ends_at - clock()) > 0:
            await sleep(min(interval_s, left_s))
            try:
                return await grants.exchange(str(question))
            except GrantRefused as refused:
                trouble = None
                if refused.code == "slow_down":
                    interval_s += _SLOW_DOWN_S
                elif refused.code != "authorization_pending":
                    raise
            except (Unreachable, NodeBusy) as problem:
                # The person is on the way to the browser: a line that drops must not undo that.
                trouble = problem
                interval_s = max(2 * interval_s, problem.retry.after_s)
    finally:
        person.settled()
    if trouble is not None:
        raise trouble
    raise GrantRefused("expired_token")


async def _begin(grants: Grants, purpose: str) -> tuple[str, SignInPrompt, float]:
    """Device code, what to show, and the seconds between two questions (sections 3.1, 3.2)."""
    for scope in SCOPES:
        try:
            answer = await grants.realm.ask(
                ENDPOINT, urlencode({"client_id": grants.client_id, "scope": scope})
            )
            break
        except GrantRefused as refused:
            if refused.code in _NOT_FOR_THIS_CLIENT:
                raise GrantRefused("unauthorized_client", refused.description) from None
            if refused.code not in NO_SUCH_SCOPE or scope == SCOPES[-1]:
                raise
    code, user_code = answer.get("device_code"), answer.get("user_code")
    address = answer.get("verification_uri")
    whole = answer.get("verification_uri_complete", address)
    if not (
        isinstance(code, str)
        and code
        and isinstance(user_code, str)
        and 0 < len(user_code) <= _LONGEST_CODE
        and user_code.isprintable()
        and is_address(address)
        and is_address(whole)
    ):
        raise grants.realm.fault()
    # What is typed at another server's page goes to that server.
    grants.realm.demand_ours(address)
    grants.realm.demand_ours(whole)
    prompt = SignInPrompt(
        address=whole,
        code=user_code,
        expires_in_s=seconds(answer.get("expires_in"), 600.0),
        short_address=address,
        purpose=purpose,
    )
    return code, prompt, max(_SHORTEST_INTERVAL_S, seconds(answer.get("interval"), 5.0))
