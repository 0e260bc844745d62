"""The system's keyring, asked in a way that cannot hang the program.

A locked keyring waits for somebody to type its passphrase into a window, which over SSH nobody
sees; a session bus may be left over from a session that has ended. So each question has a time
after which the keyring counts as not there, for as long as the process lives.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

T = TypeVar("T")
_REAL = {
    "SecretService": "Secret Service",
    "libsecret": "Secret Service",
    "kwallet": "KWallet",
    "macOS": "Keychain",
    "Windows": "Credential Locker",
}
# InitError: there is no collection, and making one needs a person (keyring's SecretService).
_KNOWN_FAILURES = {
    "KeyringLocked": "it is locked",
    "LockedException": "it is locked",
    "InitError": "it was never set up or is locked",
}
_PATIENCE_S = 5.0
_WITH_A_DESKTOP_S = 60.0


class Keyring(Protocol):
    """The part of a keyring backend that we use."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def system_keyring() -> Keyring | None:
    """The system's keyring, if one that encrypts is configured and running; else None.

    Over SSH there is mostly no session bus, hence no keyring: then the slow import is spared.
    """
    if _has_no_bus(os.environ):
        return None
    import keyring
    import keyring.errors

    try:
        backend = keyring.get_keyring()
        members = getattr(backend, "backends", None) or [backend]
    except (keyring.errors.KeyringError, RuntimeError):
        return None
    if not all(_name_of(member) for member in members):
        return None
    found: Keyring = backend
    return found


def _has_no_bus(environ: Mapping[str, str]) -> bool:
    return sys.platform == "linux" and not environ.get("DBUS_SESSION_BUS_ADDRESS")


def _name_of(backend: object) -> str:
    package, _, module = type(backend).__module__.rpartition(".")
    return _REAL.get(module, "") if package == "keyring.backends" else ""


class TimedKeyring:
    """A keyring that is found at the first question, and given up at the first that it does not
    answer. `why_not` says why it is not used, empty as long as it is."""

    def __init__(self, find: Callable[[], Keyring | None], *, patience_s: float | None = None):
        self._find = find
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._has_looked = False
        self._ring: Keyring | None = None
        self.why_not = ""

    @property
    def name(self) -> str:
        """What the keyring is called; asks for it."""
        ring = self._found()
        members = getattr(ring, "backends", None) or [ring]
        return _name_of(members[0])

    @property
    def unreached(self) -> str:
        """Why a keyring that is there could not be asked: what is in it stays. Empty otherwise."""
        return self.why_not if self._ring is not None else ""

    @property
    def is_usable(self) -> bool:
        return self._found() is not None

    def get(self, service: str, name: str) -> str | None:
        """The secret; None when there is none, or no keyring."""
        ring = self._found()
        return None if ring is None else self._timed(lambda: ring.get_password(service, name))

    def put(self, service: str, name: str, value: str) -> bool:
        """Whether the keyring keeps it now."""
        ring = self._found()
        if ring is None:
            return False
        self._timed(lambda: ring.set_password(service, name, value))
        return not self.why_not

    def delete(self, service: str, name: str) -> None:
        """Forget it; harmless when there is nothing."""
        ring = self._found()
        if ring is None:
            return

        def delete() -> None:
            from keyring.errors import PasswordDeleteError

            try:
                ring.delete_password(service, name)
            except PasswordDeleteError:
                return  # there was none

        self._timed(delete)

    def _found(self) -> Keyring | None:
        with self._lock:
            if not self._has_looked:
                self._has_looked = True
                self._ring = self._timed(self._find)
                if self._ring is None and not self.why_not:
                    self.why_not = _nothing_there()
            return None if self.why_not else self._ring

    def _timed(self, ask: Callable[[], T]) -> T | None:
        """The answer; None, and `why_not` set, when none comes. The thread of a question that
        hangs is left behind: it does not keep the program from ending."""
        answers: list[T] = []
        failures: list[Exception] = []

        def question() -> None:
            try:
                answers.append(ask())
            except Exception as problem:  # noqa: BLE001 - each backend has errors of its own
                failures.append(problem)

        thread = threading.Thread(target=question, name="keyring", daemon=True)
        thread.start()
        patience_s = _patience_s() if self._patience_s is None else self._patience_s
        thread.join(patience_s)
        if answers:
            return answers[0]
        # By its kind alone: its text is the keyring's.
        if not failures:
            self.why_not = f"it did not answer within {patience_s:g} seconds; perhaps it is locked"
        else:
            kind = type(failures[0]).__name__
            self.why_not = _KNOWN_FAILURES.get(kind, f"it refused ({kind})")
        return None


def _patience_s() -> float:
    has_desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return _WITH_A_DESKTOP_S if has_desktop or sys.platform != "linux" else _PATIENCE_S


def _nothing_there() -> str:
    if _has_no_bus(os.environ):
        return "this account has no session bus, as under sudo -u, in cron and in most SSH sessions"
    return "no keyring that encrypts answers in this session"
