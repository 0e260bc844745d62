"""The method of a transfer, opened for a run: its record in the ledger, its clock, its seal."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from transfer.deid.methods import MethodSpec, build_method, label_of
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import DeidRun, newest_run, open_run, read_numbers
from transfer.ledger.identity import Names
from transfer.ledger.order import read_order
from transfer.ledger.waivers import released
from transfer.prepare.rewriter import Setup

IDENTIFIER_RULE: Final = "DID-03"
_TAG: Final = re.compile(r"([0-9A-F]{4}),([0-9A-F]{4})")

Releases = dict[int, frozenset[str | int]]
"""What persons answered for, by patient row, as the last look takes it."""


@dataclass(frozen=True, slots=True)
class OpenMethod:
    """The method in force. `stands_for_itself`: what it makes is de-identified by its record."""

    run: int
    record: DeidRun
    setup: Setup
    stands_for_itself: bool

    @property
    def title(self) -> str:
        """Name and version, for people."""
        return f"{self.record.method} {self.record.version}".rstrip()


def open_method(ledger: Ledger, spec: MethodSpec) -> OpenMethod:
    """Open the method for this run, and have the ledger name things by what leaves.

    Raises:
        UsageError: the method cannot be built, or instances have gone by another one.
    """
    from transfer.deid.keys.key import fingerprint
    from transfer.deid.keys.seal import Seal

    label = label_of(spec, build_method(spec))
    known = newest_run(ledger)
    clock = known[1].clock if known else _local_time(read_order(ledger).created_at_utc)
    ledger.names = Names(Seal(spec.key))
    record = DeidRun(
        method=label.name,
        version=label.version,
        method_sha256=label.sha256,
        key_fingerprint=fingerprint(spec.key),
        site_sha256=hashlib.sha256(spec.site_id.encode()).hexdigest() if spec.site_id else "",
        ingredients_sha256=_digest(spec, label.sha256),
        clock=clock,
    )
    run = open_run(ledger, record)
    names = tuple(name for name in (read_order(ledger).destination,) if name)
    setup = Setup(spec, dt.datetime.fromisoformat(clock), read_numbers(ledger), names=names)
    return OpenMethod(run, record, setup, spec.is_profile and spec.name == "eucaim")


def read_releases(ledger: Ledger) -> Releases:
    """What persons answered for after the last look."""
    return {
        patient: frozenset(_place(place) for place in places)
        for patient, places in released(ledger, IDENTIFIER_RULE).items()
    }


def _place(place: str) -> str | int:
    tag = _TAG.fullmatch(place)
    return int(tag[1] + tag[2], 16) if tag else place


def _local_time(utc: str) -> str:
    """CTP writes local time; it is taken once, for the host's zone may be another tomorrow."""
    moment = dt.datetime.fromisoformat(utc)
    return moment.astimezone().replace(tzinfo=None).isoformat(timespec="milliseconds")


def _digest(spec: MethodSpec, method_sha256: str) -> str:
    parts = [spec.name, method_sha256, spec.key, spec.site_id]
    parts += [text for pair in sorted(spec.params) for text in pair]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part.encode())}:".encode() + part.encode())
    for content in (spec.script, spec.lookup, spec.pixel_script):
        digest.update(hashlib.sha256(content or b"").digest())
    return digest.hexdigest()
