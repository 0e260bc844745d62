"""The secret store: passwords and tokens, looked for in a fixed order and written in one place.

Names are `<node>.password`, `<node>.token`, `<node>.username`, `proxy.password` and the like.
Looked for in this order, first found wins:

1. systemd's credentials, `$CREDENTIALS_DIRECTORY/<name>`
2. `$EUCAIM_TRANSFER_PASSWORD`, for `<node>.password` only
3. what was handed over for this process alone (`hold`: a prompt, a pipe)
4. `secrets/secrets.json` below the home: folder 0700, file 0600, written atomically
5. the system's keyring, where a real one is configured

`put` writes to the keyring where there is one, else to the file; never to both.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from transfer.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")
_LARGEST_FILE_BYTES = 1 << 20


class Keyring(Protocol):
    """The part of a keyring backend that we use."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def system_keyring() -> Keyring | None:
    """The system's keyring, if one that encrypts is configured and running; else None.

    Over SSH there is mostly no session bus, hence no keyring: then the slow import is spared.
    """
    if sys.platform == "linux" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return None
    import keyring
    import keyring.errors

    real = {"SecretService", "libsecret", "kwallet", "macOS", "Windows"}
    try:
        backend = keyring.get_keyring()
        members = getattr(backend, "backends", None) or [backend]
    except (keyring.errors.KeyringError, RuntimeError):
        return None
    for member in members:
        package, _, module = type(member).__module__.rpartition(".")
        if module == "" or not (package == "keyring.backends" and module in real):
            return None
    found: Keyring = backend
    return found


class SecretStore:
    """Secrets of one home. Safe between threads and processes; values never show in its repr."""

    def __init__(
        self,
        home: Path,
        *,
        environ: Mapping[str, str] | None = None,
        keyring: Callable[[], Keyring | None] = system_keyring,
    ) -> None:
        self._folder = home / "secrets"
        self._file = self._folder / "secrets.json"
        self._service = f"eucaim-transfer {home.absolute()}"
        self._environ = os.environ if environ is None else environ
        self._find_keyring = keyring
        self._keyring: Keyring | None = None
        self._has_looked = False
        self._held: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SecretStore({len(self._held)} held)"

    def get(self, name: str) -> str | None:
        """The secret, or None.

        Raises:
            UsageError: the file may be read by others, or is damaged.
        """
        _check(name)
        value = self._from_credentials(name)
        if value is None and name.endswith(".password") and name != "proxy.password":
            value = self._environ.get("EUCAIM_TRANSFER_PASSWORD") or None
        if value is None:
            value = self._held.get(name)
        if value is None:
            value = self._read().get(name)
        if value is None:
            value = self._from_keyring(name)
        return value

    def hold(self, name: str, value: str) -> None:
        """Keep a secret for this process only."""
        _check(name)
        self._held[name] = value

    def is_held(self, name: str) -> bool:
        """Whether this process was handed the secret itself."""
        return name in self._held

    def put(self, name: str, value: str) -> None:
        """Store a secret for good; after a crash either the old or the new one is there.

        Raises:
            UsageError: there is no place that can be written to.
        """
        _check(name)
        self._held.pop(name, None)
        ring = self._ring()
        if ring is not None:
            with contextlib.suppress(*_keyring_errors()):
                ring.set_password(self._service, name, value)
                self._change(name, None)
                return
        self._change(name, value)

    def delete(self, name: str) -> None:
        """Forget a secret wherever we may have put it; harmless when there is none."""
        _check(name)
        self._held.pop(name, None)
        self._change(name, None)
        ring = self._ring()
        if ring is not None:
            with contextlib.suppress(*_keyring_errors()):
                ring.delete_password(self._service, name)

    def _from_credentials(self, name: str) -> str | None:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            return None
        try:
            text = (Path(folder) / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as cause:
            raise UsageError(
                f"The systemd credential {name} cannot be read.",
                "Check LoadCredential= of the unit: plain text, readable by its user.",
            ) from cause
        return text.rstrip("\r\n") or None

    def _ring(self) -> Keyring | None:
        if not self._has_looked:
            self._keyring = self._find_keyring()
            self._has_looked = True
        return self._keyring

    def _from_keyring(self, name: str) -> str | None:
        ring = self._ring()
        if ring is None:
            return None
        with contextlib.suppress(*_keyring_errors()):
            return ring.get_password(self._service, name)
        return None

    def _read(self) -> dict[str, str]:
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as cause:
            raise _unreadable() from cause
        with open(descriptor, encoding="utf-8") as file:
            facts = os.fstat(file.fileno())
            if stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid():
                raise UsageError(
                    "The file with the secrets could be read by others, so it is not used.",
                    f"Make it yours alone: chmod 600 {self._file}; then change what is in it.",
                )
            try:
                content = json.loads(file.read(_LARGEST_FILE_BYTES))
            except (ValueError, RecursionError):
                # Without the cause: it would carry the file's text, secrets and all.
                raise _unreadable() from None
        if not isinstance(content, dict):
            raise _unreadable()
        return {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, str)}

    def _change(self, name: str, value: str | None) -> None:
        if value is None and not self._file.exists():
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            with self._locked():
                content = self._read()
                if content.get(name) == value:
                    return
                if value is None:
                    del content[name]
                else:
                    content[name] = value
                self._replace(content)
        except OSError as cause:
            raise UsageError(
                "The secret cannot be stored: the home folder cannot be written to.",
                "Give the home folder to this user, or name another in EUCAIM_TRANSFER_HOME.",
            ) from cause

    def _replace(self, content: dict[str, str]) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".secrets-")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _keyring_errors() -> tuple[type[Exception], ...]:
    import keyring.errors

    return (keyring.errors.KeyringError,)


def _unreadable() -> UsageError:
    return UsageError(
        "The file with the secrets cannot be read.",
        "Delete secrets/secrets.json in the program's home and sign in again.",
    )


def _check(name: str) -> None:
    if not _NAME.match(name):
        raise ValueError("not the name of a secret")
