"""The few pages that the stand-in issuer shows a browser. Plain forms, no script, no style."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape


def message(title: str, words: str) -> str:
    return (
        f"<!doctype html><html lang=en><title>{escape(title)}</title>"
        f"<h1>{escape(title)}</h1><p>{escape(words)}</p></html>"
    )


def device(user_code: str, trouble: str = "") -> str:
    """Confirm a code, signing in at once."""
    asked = _field("Enter the code provided by your device", "user_code", user_code)
    return _form("Device Login", asked + _LOGIN, trouble)


def login(hidden: Mapping[str, str], trouble: str = "") -> str:
    """Sign in to go back to where the browser came from."""
    kept = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    return _form("Sign in to your account", kept + _LOGIN, trouble)


def export(cases: str, trouble: str = "") -> str:
    """Choose cases, name a dataset, sign in; `cases` are fields made already."""
    texts = "".join(
        _field(name.title(), name)
        for name in ("name", "version", "description", "provenance", "purpose")
    )
    return _form("Export dataset", cases + texts + _LOGIN, trouble, "Export dataset")


def _form(title: str, fields: str, trouble: str, button: str = "Sign In") -> str:
    said = f"<p role=alert>{escape(trouble)}</p>" if trouble else ""
    return (
        f"<!doctype html><html lang=en><title>{escape(title)}</title><h1>{escape(title)}</h1>"
        f"{said}<form method=post>{fields}<button name=accept value=Yes>{escape(button)}</button>"
        "<button name=cancel value=No>No</button></form></html>"
    )


def _field(label: str, name: str, value: str = "", kind: str = "text") -> str:
    return (
        f"<label>{escape(label)} "
        f'<input type={kind} name={name} value="{escape(value)}"></label><br>'
    )


_LOGIN = _field("Username", "username") + _field("Password", "password", kind="password")
