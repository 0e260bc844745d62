"""The secret store: passwords and tokens, looked for in a fixed order and written in one place.

Names are `<node>.password`, `<node>.token`, `<node>.datasets.token`, `<node>.username`,
`proxy.password`, `helpdesk.token`, `key.passphrase` and the like.
Looked for in this order, first found wins:

1. systemd's credentials, `$CREDENTIALS_DIRECTORY/<name>`
2. `$EUCAIM_TRANSFER_PASSWORD`, for `<node>.password` only
3. what was handed over for this process alone (`hold`: a prompt, a pipe)
4. `secrets/secrets.json` below the home (see `secretfile`)
5. the system's keyring, where a real one is configured and answers

`put` writes to the keyring where there is one, else to the file; never to both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from adapters.inherited import PASSWORD_VARIABLE, handed_secret, password_at_hand
from adapters.keyrings import Keyring, TimedKeyring, system_keyring
from adapters.secretfile import SecretFile
from transfer.errors import UsageError

__all__ = ["Keyring", "Place", "SecretStore", "StoreFacts", "system_keyring"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")
_TOKENS = ("token", "datasets.token")
_OF_A_NODE = (*_TOKENS, "password", "username", "proxy.password", "refused")
_PROXY_PASSWORD = "proxy.password"  # noqa: S105 - the name of the secret


class Place(StrEnum):
    """Where a secret is, in words that follow "in" or "from"."""

    SYSTEMD = "systemd credentials, which this program can only read"
    ENVIRONMENT = "EUCAIM_TRANSFER_PASSWORD in the environment"
    PROCESS = "the memory of this process, until it ends"
    FILE = "a file that only this account can read"
    KEYRING = "the system's keyring"

    @property
    def lasts(self) -> bool:
        """Whether it is there for the next process, by our own doing."""
        return self in (Place.FILE, Place.KEYRING)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """Where secrets go and come from, for the doctor. `why_not_keyring` is empty where it is used
    and else a clause in words: "it is locked"."""

    writes_to: str
    reads_from: Sequence[str]
    why_not_keyring: str = ""

    def __str__(self) -> str:
        said = f"Tokens are kept in {self.writes_to}"
        return (
            f"{said}; the keyring is not used: {self.why_not_keyring}."
            if (self.why_not_keyring)
            else f"{said}."
        )


class SecretStore:
    """Secrets of one home. Safe between threads and processes; values never show in its repr.

    With `keeps` False whatever is put lasts as long as this object, and nothing is written.
    """

    def __init__(
        self,
        home: Path,
        *,
        environ: Mapping[str, str] | None = None,
        keyring: Callable[[], Keyring | None] = system_keyring,
        keyring_patience_s: float | None = None,
        keeps: bool = True,
    ) -> None:
        self._home = home
        self._file = SecretFile(home)
        self._service = f"eucaim-transfer {home.absolute()}"
        self._given_environ = environ
        self._find_keyring = keyring
        self._keyring = TimedKeyring(keyring, patience_s=keyring_patience_s)
        self._keyring_patience_s = keyring_patience_s
        self._keeps = keeps
        self._held: dict[str, str] = {}
        self._passed_over: set[str] = set()

    def __repr__(self) -> str:
        return f"SecretStore({len(self._held)} held)"

    def without_keeping(self) -> SecretStore:
        """Another store that reads the same and writes nothing."""
        return SecretStore(
            self._home,
            environ=self._given_environ,
            keyring=self._find_keyring,
            keyring_patience_s=self._keyring_patience_s,
            keeps=False,
        )

    def get(self, name: str) -> str | None:
        """The secret, or None.

        Raises:
            UsageError: the file may be read by others, or is damaged.
        """
        return self._look(name)[0]

    def place_of(self, name: str) -> Place | None:
        """Where `get` finds the secret; None where there is none.

        Raises:
            UsageError: as `get`.
        """
        return self._look(name)[1]

    def _look(self, name: str) -> tuple[str | None, Place | None]:
        _check(name)
        places: tuple[tuple[Place, Callable[[str], str | None]], ...] = (
            (Place.SYSTEMD, self._from_credentials),
            (Place.ENVIRONMENT, self._from_environment),
            (Place.PROCESS, self._from_process),
            (Place.FILE, self._from_file),
            (Place.KEYRING, self._from_keyring),
        )
        for place, look in places:
            if place.lasts and name in self._passed_over:
                break
            value = look(name)
            if value is not None:
                return value, place
        return None, None

    def hold(self, name: str, value: str) -> None:
        """Keep a secret for this process only."""
        _check(name)
        self._held[name] = value

    def is_held(self, name: str) -> bool:
        """Whether this process was handed the secret itself."""
        return name in self._held

    def begin_anew(self, node: str) -> None:
        """From now on read as if no token of the node was stored, until one is `put`: for a sign-in
        that is meant, and must not cost the old one when it fails."""
        for kind in _TOKENS:
            _check(f"{node}.{kind}")
            self._passed_over.add(f"{node}.{kind}")

    def put(self, name: str, value: str) -> Place:
        """Store a secret for good and say where; after a crash the old or the new one is there.

        Raises:
            UsageError: there is no place that can be written to.
        """
        _check(name)
        if not self._keeps:
            self._held[name] = value
            return Place.PROCESS
        if self._keyring.put(self._service, name, value):
            self._file.change(name, None)
            place = Place.KEYRING
        else:
            self._file.change(name, value)
            place = Place.FILE
        self._held.pop(name, None)
        self._passed_over.discard(name)
        return place

    def delete(self, name: str) -> None:
        """Forget a secret wherever we may have put it; harmless when there is none."""
        _check(name)
        self._held.pop(name, None)
        if self._keeps:
            self._file.change(name, None)
            self._keyring.delete(self._service, name)

    def forget_node(self, node: str) -> None:
        """Forget everything that is stored of a node's sign-in."""
        for kind in _OF_A_NODE:
            self.delete(f"{node}.{kind}")

    def still_there(self, node: str) -> Mapping[str, Place]:
        """What `get` still finds of a node's sign-in, by name: after `forget_node` that is what
        is not in our hands."""
        found = {}
        for kind in _OF_A_NODE:
            place = self.place_of(f"{node}.{kind}")
            if place is not None:
                found[f"{node}.{kind}"] = place
        return found

    @property
    def unreached_keyring(self) -> str:
        """Why a keyring that may hold a secret could not be asked; empty where it was."""
        return self._keyring.unreached

    def describe(self) -> StoreFacts:
        """Which places are read and written, in words. Asks the keyring."""
        reads = []
        if self._environ.get("CREDENTIALS_DIRECTORY"):
            reads.append(Place.SYSTEMD.value)
        if self._password_at_hand():
            reads.append(Place.ENVIRONMENT.value)
        reads.append(Place.FILE.value)
        writes = Place.FILE.value
        # A locked one shows only when it is asked for something.
        self._keyring.get(self._service, "doctor.question")
        if self._keyring.is_usable:
            writes = Place.KEYRING.value
            if self._keyring.name:
                writes += f" ({self._keyring.name})"
            reads.append(writes)
        return StoreFacts(writes, tuple(reads), self._keyring.why_not)

    @property
    def _environ(self) -> Mapping[str, str]:
        return os.environ if self._given_environ is None else self._given_environ

    def _from_credentials(self, name: str) -> str | None:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            return None
        try:
            text = (Path(folder) / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            # Without the cause: a decoding error carries what it read.
            raise UsageError(
                f"The systemd credential {name} cannot be read.",
                "Check LoadCredential= of the unit: plain text, readable by its user.",
            ) from None
        return text.rstrip("\r\n") or None

    def _from_environment(self, name: str) -> str | None:
        # A proxy is not told the node's password.
        if not name.endswith(".password") or f".{name}".endswith(f".{_PROXY_PASSWORD}"):
            return None
        return self._password_at_hand()

    def _password_at_hand(self) -> str | None:
        if self._given_environ is None:
            return password_at_hand()
        return self._given_environ.get(PASSWORD_VARIABLE) or None

    def _from_process(self, name: str) -> str | None:
        held = self._held.get(name)
        return handed_secret(name) if held is None else held

    def _from_file(self, name: str) -> str | None:
        return self._file.read().get(name)

    def _from_keyring(self, name: str) -> str | None:
        return self._keyring.get(self._service, name)


def _check(name: str) -> None:
    if not _NAME.match(name):
        raise ValueError("not the name of a secret")
