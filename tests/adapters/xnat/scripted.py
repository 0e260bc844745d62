"""A scripted XNAT: it knows sessions and names, and answers the rest as a test has told it."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from ssl import SSLContext
from urllib.parse import parse_qs, unquote, urlsplit

from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from adapters.xnat.archiving import Pace
from adapters.xnat.node import XnatNode
from adapters.xnat.options import Settings
from tests.adapters.tls_server import Reply, Request, Server, serving

PAGE = "<html><head><title>Status page</title></head><body><h3>{}</h3><br></body></html>"
LOGIN = "<!DOCTYPE html>\n<html><head><title>XNAT</title></head><body>Sign in</body></html>"
ALIAS, SECRET = "0b7c9a1e-4a53-4f6c-9f0e-000000000001", "s" * 64
QUICK = Pace(first_look_s=0.01, longest_look_s=0.02, settle_s=0.15, silence_s=5.0, patience_s=10.0)

Answer = Reply | Callable[[Request], Reply]


def page(status: int, words: str) -> Reply:
    return Reply(status, PAGE.format(words).encode(), {"Content-Type": "text/html"})


def text(body: str, status: int = 200) -> Reply:
    return Reply(status, body.encode(), {"Content-Type": "text/plain"})


def document(content: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def table(*rows: dict[str, str]) -> Reply:
    return document({"ResultSet": {"Result": rows, "totalRecords": str(len(rows))}})


@dataclass
class ScriptedXnat:
    """Answers over TLS. `names` says who owns which session; `told` what the test has set."""

    password: str = "right"
    username: str = "ingester"
    has_guests: bool = False
    gives_tokens: bool = True
    sign_in_status: int = 0
    version: str = "1.8.10"
    server_clock_ms: int | None = None
    names: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str, Answer]] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def tell(self, method: str, path: str, answer: Answer) -> None:
        """From now on answer `path` (a regular expression, without the query) so."""
        self.told.insert(0, (method, path + r"\Z", answer))

    def turn(self, into: str | None) -> None:
        """Every session of ours ends (None) or becomes somebody else's."""
        with self.lock:
            for session in list(self.names):
                if into is None:
                    del self.names[session]
                else:
                    self.names[session] = into

    def count(self, line: str) -> int:
        return self.asked.count(line)

    def __call__(self, request: Request) -> Reply:
        parts = urlsplit(request.target)
        path = unquote(parts.path)
        with self.lock:
            self.asked.append(f"{request.method} {path}")
            reply = self._signing_in(request, path)
            if reply is None:
                name = self.names.get(session_of(request))
                if name is None and not self.has_guests:
                    # Before the body is read, as a servlet filter does.
                    return replace(page(401, "Unauthorized"), then="close")
                reply = self._whoami(request, path, name or "guest")
        if reply is not None:
            return reply
        for method, pattern, answer in self.told:
            if method == request.method and re.match(pattern, path):
                return answer(request) if callable(answer) else answer
        return page(404, "Not Found")

    def _signing_in(self, request: Request, path: str) -> Reply | None:
        line = (request.method, path)
        if line == ("PUT", "/data/services/auth"):
            form = parse_qs(request.body.decode())
            self.sign_ins.append(f"password {form['password'][0]}")
            if self.sign_in_status:
                return page(self.sign_in_status, "Internal Server Error")
            if form["username"] == [self.username] and form["password"] == [self.password]:
                return self._session()
            return page(401, "Authentication failed.")
        if line == ("POST", "/data/JSESSION"):
            pair = request.headers.get("authorization", "Basic ").split(" ", 1)[1]
            self.sign_ins.append("token")
            if base64.b64decode(pair).decode() == f"{ALIAS}:{SECRET}" and self.gives_tokens:
                return self._session()
            return page(401, "Unauthorized")
        return None

    def _session(self) -> Reply:
        number = len(self.sign_ins)
        session = f"SESSION{number:08d}"
        self.names[session] = self.username
        now_ms = int(time.time() * 1000) if self.server_clock_ms is None else self.server_clock_ms
        expiry = f'SESSION_EXPIRATION_TIME="{now_ms},900000"; Version=1; Path=/'
        return Reply(200, session.encode(), {"Set-Cookie": expiry})

    def _whoami(self, request: Request, path: str, name: str) -> Reply | None:
        line = (request.method, path)
        if line == ("GET", "/data/auth"):
            return text(f"User '{name}' is logged in")
        if line == ("DELETE", "/data/JSESSION"):
            self.names.pop(session_of(request), None)
            return text("")
        if line == ("GET", "/data/services/tokens/issue"):
            if not self.gives_tokens or name == "guest":
                return page(403, "Forbidden")
            return document({"alias": ALIAS, "secret": SECRET, "singleUse": False})
        if line == ("GET", "/xapi/siteConfig/buildInfo"):
            return document({"version": self.version})
        return None


def session_of(request: Request) -> str:
    found = re.search(r"JSESSIONID=(\w+)", request.headers.get("cookie", ""))
    return found[1] if found else ""


def query_of(request: Request) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(request.target).query).items()}


@dataclass
class Running:
    """A scripted XNAT that runs, and the home of the one who uses it."""

    xnat: ScriptedXnat
    server: Server
    home: Path
    ca_file: Path

    def store(self, typed: str | None = "right") -> SecretStore:
        """A secret store to which a person has just typed a password, or has not."""
        store = SecretStore(self.home, environ={}, keyring=lambda: None)
        if typed is not None:
            store.hold("n.password", typed)
        return store

    def settings(self) -> Settings:
        (self.home / "config.toml").write_text(
            f'[nodes.n]\nkind = "xnat"\nurl = "{self.server.url}"\n'
            f'ca_file = "{self.ca_file}"\nusername = "ingester"\ndestinations = ["P"]\n'
        )
        return Settings.of(load_profiles(self.home)["n"], self.home)

    def node(self, *, store: SecretStore | None = None, beat_s: float | None = None) -> XnatNode:
        store = store or self.store()
        return XnatNode(self.settings(), store, environ={}, beat_s=beat_s, pace=QUICK)


@contextmanager
def running(home: Path, ca_file: Path, context: SSLContext) -> Iterator[Running]:
    xnat = ScriptedXnat()
    with serving(xnat, context) as server:
        yield Running(xnat, server, home, ca_file)
