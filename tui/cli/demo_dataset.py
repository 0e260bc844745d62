"""Step 10 on the stand-ins: the made-up legal record, and the way to a published dataset."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from transfer.errors import TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.legal.recording import fill_with_sandbox
from transfer.publication.values import Field, Texts
from transfer.workspace import Home, Workspace
from tui.cli.carried import carried
from tui.cli.dataset_told import Telling
from tui.cli.demo_steps import PERSON
from tui.publishing import way_of

if TYPE_CHECKING:
    from adapters.sandbox.hands import Hands
    from transfer.publication.carrying import Carrier
    from transfer.publication.values import PublicationWay

_NAME: Final = "Synthetic CT and MR cohort"
# The stand-in's job takes as long as that of the real service: nobody has to sit by here.
_JOB_S: Final = 600.0
_PATIENCE_S: Final = 60.0
_VALIDATES_S: Final = 15.0
_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": (_NAME,),
    "title": (_NAME,),
    "version": ("1.0",),
    "description": ("Images of nobody, made by a program to show the whole way.",),
    "provenance": ("Written by the demo of eucaim-transfer, and de-identified by it.",),
    "purpose": ("To be looked at, and thrown away.",),
    "type": ("original",),
    "collectionMethod": ("cohort",),
    "licenseTitle": ("Creative Commons Attribution 4.0",),
    "licenseUrl": ("https://creativecommons.org/licenses/by/4.0/",),
    "contactInfo": ("Nobody: the demo is over.",),
    "keywords": ("synthetic", "demo"),
}
"""Metadata by the key of their field; a node takes those that it has."""


def record_sandbox(workspace: Workspace) -> None:
    """Record what opens the gate of a stand-in, and says of itself that it is made up."""
    with Ledger.open(workspace.ledger) as ledger:
        fill_with_sandbox(ledger, datetime.now(UTC), is_sandbox_node=True)


def keep_metadata_for(home: Home, workspace: Workspace) -> None:
    """Enter metadata before there is a dataset, but for the name: that is given in the node's
    pages."""
    from transfer.publication.metadata import keep_metadata

    texts = metadata_for(way_of(home, workspace.name).fields)
    with Ledger.open(workspace.ledger) as ledger:
        keep_metadata(ledger, {k: v for k, v in texts.items() if k != "name"}, PERSON)


def publish_there(
    home: Home, workspace: Workspace, hands: Hands, entered: Texts | None = None
) -> None:
    """From the images on a stand-in to a dataset that others see. What persons do in the node's
    own pages is done by `hands`; `entered` are metadata that go before those of the demo.

    Raises:
        TransferError: it did not come to its end.
    """
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        destination = read_order(ledger).destination
    way = way_of(home, workspace.name)
    carried(
        home,
        workspace.name,
        lambda carrier: _carry(carrier, way, workspace.name, destination, hands, entered or {}),
    )


async def _carry(
    carrier: Carrier,
    way: PublicationWay,
    name: str,
    destination: str,
    hands: Hands,
    entered: Texts,
) -> None:
    telling, made = Telling(), ""
    if way.is_born_elsewhere:
        made = await asyncio.to_thread(hands.export_dataset, destination, {"name": _NAME})
        await asyncio.to_thread(hands.let_pass, _JOB_S)
        await carrier.pick_up(None, PERSON)
        await carrier.follow(_PATIENCE_S, telling)
    visibility = way.visibilities[0].key if way.visibilities else ""
    texts = {**metadata_for(way.fields), **entered}
    await carrier.publish(visibility, name, PERSON, texts, telling)
    if way.waits_for:
        await asyncio.to_thread(hands.publish_dataset, made)
        # Whoever waits asks every ten minutes.
        telling(await carrier.look())


def metadata_for(fields: Sequence[Field]) -> Texts:
    """What the demo says in a node's form."""
    return {field.key: _TEXTS[field.key] for field in fields if field.key in _TEXTS}


@contextmanager
def platform_at_work(hands: Hands) -> Iterator[None]:
    """While this lasts whatever is released on the stand-in is published a little later, as the
    node's platform does within days."""
    over = threading.Event()
    thread = threading.Thread(target=_publish_now_and_then, args=(hands, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _publish_now_and_then(hands: Hands, over: threading.Event) -> None:
    while not over.wait(_VALIDATES_S):
        # Nobody is there to be told, and nothing of the transfer depends on it.
        with suppress(TransferError):
            hands.publish_released()
