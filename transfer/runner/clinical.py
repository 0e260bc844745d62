"""The step of the clinical data, from signing in to the last item read back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from transfer import checkpoint
from transfer.clinical.leaving import ClinicalWay
from transfer.clinical.phase import read_clinical
from transfer.clinical.standing import BY_HAND, image_only_word
from transfer.errors import StepBlocked
from transfer.ledger.clinical_items import (
    count_items,
    forget_overwrite,
    keep_stays,
    keep_way,
    may_overwrite,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.order import read_order
from transfer.ledger.progress import Progress, write_progress
from transfer.ledger.steps import set_step
from transfer.quality.circumstances import circumstances_of
from transfer.quality.judging import judge
from transfer.runner.clinical_files import FOLDER, TableOnDisk, forget_tables_on_disk, write_tables
from transfer.runner.clinical_gate import (
    CLINICAL,
    conclude_clinical,
    images_are_verified,
    refuse_clinical_findings,
    refuse_last_look,
    refuse_missing_table,
    refuse_nothing_to_send,
    refuse_other_data,
    refuse_unread_source,
    refuse_way,
)
from transfer.runner.clinical_handover import (
    conclude_handover,
    hand_over,
    handover_folder,
)
from transfer.runner.clinical_making import make_items
from transfer.runner.clinical_sending import ClinicalSender
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.patience import Stopped, patiently
from transfer.runner.stop import Stop, wishes
from transfer.runner.stream import Watch, supervise
from transfer.scan.phase import Interrupted
from transfer.values import StepState

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing
    from transfer.node import Node
    from transfer.prepare.method import OpenMethod
    from transfer.runner.run import Settings


async def send_clinical(
    ledger: LedgerThread,
    node: Node,
    settings: Settings,
    stop: Stop,
    method: OpenMethod | None,
) -> None:
    """Check, make, send, read back and compare all clinical data, or hand them over. May be
    interrupted at any moment and repeated: what the node holds already is not sent again.

    Raises:
        StepBlocked: something stands in the way; nothing of what it is about was sent.
        PartlyDone: the node did not take some of it.
        NodeError: the node, or the way to it, is in trouble for too long, or refuses us.
    """
    await ledger(set_step, CLINICAL, StepState.RUNNING, "")
    try:
        await _send_checked(ledger, node, settings, stop, method)
    except StepBlocked:
        # Whoever mends what stood in the way may have changed what would be written over.
        await ledger(forget_overwrite)
        raise


async def _send_checked(
    ledger: LedgerThread,
    node: Node,
    settings: Settings,
    stop: Stop,
    method: OpenMethod | None,
) -> None:
    await check_clinical(ledger, settings, stop)
    destination = (await ledger(read_order)).destination
    watch = Watch(ledger, settings, stop, 1)
    watch.phase = CLINICAL
    await watch.look()
    way = await _asked(watch, stop, node, destination)
    refuse_way(way)
    await ledger(keep_way, _mode(way), way.by_hand)
    async with outgoing(ledger, method) as (reader, out):
        await _look(ledger, reader, out)
        folder = await ledger(_folder, is_by_hand=bool(way.by_hand))
        tables = await reader(lambda _: write_tables(out, folder))
        checkpoint.passed("clinical-written")
        try:
            await _make_and_send(
                ledger, reader, out, node, way, watch, settings, stop, tables, destination
            )
        finally:
            if not way.by_hand:
                await asyncio.to_thread(forget_tables_on_disk, folder)


async def check_clinical(ledger: LedgerThread, settings: Settings, stop: Stop) -> None:
    """All that can be found without the node.

    Raises:
        StepBlocked: something stands in the way.
    """
    await ledger(write_progress, Progress(CLINICAL))
    await ledger(refuse_unread_source)
    await ledger(refuse_missing_table)
    await ledger(_read, stop)
    await ledger(_judge, settings)
    await ledger(refuse_clinical_findings)
    if stop():
        raise Interrupted


async def look_last(ledger: LedgerThread, method: OpenMethod | None) -> None:
    """Where the images have gone, look at every cell that would leave.

    Raises:
        StepBlocked: an identifier is in one, or an identity is not that of the images.
    """
    if await ledger(images_are_verified):
        async with outgoing(ledger, method) as (reader, out):
            await _look(ledger, reader, out)


async def _look(ledger: LedgerThread, reader: LedgerThread, out: Outgoing) -> None:
    problems = await reader(lambda _: tuple(out.problems()))
    await ledger(keep_stays, await reader(_stays, out))
    await ledger(refuse_last_look, problems)


def _stays(_: Ledger, out: Outgoing) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for table in out.tables:
        counted.update({why.value: n for why, n in table.left_out.items()})
        counted["columns"] += len(table.columns_left_out)
    counted["cells"] += sum(told.cells for told in out.told())
    return {why: n for why, n in sorted(counted.items()) if n}


def settled_by_a_word(ledger: Ledger) -> bool:
    """Whether the dataset is of images alone, by a person's word; then the step is done."""
    word = image_only_word(ledger, read_order(ledger))
    if word is not None:
        detail = f"Images alone: {word.reason}"
        set_step(ledger, CLINICAL, StepState.DONE, detail, person=word.person)
    return word is not None


