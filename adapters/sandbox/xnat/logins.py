"""Signing in and out, identity, alias tokens, and the few web pages that clients come across."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.responses import Response

from adapters.sandbox.xnat import answers, tables
from adapters.sandbox.xnat.answers import Refused, text
from adapters.sandbox.xnat.call import Call


def web_page(call: Call) -> Response:
    """`/` and what it leads to."""
    is_let_in = call.login is not None or call.site.options.has_guests
    if not call.words:
        page = "Index.vm" if is_let_in else "Login.vm"
        return Response(status_code=302, headers={"location": f"/app/template/{page}"})
    if is_let_in and call.words[-1] == "Index.vm":
        return answers.index_page(call.login)
    return answers.login_page()


async def answer(call: Call) -> Response:
    """`JSESSION`, `auth` and `services/auth`."""
    if call.words == ["services", "auth"]:
        return await _sign_in(call)
    if call.words == ["auth"]:
        name = call.login or "guest"
        return text(f"User '{name}' is logged in")
    if call.method == "DELETE":
        if call.session is not None:
            call.site.accounts.close(call.session)
        return text("")
    if call.method not in ("GET", "HEAD", "POST"):
        raise Refused(405)
    assert call.session is not None, "the route is guarded"
    suffix = f"; XNAT_CSRF={call.session.csrf}" if call.flag("CSRF") else ""
    return text(call.session.id + suffix)


async def _sign_in(call: Call) -> Response:
    if call.method not in ("PUT", "POST"):
        raise Refused(405)
    fields = dict(parse_qsl((await call.request.body()).decode(), keep_blank_values=True))
    login = call.site.accounts.check(
        fields.get("username", fields.get("j_username", "")),
        fields.get("password", fields.get("j_password", "")),
    )
    if login is None:
        raise Refused(401, "Authentication failed.")
    call.session = call.site.accounts.open(login)
    call.login = login
    return text(call.session.id)


def users(call: Call) -> Response:
    """`users`: who has an account here."""
    if call.login is None:
        raise Refused(403)
    rows = [
        {
            "xdat_user_id": str(number),
            "login": account.login,
            "firstname": account.first_name,
            "lastname": account.last_name,
            "email": f"{account.login}@hospital.example",
        }
        for number, account in enumerate(call.site.accounts.all(), 1)
    ]
    return call.listing("Users", rows, ("xdat_user_id", "login", "firstname", "lastname", "email"))


def tokens(call: Call) -> Response:
    """`services/tokens/...`."""
    accounts = call.site.accounts
    match list(call.words[2:]):
        case ["issue"] if call.login is not None:
            token = accounts.issue_token(call.login)
            return tables.json_answer(
                {
                    "alias": token.alias,
                    "secret": token.secret,
                    "xdatUserId": token.login,
                    "singleUse": False,
                    "estimatedExpirationTime": int(token.expires * 1000),
                    "validIPAddresses": [],
                }
            )
        case ["issue", *_]:
            raise Refused(403)
        case ["validate", alias, secret]:
            user = accounts.token_user(alias, secret)
            return tables.json_answer({"valid": user} if user else {})
        case ["invalidate", alias, *_] if re.fullmatch(r"[0-9a-f-]{36}", alias):
            accounts.invalidate_token(alias)
            return tables.json_answer({"result": "OK"})
    raise Refused(404)
