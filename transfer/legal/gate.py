"""The gate before anything becomes visible to others (LEG-01 to LEG-04), for every way there.

Whoever publishes takes a `Cleared`; only `cleared` makes one, and it reads the ledger anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import astuple
from enum import StrEnum
from typing import Final, Never, NoReturn, final

from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import current_entries
from transfer.ledger.order import read_order
from transfer.legal.entries import Entries
from transfer.legal.gaps import Gap, gaps_in


class Action(StrEnum):
    """What stays locked until the legal record is whole."""

    RELEASE = "release"
    PUBLISH = "publish"
    ACCESSIBILITY = "accessibility"


_MAKER: Final = object()
REMEDY: Final = (
    "Record what is missing: eucaim-transfer legal NAME --record FILE.toml"
    " (eucaim-transfer legal --template prints the form)."
)


@final
class Cleared:
    """The gate's leave for one action, once, for one transfer on one node.

    Nothing else makes one: it can be neither built, copied, pickled nor changed elsewhere. Between
    taking and spending it a node may be asked for minutes: the record is judged again when it is
    spent, so that one that was withdrawn meanwhile still keeps the request back.
    """

    __slots__ = ("_is_spent", "_judged_again", "action", "node", "record_sha256", "transfer")
    action: Action
    transfer: str
    node: str
    record_sha256: str
    _is_spent: bool
    _judged_again: Callable[[], str]

    def __init__(
        self,
        maker: object,
        action: Action,
        transfer: str,
        node: str,
        record_sha256: str,
        judged_again: Callable[[], str],
    ) -> None:
        if maker is not _MAKER:
            raise TypeError("only the gate makes a Cleared")
        for name, value in (
            ("action", action),
            ("transfer", transfer),
            ("node", node),
            ("record_sha256", record_sha256),
            ("_is_spent", False),
            ("_judged_again", judged_again),
        ):
            object.__setattr__(self, name, value)

    def spend(self, action: Action, *, node: str) -> None:
        """Use it up, right before the first byte of the request goes. For any thread.

        Raises:
            StepBlocked: it is for another action or node, or was used before; or the record is no
                more what it was.
        """
        if self._is_spent or action is not self.action or node != self.node:
            raise StepBlocked(
                "Publishing is locked: the clearance at hand is not for this action.",
                "Nothing was changed on the node. Start the command again.",
            )
        if self._judged_again() != self.record_sha256:
            raise StepBlocked(
                "Publishing is locked: the legal record was changed at this very moment.",
                "Nothing was changed on the node. See the record: eucaim-transfer legal NAME; then"
                " start the command again.",
            )
        object.__setattr__(self, "_is_spent", True)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Cleared is not changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Cleared is not changed")

    def __init_subclass__(cls) -> Never:
        raise TypeError("a Cleared has no kinds")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        # copy, deepcopy and pickle all come through here.
        raise TypeError("a Cleared is not copied")


def refuse_unless_cleared(
    ledger: Ledger, action: Action, *, is_sandbox_node: bool = False
) -> Entries:
    """Let nobody pass for whom the legal record is not whole. Returns what was judged.

    `is_sandbox_node` is the adapter's word on the profile of now, not on that of the recording.

    Raises:
        StepBlocked: every gap at once, in the words of the rules.
    """
    Action(action)
    entries = current_entries(ledger)
    gaps = gaps_in(entries, is_sandbox_node=is_sandbox_node)
    if gaps:
        raise locked(gaps)
    return entries


def locked(gaps: tuple[Gap, ...]) -> StepBlocked:
    """The refusal that names these gaps."""
    return StepBlocked(" ".join(gap.message for gap in gaps), REMEDY)


def refuse_unless_confirmed(name: str, confirm: str | None) -> None:
    """Let nobody pass who has not typed the name, to the letter.

    Raises:
        UsageError: nothing, or another name, was typed.
    """
    if confirm is None or confirm == "":
        raise UsageError(
            "Publishing cannot be taken back, so its name has to be typed; nothing was changed.",
            f"Look at it once more, then add: --confirm {name}",
        )
    if confirm != name:
        raise UsageError(
            "The name that was typed is another one; nothing was changed.",
            f"Letter by letter, case included, it is: {name}",
        )


def cleared(
    ledger: Ledger,
    action: Action,
    *,
    confirm: str | None,
    name: str = "",
    is_sandbox_node: bool = False,
) -> Cleared:
    """The gate's leave, once the record is whole and the name was typed. `name` is what has to be
    typed, the transfer's where none is given.

    Raises:
        StepBlocked: the legal record is not whole.
        UsageError: the name was not typed.
    """
    entries = refuse_unless_cleared(ledger, action, is_sandbox_node=is_sandbox_node)
    order = read_order(ledger)
    refuse_unless_confirmed(name or order.name, confirm)
    path = ledger.path

    def judged_again() -> str:
        # By a connection of its own: a ledger belongs to one thread, and a leave may be spent in
        # another.
        with Ledger.open(path, read_only=True) as anew:
            now = refuse_unless_cleared(anew, action, is_sandbox_node=is_sandbox_node)
        return record_sha256(now)

    digest = record_sha256(entries)
    return Cleared(_MAKER, Action(action), order.name, order.node, digest, judged_again)


def record_sha256(entries: Entries) -> str:
    """A digest of the legal record as it stands, for what is written down of a publication."""
    said = [astuple(entries[what]) for what in sorted(entries)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()