async def _make_and_send(
    ledger: LedgerThread,
    reader: LedgerThread,
    out: Outgoing,
    node: Node,
    way: ClinicalWay,
    watch: Watch,
    settings: Settings,
    stop: Stop,
    tables: Sequence[TableOnDisk],
    destination: str,
) -> None:
    files = tables if way.by_file or way.by_hand else ()
    try:
        await make_items(ledger, reader, out, node, stop, files, by_subject=way.by_subject)
    except Stopped:
        raise Interrupted from None
    checkpoint.passed("clinical-made")
    await ledger(refuse_nothing_to_send)
    if way.by_hand:
        name = await ledger(lambda led: read_order(led).name)
        folder = await ledger(_folder, is_by_hand=True)
        await asyncio.to_thread(hand_over, folder, tables, name, way.by_hand)
        await ledger(conclude_handover, tables)
        return
    await ledger(refuse_other_data)
    sending = Watch(ledger, settings, stop, max(1, way.max_concurrency))
    sending.phase = CLINICAL
    await sending.look()
    await ledger(_count_into, sending, reads_back=way.reads_back)
    sender = ClinicalSender(
        ledger,
        reader,
        node,
        way,
        sending,
        stop,
        destination,
        overwrites=await ledger(may_overwrite),
    )
    await supervise(sender.run(out, tables), sending, stop, settings.stop_grace_s)
    if stop():
        raise Interrupted
    await ledger(conclude_clinical, reads_back=way.reads_back)


def _count_into(ledger: Ledger, watch: Watch, *, reads_back: bool) -> None:
    counts = [count_items(ledger, "subject"), count_items(ledger, "file")]
    watch.meter.total = sum(n.ready for n in counts)
    watch.meter.done = sum(n.verified if reads_back else n.sent for n in counts)


async def _asked(watch: Watch, stop: Stop, node: Node, destination: str) -> ClinicalWay:
    try:
        return await patiently(watch, stop, lambda: node.clinical_way(destination))
    except Stopped:
        raise Interrupted from None


@asynccontextmanager
async def outgoing(
    ledger: LedgerThread, method: OpenMethod | None
) -> AsyncIterator[tuple[LedgerThread, Outgoing]]:
    """The tables as they leave, read beside the connection that writes."""
    from transfer.clinical.outgoing.table import open_outgoing

    path, names = await ledger(lambda led: (led.folder / "ledger.sqlite", led.names))
    reader = LedgerThread()
    await reader.open(path, read_only=True)
    try:
        await reader(_take_names, names)
        yield reader, await reader(open_outgoing, method)
    finally:
        await reader.aclose()


def _take_names(ledger: Ledger, names: Names) -> None:
    ledger.names = names


def _read(ledger: Ledger, stop: Stop) -> None:
    read_clinical(ledger, wishes(ledger, stop))


def _judge(ledger: Ledger, settings: Settings) -> None:
    is_required = settings.require_deidentified
    judge(ledger, circumstances_of(ledger, settings.gate, requires_deidentified=is_required))


def _folder(ledger: Ledger, *, is_by_hand: bool) -> Path:
    return handover_folder(ledger.folder) if is_by_hand else ledger.folder / FOLDER


def _mode(way: ClinicalWay) -> str:
    if way.by_hand:
        return BY_HAND
    if way.by_subject and way.by_file:
        return "both"
    return "subject" if way.by_subject else "file"
