"""All that screens and the command line ask about the account on a node. Everything here blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from transfer.accounts import Account, asked_for, read_account, signed_in
from transfer.errors import TransferError, UsageError
from transfer.journey.account import ASK_AGAIN
from transfer.journey.standing import no_answer
from transfer.journey.waiting import overdue_h
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.workspace import Home
from tui.signing_in import SignedIn, SignIn, Tell

if TYPE_CHECKING:
    from adapters.signin import Way
    from transfer.journey.steps import JourneyStep
    from tui.nodes import ChosenNode

ENGINE = "login"
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Link:
    """An address for the operator's own browser, and what is there."""

    what: str
    address: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """Everything that is known of the account on one node.

    `lines` are what there is to do, in order. `ways` are empty where the node asks for no name or
    password. `kept_in` says where the sign-in is kept, `provided` that there is a password already.
    `lacks` is what the node's configuration needs first. `wants_site_id`: the transfer at hand has
    none.
    """

    node: str
    title: str
    lines: Sequence[str]
    links: Sequence[Link]
    account: Account
    kept_in: str = ""
    ways: Sequence[Way] = ()
    username: str = ""
    provided: str = ""
    lacks: str = ""
    remedy: str = ""
    wants_site_id: bool = False

    @property
    def missing(self) -> Sequence[str]:
        """The cases of the helpdesk that ask for what is missing, each once."""
        cases = [
            right.ticket
            for right in self.account.rights
            if right.is_given is False and right.ticket
        ]
        return tuple(dict.fromkeys(cases))


class Accounts:
    """The accounts of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def of_transfer(self, name: str) -> AccountView:
        """The account that a transfer needs.

        Raises:
            UsageError, LedgerDamaged: the configuration or the ledger cannot be read.
        """
        from tui.nodes import choose_node

        with Ledger.open(self._home.workspace(name).ledger, read_only=True) as ledger:
            order = read_order(ledger)
        chosen = choose_node(self._home, order.node)
        is_missing = chosen.profile.gate == "eucaim" and not order.site_id
        return replace(self._view(chosen), wants_site_id=is_missing)

    def of_node(self, node: str) -> AccountView:
        """The account on a node.

        Raises:
            UsageError: the configuration cannot be read, or has no such node.
        """
        from tui.nodes import choose_node

        return self._view(choose_node(self._home, node))

    def _view(self, chosen: ChosenNode) -> AccountView:
        from adapters.registry import check_configuration, sign_in_ways

        node = chosen.profile.name
        step = next((step for step in chosen.steps() if step.engine == ENGINE), None)
        bad = next((r for r in check_configuration(chosen.profile) if r.state == "fail"), None)
        return AccountView(
            node=node,
            title=step.title if step else "Account",
            lines=_lines(step) if step else (),
            links=_links(step) if step else (),
            account=read_account(self._home, node),
            kept_in=_kept_in(chosen),
            ways=sign_in_ways(chosen.profile),
            username=_username(chosen),
            provided=_provided(chosen),
            lacks=bad.message if bad else "",
            remedy=bad.remedy if bad else "",
        )

    def ask(self, node: str, person: str) -> Account:
        """Record that a person asked for the account.

        Raises:
            UsageError: the home cannot be written to.
        """
        detail = "Asked for; the node has to grant it."
        return asked_for(self._home, node, person.strip(), detail)

    def attempt(
        self, node: str, way: Way, tell: Tell, *, username: str = "", password: str = ""
    ) -> SignIn:
        """A sign-in that has not begun yet.

        Raises:
            UsageError: the configuration does not allow it.
        """
        from tui.nodes import choose_node

        chosen = choose_node(self._home, node)
        name = username.strip() or _username(chosen)
        if way == "password" and not name:
            raise UsageError("A name is needed to sign in.", "Write the username of the account.")
        if name:
            chosen = chosen.as_user(name)
        return SignIn(chosen, way, tell, name, password)

    def sign_in(self, attempt: SignIn) -> SignedIn | None:
        """Carry it out, and record who we are; None when it was given up.

        Raises:
            NodeError, UsageError: refused, or the node could not be asked.
        """
        done = attempt.run()
        if done is not None:
            signed_in(self._home, attempt.node, done.identity)
        return done

    def waiting(self, node: str) -> Sequence[str]:
        """Names of transfers to the node that ended for want of a sign-in."""
        from tui.waiting import transfers_of

        return transfers_of(self._home, node).waiting

    def sign_out(self, node: str) -> str:
        """End the sign-in; what could not be done, in a sentence, empty when all could.

        Raises:
            UsageError: the configuration or the secret store cannot be used.
        """
        from tui.nodes import choose_node
        from tui.signing_out import sign_out

        done = sign_out(self._home, choose_node(self._home, node))
        told = []
        if done.left:
            told.append(
                f"A sign-in that is not ours to delete is in {next(iter(done.left.values()))}."
            )
        if done.unreached_keyring:
            told.append(f"What may lie in the keyring stays there: {done.unreached_keyring}.")
        if done.untold is not None:
            told.append(f"The node could not be told: {done.untold.what}")
        return " ".join(told)


def reminder(account: Account, now: datetime) -> str:
    """What to say when somebody was asked longer ago than an answer may take; else empty."""
    return no_answer(overdue_h(account.since_utc, now), ASK_AGAIN) if account.is_asked_for else ""


def _lines(step: JourneyStep) -> Sequence[str]:
    return tuple(_SENTENCE_ENDS.split(step.text.strip()))


def _links(step: JourneyStep) -> Sequence[Link]:
    own = [Link("The node itself", step.link)] if step.link else []
    return (*own, *(Link(what, address) for address, what in step.links))


def _username(chosen: ChosenNode) -> str:
    try:
        return chosen.username
    except TransferError:
        # A store that cannot be read is told where it is needed: at the sign-in.
        return ""


def _provided(chosen: ChosenNode) -> str:
    try:
        is_there = chosen.secrets.get(f"{chosen.profile.name}.password") is not None
    except TransferError:
        return ""
    return "There is a password already: an empty field signs in with it." if is_there else ""


def _kept_in(chosen: ChosenNode) -> str:
    return f"The sign-in is kept in {chosen.secrets.describe().writes_to}."
