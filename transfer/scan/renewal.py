"""Headers read once more: new rules ask for attributes that no earlier scan kept."""

from __future__ import annotations

import os
from collections.abc import Callable

from transfer.ledger.connection import Ledger
from transfer.ledger.places import Places
from transfer.ledger.renewal import (
    Renewed,
    begin_renewal,
    count_outdated,
    outdated_instances,
    write_renewed,
)
from transfer.ledger.traits import record_traits_fingerprint, traits_fingerprint, traits_row
from transfer.quality.attributes import READ, fingerprint_of
from transfer.scan.pace import Teller, pages, stop_if
from transfer.scan.readers import Read, header_readers


def is_read_for_rules(ledger: Ledger) -> bool:
    """Whether headers were read for the rules as they are now. What an earlier version scanned
    says nothing to them, and would pass unjudged."""
    return traits_fingerprint(ledger) == fingerprint_of(READ)


def renew_traits(
    ledger: Ledger, source: bytes, processes: int, should_stop: Callable[[], bool]
) -> None:
    """Have every instance say all that rules read now, where earlier rules read something else.

    Only what is said is renewed: an instance keeps its state, one that was sent its record. May be
    interrupted and goes on where it stopped.

    Raises:
        Interrupted: `should_stop` said so.
    """
    if is_read_for_rules(ledger):
        return
    fingerprint = fingerprint_of(READ)
    begin_renewal(ledger, fingerprint)
    total = count_outdated(ledger)
    if total:
        teller = Teller(ledger, "Reading headers again for new rules", total)
        places = Places(ledger)
        with header_readers(processes) as readers:
            files = ((row, os.path.join(source, path)) for row, path in outdated_instances(ledger))
            for page in pages(readers.answers(files)):
                stop_if(should_stop)
                if page:
                    _take(ledger, places, page)
                    teller.passed(len(page))
    record_traits_fingerprint(ledger, fingerprint)


def _take(ledger: Ledger, places: Places, page: list[Read]) -> None:
    renewed = []
    try:
        with ledger.transaction(durable=False):
            for row, facts in page:
                header = facts.header
                if header is None:
                    renewed.append(Renewed(row, "", None, None))
                    continue
                _, person = places.of(header)
                traits = traits_row(ledger, header.traits)
                renewed.append(Renewed(row, header.sop_instance_uid, traits, person))
            write_renewed(ledger, renewed)
    except BaseException:
        places.forget()
        raise
