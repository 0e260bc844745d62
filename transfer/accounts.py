"""What is known of the account on a node: asked for, signed in, as whom, with which rights.

An account belongs to the home and the node, not to one transfer: two transfers to one node share
it, and it is there before the first. It lies in `accounts/<node>.json` below the home, its owner's
alone. No secret is in it: those are the secret store's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transfer.clock import utc_now
from transfer.errors import UsageError
from transfer.node import Identity, Right
from transfer.private import locked, replace_private, unwritable_home
from transfer.values import StepState
from transfer.workspace import Home, make_private_folder

_NODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
_SIGNED_OUT = "Signed out."
_LARGEST_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Account:
    """The account of this home on one node.

    `state`: `todo`, `waiting` (asked for, not given yet, or the sign-in ran out) or `done`
    (signed in). `since_utc` is when that state began, `at_utc` when anything last changed.
    `person` is who recorded it, empty where the program did; `evidence` a short text that another
    person can follow up; `detail` one sentence.
    """

    node: str
    state: StepState = StepState.TODO
    detail: str = ""
    person: str = ""
    since_utc: str = ""
    at_utc: str = ""
    username: str = ""
    roles: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    evidence: str = ""

    @property
    def is_asked_for(self) -> bool:
        """A person asked for it, and others have to act; a sign-in that ran out is our own."""
        return self.state is StepState.WAITING and bool(self.person)

    @property
    def is_signed_out(self) -> bool:
        """A person ended the sign-in: there is an account, though nothing of it is kept here."""
        return self.state is StepState.TODO and self.detail == _SIGNED_OUT


def read_account(home: Home, node: str) -> Account:
    """The account on a node; one in state `todo` where nothing, or nothing readable, is kept."""
    try:
        with open(_file(home, node), encoding="utf-8") as file:
            found = json.loads(file.read(_LARGEST_FILE_BYTES))
        return _account(node, found)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Account(node)


def asked_for(
    home: Home, node: str, person: str, detail: str, *, evidence: str = "", since_utc: str = ""
) -> Account:
    """Record that a person asked for the account and that it has not been given yet; `since_utc`
    where it was not now.

    Raises:
        UsageError: the home cannot be written to.
    """
    changed = {"since_utc": since_utc} if since_utc else {}
    return _change(
        home, node, StepState.WAITING, detail=detail, person=person, evidence=evidence, **changed
    )


def taken_back(home: Home, node: str, person: str) -> Account:
    """Record that the account was not asked for after all.

    Raises:
        UsageError: the home cannot be written to.
    """
    return _change(home, node, StepState.TODO, detail="Not asked for.", person=person, evidence="")


def signed_in(home: Home, node: str, identity: Identity, person: str = "") -> None:
    """Record a sign-in that the node accepted."""
    _note(
        home,
        node,
        StepState.DONE,
        detail=f"Signed in as {identity.username}." if identity.username else "Signed in.",
        person=person,
        evidence="",
        username=identity.username,
        roles=tuple(identity.roles),
        rights=tuple(identity.rights),
    )


def ran_out(home: Home, node: str, detail: str) -> None:
    """Record that somebody has to sign in again. Whoever waits for an account keeps knowing since
    when, also if they asked at this very moment."""
    _note(home, node, StepState.WAITING, detail=detail, person="", evidence="")


def signed_out(home: Home, node: str) -> None:
    """Record that nothing is stored for the node any more, and forget whose account it was."""
    _note(
        home,
        node,
        StepState.TODO,
        detail=_SIGNED_OUT,
        person="",
        username="",
        roles=(),
        rights=(),
    )


def _change(home: Home, node: str, state: StepState, **changed: Any) -> Account:
    file = _file(home, node)
    make_private_folder(file.parent)
    try:
        # A run, a screen and the doctor may each learn something of it at one moment.
        with locked(file.parent / f".{node}.lock"):
            account = _changed(read_account(home, node), state, changed)
            replace_private(file, json.dumps(asdict(account), indent=1).encode())
    except OSError as error:
        raise unwritable_home(error) from error
    return account


def _changed(before: Account, state: StepState, changed: Mapping[str, Any]) -> Account:
    is_waiting = state is StepState.WAITING
    if is_waiting and before.is_asked_for and not changed["person"]:
        return before
    now = utc_now()
    is_asked_for = is_waiting and bool(changed["person"])
    goes_on = before.state is state and before.is_asked_for is is_asked_for
    since = before.since_utc if goes_on and before.since_utc else now
    return replace(before, **{"since_utc": since, **changed}, state=state, at_utc=now)


def _note(home: Home, node: str, state: StepState, **changed: Any) -> None:
    """Record what happened by itself: a home that cannot be written to undoes nothing of it."""
    with suppress(UsageError):
        _change(home, node, state, **changed)


def _file(home: Home, node: str) -> Path:
    if not _NODE.match(node):
        raise ValueError("not the name of a node")
    return home.root / "accounts" / f"{node}.json"


def _account(node: str, found: dict[str, Any]) -> Account:
    return Account(
        node=node,
        state=StepState(found["state"]),
        detail=str(found["detail"]),
        person=str(found["person"]),
        since_utc=str(found["since_utc"]),
        at_utc=str(found["at_utc"]),
        username=str(found["username"]),
        roles=tuple(str(role) for role in found["roles"]),
        rights=tuple(
            Right(str(r["what"]), r["is_given"], str(r["remedy"]), str(r["ticket"]))
            for r in found["rights"]
        ),
        evidence=str(found.get("evidence", "")),
    )
