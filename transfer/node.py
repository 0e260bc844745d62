"""What a reference node can do.

An adapter implements `Node`; nothing in the engine or on a screen asks which node it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from transfer.clinical.leaving import (
    ClinicalDocument,
    ClinicalItem,
    ClinicalOutcome,
    ClinicalSubject,
    ClinicalWay,
    Held,
)
from transfer.errors import NEVER, Retry
from transfer.leaving import OutgoingInstance
from transfer.values import SeriesInstanceUID, SeriesRef, SOPInstanceUID, StudyRef
from transfer.volumes.leaving import HeldFile, OutgoingVolume, VolumeOutcome, VolumeRef

if TYPE_CHECKING:
    from transfer.publication.node import Publisher

OnBytes = Callable[[int], None]
"""Called with the number of instance bytes that were just handed to the connection; negative
when a request starts over by itself (after a 401) and takes back what it had counted."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """Facts about a node that the engine plans by; asked once, before planning.

    `batch_scope` is the widest thing one request may hold. Sizes are in bytes. `listing_delay_s`
    is how long an acknowledged instance may take to show up in a listing before it counts as
    missing; `can_list` is False when the node will not say what it holds. `commits_studies`: what
    a node acknowledged waits in its antechamber until `Node.commit_study` has it taken over.
    `takes_volumes`: it takes NIfTI images with their DICOM JSON; else they are handed over.
    """

    can_list: bool = True
    batch_scope: Literal["any", "study", "series"] = "any"
    max_batch_bytes: int = 16 * 1024 * 1024
    max_batch_instances: int = 64
    max_concurrency: int = 8
    listing_delay_s: float = 60.0
    commits_studies: bool = False
    takes_volumes: bool = False


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One Series that is going to be sent; texts as they stand in its header."""

    series_uid: SeriesInstanceUID
    series_number: str
    modality: str
    instances: int


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One Study that is going to be sent. `key` is its row key, for findings."""

    key: str
    study: StudyRef
    series: Sequence[SeriesPlan]


@dataclass(frozen=True, slots=True)
class Objection:
    """Something the node would stumble over, seen before a byte is sent.

    `severity` is `block` or `warn`; `key` the Study's row key; `rule` a stable short name.
    """

    rule: str
    severity: Literal["block", "warn"]
    key: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One request: what goes, and where to."""

    batch_id: int
    destination: str
    instances: Sequence[OutgoingInstance]

    @property
    def size_bytes(self) -> int:
        return sum(i.size_bytes for i in self.instances)


class Verdict(StrEnum):
    """What the node said about one instance, or one volume."""

    STORED = "stored"
    ALREADY_THERE = "already-there"
    STORED_WITH_WARNING = "stored-with-warning"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"

    @property
    def is_acknowledged(self) -> bool:
        return self in (Verdict.STORED, Verdict.ALREADY_THERE, Verdict.STORED_WITH_WARNING)


