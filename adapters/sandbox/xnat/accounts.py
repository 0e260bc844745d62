"""Who may sign in, sessions that run out, and alias tokens."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

GUEST = "guest"
_FAILURES_BEFORE_LOCK = 20
_LOCK_S = 3600.0
_TOKEN_S = 172_800.0


@dataclass(frozen=True, slots=True)
class Account:
    """A person with a user name of the site; `may_create`: projects of one's own."""

    login: str
    password: str
    first_name: str = "Test"
    last_name: str = "Account"
    may_create: bool = False


INGESTER = Account("ingester", "ingester", "Ingester", "Sandbox", may_create=True)
MEMBER = Account("member", "member", "Member", "Sandbox")
READER = Account("reader", "reader", "Reader", "Sandbox")
ACCOUNTS = (INGESTER, MEMBER, READER)


@dataclass(slots=True)
class Session:
    """One HTTP session; `touched` is when its last request began, on the site's clock."""

    id: str
    login: str
    touched: float
    csrf: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class AliasToken:
    """A pair that signs in for a user until its time is over."""

    alias: str
    secret: str
    login: str
    expires: float


class Accounts:
    """Sign-in and sessions of the site."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        timeout_s: float,
        accounts: Sequence[Account] = ACCOUNTS,
        most_sessions: int = 1000,
    ) -> None:
        self._clock = clock
        self._accounts = {account.login: account for account in accounts}
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[str, AliasToken] = {}
        self._failures: dict[str, tuple[int, float]] = {}
        self.most_sessions = most_sessions
        self.timeout_s = timeout_s
        self.sign_ins = 0
        """How often a password or an alias token was accepted."""
        self.sign_in_failures = 0
        """How often a name and password were not."""

    def get(self, login: str) -> Account | None:
        return self._accounts.get(login)

    def all(self) -> Sequence[Account]:
        return list(self._accounts.values())

    def check(self, name: str, password: str) -> str | None:
        """The login behind a name and password, or alias and secret; None when they are wrong.

        A name may come as `provider/name`.
        """
        now = self._clock()
        token = self._tokens.get(name)
        if token is not None:
            is_good = token.secret == password and token.expires > now
            return token.login if is_good else None
        login = name.rpartition("/")[2]
        failures, since = self._failures.get(login, (0, 0.0))
        is_locked = failures >= _FAILURES_BEFORE_LOCK and now < since + _LOCK_S
        account = self._accounts.get(login)
        if is_locked or account is None or account.password != password:
            self._failures[login] = (failures + 1, now)
            self.sign_in_failures += 1
            return None
        self._failures.pop(login, None)
        return login

    def open(self, login: str) -> Session:
        """A new session; the oldest of the same account gives way when there are too many."""
        if login != GUEST:
            self.sign_ins += 1
        session = Session(secrets.token_hex(16).upper(), login, self._clock())
        self._sessions[session.id] = session
        same = [s for s in self._sessions.values() if s.login == login]
        if len(same) > self.most_sessions:
            del self._sessions[min(same, key=lambda s: s.touched).id]
        return session

    def resume(self, session_id: str) -> Session | None:
        """The session with this id, whose time starts anew; None when it is over."""
        session = self._sessions.get(session_id)
        now = self._clock()
        if session is None or session.touched + self.timeout_s <= now:
            self._sessions.pop(session_id, None)
            return None
        session.touched = now
        return session

    def close(self, session: Session) -> None:
        self._sessions.pop(session.id, None)

    def close_all(self) -> None:
        """End every session of everybody."""
        self._sessions.clear()

    def issue_token(self, login: str) -> AliasToken:
        letters = string.ascii_letters + string.digits
        secret = "".join(secrets.choice(letters) for _ in range(64))
        token = AliasToken(str(uuid.uuid4()), secret, login, self._clock() + _TOKEN_S)
        self._tokens[token.alias] = token
        return token

    def token_user(self, alias: str, secret: str) -> str | None:
        token = self._tokens.get(alias)
        is_good = token is not None and token.secret == secret and token.expires > self._clock()
        return token.login if token is not None and is_good else None

    def invalidate_token(self, alias: str) -> None:
        self._tokens.pop(alias, None)
