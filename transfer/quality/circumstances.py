"""What rules are told of a transfer besides its data: the same for whoever has it judged."""

from __future__ import annotations

import datetime as dt

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.quality.rule import Circumstances, Gate


def circumstances_of(ledger: Ledger, gate: Gate, *, requires_deidentified: bool) -> Circumstances:
    """The circumstances today, at a node with that gate."""
    order = read_order(ledger)
    return Circumstances(
        today=dt.datetime.now().astimezone().date(),
        gate=gate,
        method=(order.deid or "") if de_identifies(order) else "",
        blanks_pixels=bool(
            ledger.number("SELECT count(*) FROM method_file WHERE role = 'pixel_script'")
        ),
        requires_deidentified=requires_deidentified,
    )
