"""Secrets that came with the environment: taken out of it, so that no child has them.

The first thing the program does is to take `EUCAIM_TRANSFER_PASSWORD`, and the password in a
proxy's address, into its own memory. What a process was started with stays readable in /proc for
as long as it lives (proc(5), /proc/pid/environ), and each process that it starts gets a copy; so
the text is overwritten where the kernel shows it and taken out of what children get.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Final

PASSWORD_VARIABLE: Final = "EUCAIM_TRANSFER_PASSWORD"  # noqa: S105 - the name of the variable

# By the variable's name, as it was given.
_taken: dict[str, str] = {}
# By the secret's name, for this process alone.
_handed: dict[str, str] = {}


def take_secrets(environ: MutableMapping[str, str] = os.environ) -> None:
    """Take them; later calls find nothing more. Once, before any child is started."""
    for name, value in secrets_of(environ).items():
        _taken[name] = value
        bare = _without_secret(name, value)
        _wipe(name)
        if bare is None:
            del environ[name]
        else:
            environ[name] = bare


def accept_secrets(handed: Mapping[str, str]) -> None:
    """Take what the process that started this one hands over, by the names of the variables."""
    _taken.update(handed)


def accept_named(handed: Mapping[str, str]) -> None:
    """Take secrets by their names in the secret store, for as long as this process lives."""
    _handed.update(handed)


def handed_secret(name: str) -> str | None:
    """A secret that `accept_named` took."""
    return _handed.get(name)


def secrets_at_hand(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables with a secret in them, as they were given, taken already or not."""
    return {**_taken, **secrets_of(environ)}


def password_at_hand(environ: Mapping[str, str] = os.environ) -> str | None:
    """The nodes' password that the environment gave, taken already or not."""
    return secrets_at_hand(environ).get(PASSWORD_VARIABLE)


def as_given(environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The environment with the proxies' addresses as they were given, passwords and all."""
    addresses = {name: v for name, v in secrets_at_hand(environ).items() if _is_proxy(name)}
    return {**environ, **addresses}


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a child: the same without the passwords."""
    kept = {name: _without_secret(name, value) for name, value in environ.items()}
    return {name: value for name, value in kept.items() if value is not None}


def secrets_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with a secret in them."""
    return {name: v for name, v in environ.items() if v and _without_secret(name, v) != v}


def _without_secret(name: str, value: str) -> str | None:
    if name == PASSWORD_VARIABLE:
        return None
    return _without_password(value) if _is_proxy(name) else value


def _is_proxy(name: str) -> bool:
    return name.lower().endswith("_proxy") and name.lower() != "no_proxy"


def _without_password(address: str) -> str:
    """A proxy's address with the name alone.

    Read by its marks: also in an address that cannot be used may stand a password.
    """
    scheme, mark, rest = address.rpartition("://")
    user_info, at, host = rest.rpartition("@")
    name, colon, _ = user_info.partition(":")
    if not at or not colon:
        return address
    return f"{scheme}{mark}{name}@{host}" if name else f"{scheme}{mark}{host}"


def _wipe(name: str) -> None:
    """Overwrite the value where the kernel put it at the start, as far as it is still there."""
    if sys.platform != "linux":
        return
    import ctypes

    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    place = libc.getenv(os.fsencode(name))
    if place:
        ctypes.memset(place, 0, len(ctypes.string_at(place)))