@dataclass(frozen=True, slots=True)
class InstanceOutcome:
    """The node's word on one instance of a batch.

    `reason` is plain text for an operator. For `REFUSED`, `retry` says whether trying again can
    help. `NO_ANSWER` means that the answer named the instance nowhere: its fate is unknown.
    """

    sop_instance_uid: SOPInstanceUID
    verdict: Verdict
    reason: str = ""
    retry: Retry = NEVER


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """One instance that the node lists. `size_bytes` is None where the node does not tell."""

    sop_instance_uid: SOPInstanceUID
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """A place on the node that this account may send to. `key` is what `--destination` takes."""

    key: str
    title: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that the account may do, or may not.

    `what` follows the words "may" or "may not": "upload images to PROJECT-X". `is_given` is None
    where the node does not tell. Where it is missing, `remedy` says what to do and `ticket` names
    the case of the helpdesk that asks for it, empty where none does.
    """

    what: str
    is_given: bool | None
    remedy: str = ""
    ticket: str = ""

    def __str__(self) -> str:
        verb = {True: "may", False: "may not", None: "may perhaps"}[self.is_given]
        return f"{verb} {self.what}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the node says we are. `roles` are in the node's own words, `rights` in ours."""

    username: str
    roles: Sequence[str] = ()
    rights: Sequence[Right] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the doctor: `ok`, `warn` or `fail`, and the remedy unless ok.

    `check` is a stable short name (tls-version, certificate, reachable, sign-in, listing, …).
    `tried` says what was done and `answer` what came back, both without a secret; `whom` names who
    can put it right (you, this host's administrator, your network's administrator, the node's
    support), empty when ok. `is_known` is false where it is ok only in that nothing speaks against
    it: this host does not tell.
    """

    check: str
    state: Literal["ok", "warn", "fail"]
    message: str
    remedy: str = ""
    exit_code: int = 0
    tried: str = ""
    answer: str = ""
    whom: str = ""
    is_known: bool = True


class Node(Protocol):
    """One reference node. Coroutines only, safe to cancel, raising only `NodeError`.

    Nothing here retries but the single renewal of a sign-in (401 once after a refresh): the
    runner is the one layer that repeats a request.
    """

    name: str

    async def abilities(self) -> Abilities:
        """What this node can do. May ask the node once; later calls answer from memory."""
        ...

    async def sign_in(self) -> Identity:
        """Sign in with what is stored or configured and say who we are.

        Raises:
            SignInRefused: wrong credentials. Never repeated by itself: accounts get locked.
            SignInExpired: nothing stored to sign in with.
        """
        ...

    async def sign_out(self) -> None:
        """End the session on the node, revoke its tokens, and forget what is stored of it. What
        is stored is forgotten even where the node cannot be told.

        Raises:
            NodeError: the node could not be told; nothing is stored any more all the same.
        """
        ...

    async def destinations(self) -> Sequence[Destination]:
        """Where this account may send to; empty when the node cannot be asked."""
        ...

    def checks(self, destination: str = "") -> AsyncIterator[CheckResult]:
        """The doctor's questions to this node, one after the other as they are answered; ends
        with the first that makes the rest meaningless. `destination` is where the transfer goes;
        empty asks about those of the configuration. Never raises: a failure is a result. Sends
        no credential over a connection that fails its TLS check, and changes nothing on the
        node."""
        ...

    async def send(self, batch: Batch, on_bytes: OnBytes) -> Sequence[InstanceOutcome]:
        """Store a batch; one outcome for each of its instances, in any order.

        Repeating a batch is harmless. On an error the outcome of every instance is unknown
        unless `reached_node` is False.

        Raises:
            Unreachable, NodeBusy, NodeFault: see their `retry`.
            BodyTooLarge: send fewer instances at once.
            SignInExpired, SignInRefused, NotAllowed: nobody is signed in, or without the right.
            SourceChanged: a source file changed under us; nothing of the batch counts as sent.
        """
        ...

    async def rehearse(self, batch: Batch, folder: Path) -> None:
        """Write the exact request that `send` would make into `folder`, credentials masked,
        and send nothing."""
        ...

    async def objections(
        self, studies: AsyncIterator[StudyPlan], destination: str
    ) -> Sequence[Objection]:
        """What the node would stumble over in these Studies: labels that collide, a Study that
        is there already under another name. Asked once, before anything is sent; empty when all
        is well or the node has no such rules."""
        ...

    async def commit_study(self, study: StudyRef, destination: str) -> None:
        """Have the node take over a Study whose instances all went; returns when it has.

        Called once for each Study where `abilities.commits_studies` says so, and again after an
        interruption: a Study that is taken over already is no error. Never repeats by itself a
        request whose outcome is unknown: it asks what became of it.

        Raises:
            StudyRefused: the node will not take it as it is; a person has to look.
            Unreachable, NodeBusy, NodeFault: see their `retry`.
        """
        ...

    async def holdings(
        self, series: SeriesRef, destination: str = ""
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        """Every instance that the node lists of this series at this destination, all pages;
        empty when it knows none. What waits to be committed is not held yet, but see `waiting`.

        Raises:
            NotSupported: the node does not list instances.
        """
        ...

    async def waiting(
        self, series: SeriesRef, destination: str = ""
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        """Like `holdings`, of what is acknowledged and waits for `commit_study`; empty on nodes
        that have no antechamber. Tells after a broken request what arrived."""
        ...

    async def send_volume(
        self, volume: OutgoingVolume, destination: str, on_bytes: OnBytes
    ) -> VolumeOutcome:
        """Store the files of a volume beside the images of its Study, which may be there or not.

        Repeating it is harmless: a file that is there with the same bytes counts as there. One
        with other bytes is never written over; then the outcome is `REFUSED`.

        Raises:
            NotSupported: `abilities.takes_volumes` is False.
            NodeError: as `send`.
            SourceChanged: a file changed under us; the volume does not count as sent.
        """
        ...

    async def held_files(self, ref: VolumeRef, destination: str) -> Mapping[str, HeldFile]:
        """Every file that the node holds where that volume goes, by name; empty when it knows no
        such place.

        Raises:
            NotSupported: `abilities.takes_volumes` is False.
        """
        ...

    async def clinical_way(self, destination: str) -> ClinicalWay:
        """How clinical data go to this destination. Changes nothing on the node."""
        ...

    def clinical_document(self, subject: ClinicalSubject) -> ClinicalDocument:
        """A subject's data in the node's own form; asks nobody.

        Raises:
            ClinicalRefused: a value does not fit that form; the text names column and form of the
                value, never the value.
        """
        ...

    async def send_clinical(
        self, item: ClinicalItem, destination: str, *, overwrite: bool = False
    ) -> ClinicalOutcome:
        """Store one item, after the images. Repeating it is harmless: the same bytes count as
        stored. Other data are never written over unless `overwrite` says so.

        Raises:
            NotSupported: the node does not take such items.
            NodeError: as `send`.
        """
        ...

    async def held_clinical(self, item: ClinicalItem, destination: str) -> Held:
        """What the node holds where this item goes, read back and compared.

        Raises:
            NodeError: as `send`.
        """
        ...

    async def rehearse_clinical(self, item: ClinicalItem, destination: str, folder: Path) -> None:
        """Write the exact request that `send_clinical` would make into `folder`, credentials
        masked, and send nothing."""
        ...

    def publisher(self, destination: str) -> Publisher:
        """Step 10 at this destination; asks nobody."""
        ...

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice."""
        ...
