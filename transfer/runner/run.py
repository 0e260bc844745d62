"""One run of a transfer, from taking its place to giving it up: the phases and how they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from transfer import checkpoint
from transfer.clinical.phase import read_clinical
from transfer.deid.methods import MethodSpec
from transfer.errors import (
    EpochLost,
    NodeError,
    SignInExpired,
    SignInRefused,
    StepBlocked,
    TransferError,
)
from transfer.ledger.batches import retry_failed
from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.files import count_unread
from transfer.ledger.holder import Holder
from transfer.ledger.mends import has_mends
from transfer.ledger.regained import refuse_unseen
from transfer.ledger.said import said_digest
from transfer.ledger.selection import apply_selection
from transfer.ledger.steps import read_steps, set_step
from transfer.ledger.volumes import count_volumes
from transfer.node import Abilities, Identity, Node
from transfer.plan import plan
from transfer.prepare.maker import Remaker
from transfer.prepare.mended import prepare_mended
from transfer.prepare.method import OpenMethod, open_method
from transfer.prepare.phase import prepare
from transfer.quality.circumstances import circumstances_of
from transfer.quality.headers import Remembered
from transfer.quality.in_the_way import MENDED_BY_PROFILES
from transfer.quality.judging import judge
from transfer.runner.clinical import (
    check_clinical,
    look_last,
    send_clinical,
    settled_by_a_word,
)
from transfer.runner.clinical_gate import CLINICAL, refuse_too_early
from transfer.runner.gate import (
    conclude,
    hear_objections,
    refuse_findings,
    refuse_identified,
)
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.place import doubt_if_older, keep_state, let_go, take_place
from transfer.runner.settings import Settings as Settings
from transfer.runner.settings import Until as Until
from transfer.runner.signing_in import sign_in
from transfer.runner.stop import Stop, wishes
from transfer.runner.stream import stream
from transfer.runner.volumes import move_volumes
from transfer.scan.phase import Interrupted, scan
from transfer.scan.renewal import is_read_for_rules
from transfer.values import ExitCode, StepState
from transfer.volumes.look import look_at_volumes
from transfer.workspace import Workspace

log = logging.getLogger("transfer.runner")


Hear = Callable[[Identity | NodeError], None]
"""Told in a thread who the node says we are, or that it knows us no more (`SignInExpired`,
`SignInRefused`): for whoever keeps record of the account."""


def _deaf(_: Identity | NodeError) -> None:
    return


async def run(
    workspace: Workspace,
    node: Node | None,
    until: Until,
    settings: Settings,
    stop: Stop,
    hear: Hear = _deaf,
) -> int:
    """Run a transfer and return the exit code; the reason stands in the runner's row.

    `node` may be None for what does not ask it. Everything may be interrupted and run again.

    Raises:
        RunnerHeld: nothing was done.
        StepBlocked: clinical data are to go before the images have; nothing was done.
        EpochLost: another runner took over; this one wrote nothing since.
        LedgerDamaged: the ledger can be written no more; what it holds stands.
    """
    ledger = LedgerThread()
    await ledger.open(workspace.ledger)
    try:
        if until is Until.CLINICAL:
            # What the last run said of the images is not written over for this.
            await ledger(refuse_too_early)
        holder = await ledger(take_place, workspace, until)
        checkpoint.passed("taken")
        try:
            code, what, remedy = await _guarded(ledger, holder, node, until, settings, stop, hear)
            checkpoint.passed("concluded")
            await ledger(let_go, holder, code, what, remedy.replace("NAME", workspace.name))
        except BaseException:
            holder.drop()
            raise
        return code
    finally:
        await ledger.aclose()


async def _guarded(
    ledger: LedgerThread,
    holder: Holder,
    node: Node | None,
    until: Until,
    settings: Settings,
    stop: Stop,
    hear: Hear,
) -> tuple[int, str, str]:
    try:
        await _phases(ledger, holder, node, until, settings, stop, hear)
        # Only what was looked through may be called done.
        await ledger(keep_state, stop)
    except (Interrupted, BaseExceptionGroup, TransferError) as caught:
        error = _first(caught)
        if isinstance(error, Interrupted):
            command = "clinical" if until is Until.CLINICAL else "upload"
            return (
                ExitCode.INTERRUPTED,
                "Stopped; nothing is lost.",
                f"Go on with: eucaim-transfer {command} NAME",
            )
        if isinstance(error, EpochLost):
            raise error from None
        if not isinstance(error, TransferError):
            raise
        log.warning("%s %s", error.what, error.remedy)
        if isinstance(error, SignInExpired | SignInRefused):
            await asyncio.to_thread(hear, error)
        if step := await ledger(_step_of, until):
            waits = error.exit_code in (ExitCode.SIGN_IN, ExitCode.NETWORK)
            state = StepState.WAITING if waits else StepState.BLOCKED
            await ledger(set_step, step, state, error.what)
        return error.exit_code, error.what, error.remedy
    return ExitCode.DONE, "", ""


def _step_of(ledger: Ledger, until: Until) -> str:
    """The step that a run which failed leaves open."""
    if until is Until.CLINICAL:
        return CLINICAL
    is_upload = until is Until.UPLOAD or (until is Until.VERIFY and _is_open(ledger))
    return "upload" if is_upload else ""


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _phases(
    ledger: LedgerThread,
    holder: Holder,
    node: Node | None,
    until: Until,
    settings: Settings,
    stop: Stop,
    hear: Hear,
) -> None:
    method = None
    if settings.method is not None and until is not Until.SCAN:
        # First of all: a key that is not the one by which instances went must change nothing.
        method = await ledger(open_method, settings.method)
    if until is Until.CLINICAL_CHECK:
        await check_clinical(ledger, settings, stop)
        await look_last(ledger, method)
        return
    if until.asks_the_node and until is not Until.VERIFY:
        await ledger(refuse_unseen)
    if until is Until.CLINICAL and await ledger(settled_by_a_word):
        return
    if until in (Until.UPLOAD, Until.VERIFY, Until.CLINICAL):
        assert node is not None, "only what stays here goes without the node"
        # Before hours of scanning: a wrong password or certificate shows at once.
        identity = await sign_in(ledger, node, settings, stop)
        who = f"Signed in as {identity.username}." if identity.username else "No sign-in is needed."
        await ledger(set_step, "login", StepState.DONE, who)
        await asyncio.to_thread(hear, identity)
    if until is Until.CLINICAL:
        assert node is not None, "the same"
        await send_clinical(ledger, node, settings, stop, method)
        return
    if until is not Until.VERIFY:
        await _make_ready(ledger, holder, until, settings, stop, method)
    if until in (Until.SCAN, Until.CHECK):
        return
    assert node is not None, "planning asks for the node's abilities"
    if until is Until.VERIFY:
        await ledger(refuse_identified, required=settings.require_deidentified)
        await ledger(_refuse_nothing)
    else:
        await ledger(holder.enter, "plan")
        if until is Until.UPLOAD:
            await hear_objections(ledger, node, settings, stop)
        await ledger(_plan, await node.abilities(), stop)
        if stop():
            raise Interrupted
        if until is Until.PLAN:
            return
        await ledger(doubt_if_older)
        await ledger(set_step, "upload", StepState.RUNNING, "")
    await ledger(holder.enter, "send" if until is Until.UPLOAD else "verify")
    maker = await ledger(_maker, method, settings)
    try:
        can_list = await stream(ledger, node, settings, stop, maker, sends=until is Until.UPLOAD)
    finally:
        if maker is not None:
            await maker.aclose()
    if stop():
        raise Interrupted
    await move_volumes(ledger, node, settings, stop, method, sends=until is Until.UPLOAD)
    if stop():
        raise Interrupted
    await ledger(conclude, can_list=can_list)


async def _make_ready(
    ledger: LedgerThread,
    holder: Holder,
    until: Until,
    settings: Settings,
    stop: Stop,
    method: OpenMethod | None,
) -> None:
    """Scan, de-identify, and refuse what must not go on."""
    remembered = Remembered()
    if until is Until.SCAN or not await ledger(_is_scanned):
        await ledger(holder.enter, "scan")
        await ledger(_scan, settings, stop)
        await ledger(keep_state, stop)
    await ledger(_read_clinical, stop)
    await ledger(apply_selection)
    if await ledger(count_unread):
        # What a person left out made room for another file.
        await ledger(_scan, settings, stop)
        await ledger(apply_selection)
    await ledger(_look_at_volumes, stop)
    if method is None and until is not Until.SCAN:
        await ledger(_prepare_mended, settings, stop)
    await ledger(_judge, settings, remembered)
    if until is Until.SCAN:
        return
    judged = await ledger(said_digest)
    if until is not Until.CHECK:
        # A check goes on, so that all that is to be mended is told at once.
        await ledger(_refuse_early, settings.method)
    await ledger(retry_failed)
    if method is not None:
        await ledger(holder.enter, "deidentify")
        await ledger(_prepare, method, settings, stop)
        await ledger(keep_state, stop)
    await ledger(_make_volumes, settings, method, stop)
    if method is not None and await ledger(_is_other, judged):
        await ledger(_judge, settings, remembered)
    await ledger(refuse_identified, required=settings.require_deidentified)
    await ledger(refuse_findings)
    await ledger(_refuse_nothing)


def _refuse_early(ledger: Ledger, method: MethodSpec | None) -> None:
    """Refuse what nothing will mend, before hours of de-identification. What a script takes away,
    or a person had mended on the way out, is known afterwards."""
    if method is None:
        refuse_findings(ledger)
    elif method.is_profile and not has_mends(ledger):
        refuse_findings(ledger, passing_over=MENDED_BY_PROFILES)


def _is_scanned(ledger: Ledger) -> bool:
    """Whether the last look at the source still serves. A transfer that was finished is looked at
    again: whoever uploads it once more has perhaps added files. So is one that was scanned for
    other rules."""
    steps = read_steps(ledger)
    scanned, upload = steps.get("scan"), steps.get("upload")
    is_done = scanned is not None and scanned.state is StepState.DONE and is_read_for_rules(ledger)
    return is_done and not (upload is not None and upload.state is StepState.DONE)


def _is_open(ledger: Ledger) -> bool:
    n = take_census(ledger).instances
    return n.verified < n.ready


def _refuse_nothing(ledger: Ledger) -> None:
    n, volumes = take_census(ledger).instances, count_volumes(ledger)
    if n.excluded and not n.ready and not volumes.ready:
        raise StepBlocked(
            f"The selection leaves out all {n.found:,} instances.",
            "See its rules, and take some back, with: eucaim-transfer select NAME",
        )
    if not n.found and not volumes.ready:
        raise StepBlocked(
            "The source holds no DICOM instance that could be sent.",
            "See what was left out, and why, with: eucaim-transfer scan NAME",
        )


def _scan(ledger: Ledger, settings: Settings, stop: Stop) -> None:
    scan(ledger, processes=settings.processes, should_stop=wishes(ledger, stop))
    upload = read_steps(ledger).get("upload")
    if upload is not None and upload.state is StepState.DONE and _is_open(ledger):
        set_step(ledger, "upload", StepState.TODO, "Instances were added that have not gone yet.")


def _read_clinical(ledger: Ledger, stop: Stop) -> None:
    read_clinical(ledger, wishes(ledger, stop))


def _prepare_mended(ledger: Ledger, settings: Settings, stop: Stop) -> None:
    if has_mends(ledger):
        retry_failed(ledger)
        prepare_mended(ledger, processes=settings.processes, should_stop=wishes(ledger, stop))


def _prepare(ledger: Ledger, method: OpenMethod, settings: Settings, stop: Stop) -> None:
    prepare(ledger, method, processes=settings.processes, should_stop=wishes(ledger, stop))


def _look_at_volumes(ledger: Ledger, stop: Stop) -> None:
    look_at_volumes(ledger, wishes(ledger, stop))
    v, upload = count_volumes(ledger), read_steps(ledger).get("upload")
    is_done = upload is not None and upload.state is StepState.DONE
    if is_done and v.verified + v.handed_over < v.ready:
        set_step(
            ledger, "upload", StepState.TODO, "NIfTI images were added that have not gone yet."
        )


def _make_volumes(
    ledger: Ledger, settings: Settings, method: OpenMethod | None, stop: Stop
) -> None:
    if count_volumes(ledger).ready:
        from transfer.volumes.making import make_volumes

        is_required = settings.require_deidentified
        make_volumes(ledger, method, wishes(ledger, stop), requires_deidentified=is_required)


def _is_other(ledger: Ledger, judged: str) -> bool:
    """Whether something was made, or held back, since rules looked at all there is."""
    return said_digest(ledger) != judged or bool(count_volumes(ledger).ready)


def _judge(ledger: Ledger, settings: Settings, remembered: Remembered) -> None:
    judge(
        ledger,
        circumstances_of(
            ledger, settings.gate, requires_deidentified=settings.require_deidentified
        ),
        remembered,
    )


def _maker(ledger: Ledger, method: OpenMethod | None, settings: Settings) -> Remaker | None:
    if method is None:
        return Remaker.of_mends(ledger, settings.processes)
    return Remaker.of(ledger, method, settings.processes)


def _plan(ledger: Ledger, abilities: Abilities, stop: Stop) -> None:
    plan(ledger, abilities, wishes(ledger, stop))
