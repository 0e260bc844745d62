"""What is kept of a sign-in that worked, so that a later run needs nobody."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.secrets import Place, SecretStore

_BY_PASSWORD = ("password", "basic", "oidc")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a later run signs in with, and where it is; `what` is empty where it is nothing."""

    what: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        if not self.what:
            return "Nothing is kept: an upload has to be given the sign-in again."
        if self.place is None or not self.place.lasts:
            return f"Nothing had to be stored: the {self.what} comes from {self.place}."
        if self.what == "password":
            return (
                f"The node gives no token, so the password is kept, in {self.place}."
                " Login with --no-keep keeps nothing."
            )
        return f"A {self.what} is kept, in {self.place}; no password is."


def keep_sign_in(secrets: SecretStore, node: str, auth: object, *, with_password: bool) -> Kept:
    """Keep the token that the node gave, and no password beside it; where it gave none, the
    password, `with_password` for good and else for as long as this process lasts.

    Raises:
        UsageError: it cannot be stored.
    """
    token, password = f"{node}.token", f"{node}.password"
    value, place = secrets.get(token), secrets.place_of(token)
    if value is not None and place is not None:
        # Held alone where a store that could not be written to was met: say so now.
        if secrets.is_held(token):
            place = secrets.put(token, value)
        secrets.delete(password)
        return Kept("token", place)
    value, place = secrets.get(password), secrets.place_of(password)
    if value is None or auth not in _BY_PASSWORD:
        return Kept()
    if with_password and place is not Place.SYSTEMD:
        place = secrets.put(password, value)
    return Kept("password", place)
