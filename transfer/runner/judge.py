"""From the node's words to what becomes of each instance. Pure functions, no input or output."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from transfer.errors import NodeError
from transfer.ledger.batches import Lease, PlannedInstance, Settled
from transfer.node import InstanceOutcome, Verdict
from transfer.outgoing import Digests
from transfer.values import SOPInstanceUID

STRIKES_TO_FAIL = 3
BROKEN_TO_SPLIT = 4
BROKEN_TO_FAIL = 8

TOO_LARGE = (
    "This one instance is larger than the node takes at once."
    " Ask the node's administrator to raise the limit for a request, then upload again."
)

Judgement = tuple[list[Settled], list[list[int]]]
"""What becomes of each instance, and the batches (instance rows) that go again."""


def unanswered(
    lease: Lease, outcomes: Mapping[SOPInstanceUID, InstanceOutcome]
) -> list[PlannedInstance]:
    """Instances whose fate the answer leaves open; the node's listing decides on them."""
    return [
        i
        for i in lease.instances
        if i.sop_instance_uid not in outcomes
        or outcomes[i.sop_instance_uid].verdict is Verdict.NO_ANSWER
    ]


def after_answer(
    lease: Lease,
    outcomes: Mapping[SOPInstanceUID, InstanceOutcome],
    listed: Collection[SOPInstanceUID],
    digests: Mapping[SOPInstanceUID, Digests],
) -> Judgement:
    """Judge a batch that the node answered. `listed` holds what it lists of the unanswered."""
    settled: list[Settled] = []
    again: list[list[int]] = []
    for instance in lease.instances:
        uid = instance.sop_instance_uid
        outcome = outcomes.get(uid) or InstanceOutcome(uid, Verdict.NO_ANSWER)
        digest = digests.get(uid, Digests())
        if outcome.verdict.is_acknowledged:
            settled.append(
                Settled(instance.row, "sent", outcome.reason, outcome.verdict.value, *digest)
            )
        elif outcome.verdict is Verdict.NO_ANSWER and uid in listed:
            settled.append(Settled(instance.row, "sent", "", "listed", *digest))
        elif outcome.verdict is Verdict.REFUSED and not outcome.retry.allowed:
            settled.append(Settled(instance.row, "failed", outcome.reason, strike=True))
        elif instance.attempts + 1 >= STRIKES_TO_FAIL:
            reason = outcome.reason or (
                "The node answered but did not say what became of this instance, and does not"
                " list it. Ask the node's administrator with the SOP Instance UID."
            )
            settled.append(Settled(instance.row, "failed", reason, strike=True))
        else:
            settled.append(Settled(instance.row, "ready", outcome.reason, strike=True))
            again.append([instance.row])
    return settled, again


def after_break(
    lease: Lease, error: NodeError, listed: Collection[SOPInstanceUID], *, is_strike: bool
) -> Judgement:
    """Judge a batch whose request broke. What the node lists has arrived; the rest goes again,
    together at first, one by one when it keeps breaking while others get through."""
    settled: list[Settled] = []
    rest: list[PlannedInstance] = []
    for instance in lease.instances:
        if instance.sop_instance_uid in listed:
            settled.append(Settled(instance.row, "sent", "", "listed"))
        elif is_strike and len(lease.instances) == 1 and instance.attempts + 1 >= BROKEN_TO_FAIL:
            settled.append(Settled(instance.row, "failed", error.what, strike=True))
        else:
            settled.append(Settled(instance.row, "ready", "", strike=is_strike))
            rest.append(instance)
    is_stubborn = is_strike and any(i.attempts + 1 >= BROKEN_TO_SPLIT for i in rest)
    rows = [i.row for i in rest]
    if is_stubborn:
        return settled, [[row] for row in rows]
    return settled, [rows] if rows else []


def after_too_large(lease: Lease) -> Judgement:
    """Halve a batch that the node found too large; a single instance cannot be halved."""
    rows = [i.row for i in lease.instances]
    if len(rows) == 1:
        return [Settled(rows[0], "failed", TOO_LARGE, strike=True)], []
    middle = len(rows) // 2
    return [Settled(row, "ready") for row in rows], [rows[:middle], rows[middle:]]


def after_source_change(lease: Lease, changed: Collection[int], reason: str) -> Judgement:
    """Take out the instances whose file changed; the others of the batch go again."""
    settled = [
        Settled(i.row, "failed", reason) if i.row in changed else Settled(i.row, "ready")
        for i in lease.instances
    ]
    rest = [i.row for i in lease.instances if i.row not in changed]
    return settled, [rest] if rest else []


def acknowledged_bytes(lease: Lease, settled: Sequence[Settled]) -> tuple[int, int]:
    """How many instances, and how many bytes, a judgement calls sent."""
    sizes = {i.row: i.size_bytes for i in lease.instances}
    sent = [s for s in settled if s.state == "sent"]
    return len(sent), sum(sizes[s.row] for s in sent)
