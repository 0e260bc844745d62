"""A browser without a screen: it opens an address, fills in forms and follows where they lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tests.real.running import trusting_client

_MOST_PAGES = 20
_NAMES = ("username", "login")
_NO = ("cancel", "abort")


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """The forms of a page, with buttons that name their form from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, _Form] = {}
        self.no = ""
        """The address of a link that says No."""
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "a" and have.get("href", "").rpartition("/")[2] in _NO:
            self.no = have["href"]
        if tag == "form":
            self._open = have.get("id", f"form {len(self.found)}")
            self.found[self._open] = _Form(have.get("action", ""))
        form = self.found.get(have.get("form", self._open))
        if form is None:
            return
        if tag == "button" or (tag == "input" and have.get("type") == "submit"):
            form.buttons.append((have.get("name", ""), have.get("value", "")))
        elif tag == "input" and "name" in have:
            form.fields[have["name"]] = have.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = ""


@dataclass
class Browser:
    """One person's browser, with its cookies. It stops at `stops_at`, whose page is not loaded."""

    ca_file: Path
    username: str = "ingester"
    password: str = "ingester"
    stops_at: str = "nowhere"
    pages: list[str] = field(default_factory=list)
    """The texts of the pages that were seen."""

    async def go(self, address: str, *, says_yes: bool = True, user_code: str = "") -> str:
        """Open an address and press Yes (or No where there is one) until there is nothing left to
        press; the last address."""
        async with httpx.AsyncClient(verify=trusting_client(self.ca_file), trust_env=False) as http:
            method, form = "GET", dict[str, str]()
            for _ in range(_MOST_PAGES):
                if address.startswith(self.stops_at):
                    return address
                answer = await http.request(method, address, data=form or None)
                if answer.has_redirect_location:
                    address = urljoin(address, answer.headers["location"])
                    method, form = "GET", {}
                    continue
                self.pages.append(answer.text)
                forms = _Forms()
                forms.feed(answer.text)
                if not forms.found or answer.status_code >= 400:
                    return address
                if forms.no and not says_yes:
                    address, method, form = urljoin(address, forms.no), "GET", {}
                    continue
                pressed = next(iter(forms.found.values()))
                if not (pressed.fields.get("user_code", "no code asked for") or user_code):
                    return address
                address = urljoin(address, pressed.action)
                method, form = "POST", self._filled(pressed, says_yes, user_code)
        raise AssertionError("the pages lead in circles")

    def _filled(self, form: _Form, says_yes: bool, user_code: str) -> dict[str, str]:
        filled = dict(form.fields)
        typed: Mapping[str, str] = {
            **dict.fromkeys(_NAMES, self.username),
            "password": self.password,
            "user_code": filled.get("user_code") or user_code,
        }
        filled |= {name: text for name, text in typed.items() if name in filled}
        no = [button for button in form.buttons if button[0] in _NO]
        yes = [button for button in form.buttons if button[0] not in _NO and button[0]]
        for name, value in (no if no and not says_yes else yes)[:1]:
            filled[name] = value
        return filled
