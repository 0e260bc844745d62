"""What is needed to look at a transfer: its method, another to compare with, and its clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from transfer.deid.keys.seal import Seal
from transfer.deid.methods import PROFILES, MethodSpec, build_method
from transfer.deid.model import Header, Label, Method, Moment, NumberNeeded, Outcome, Rewritten
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import newest_run, read_numbers
from transfer.ledger.identity import Names
from transfer.ledger.order import Order, read_order
from transfer.prepare.method import Releases, read_releases

AS_IS: Final = "none"


@dataclass(frozen=True, slots=True)
class Glass:
    """The methods by name, the transfer's own first, and what they may know besides the header.

    `released` are the elements that persons answered for, by patient row. `turn` is held while a
    method works: scripts compile as they go. Never shown: a method holds the key.
    """

    methods: Mapping[str, Method] = field(repr=False)
    moment: Moment = field(repr=False)
    released: Releases = field(default_factory=dict, repr=False)
    turn: Lock = field(default_factory=Lock, repr=False)

    @property
    def own(self) -> str:
        """The name of the transfer's own method."""
        return next(iter(self.methods))

    @property
    def label(self) -> str:
        """Name and version of the transfer's own method."""
        label = self.methods[self.own].label
        return f"{label.name} {label.version}".rstrip()


def make_glass(ledger: Ledger, spec: MethodSpec | None) -> Glass:
    """For a transfer and its method; None where its files go as they are. Writes nothing.

    Raises:
        UsageError: a method cannot be built, or numbers of the ledger cannot be opened.
    """
    order = read_order(ledger)
    if spec is None:
        return Glass({AS_IS: AsIs()}, Moment(_clock(ledger, order)))
    methods = {spec.name: build_method(spec)}
    if spec.key and spec.site_id:
        for name in PROFILES:
            if name not in methods:
                methods[name] = build_method(MethodSpec(name, spec.key, spec.site_id))
    if spec.key:
        ledger.names = Names(Seal(spec.key))
    numbers = read_numbers(ledger) if spec.key else {}

    def number(key_type: str, text: str) -> int:
        if (key_type, text) not in numbers:
            raise NumberNeeded(key_type, text)
        return numbers[key_type, text]

    return Glass(methods, Moment(_clock(ledger, order), number), read_releases(ledger))


class AsIs:
    """The way of a transfer whose files go as they are."""

    label = Label(AS_IS, "", "")

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """The header itself."""
        return Rewritten(header)

    def why(self, tag: int) -> str:
        """Nothing is done, to no element."""
        return "The files go as they are."


def _clock(ledger: Ledger, order: Order) -> dt.datetime:
    """The clock of the run in force; before the first, local time at the transfer's creation."""
    known = newest_run(ledger)
    if known is not None:
        return dt.datetime.fromisoformat(known[1].clock)
    return dt.datetime.fromisoformat(order.created_at_utc).astimezone().replace(tzinfo=None)
