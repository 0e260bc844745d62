"""The state of a transfer as one value: what `status` prints and every screen draws."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from transfer.clinical.standing import (
    NOTHING_CLINICAL,
    ClinicalState,
    read_clinical_state,
)
from transfer.deid.methods import PROFILES
from transfer.ledger.census import Census, take_census
from transfer.ledger.chosen import Chosen, read_chosen
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Control, Wish, read_control
from transfer.ledger.deid_run import DeidRun, newest_run
from transfer.ledger.findings import Finding, read_findings
from transfer.ledger.holder import RunnerRecord, is_held, read_runner
from transfer.ledger.legal import current_entries
from transfer.ledger.order import Order, read_order
from transfer.ledger.progress import Progress, read_progress
from transfer.ledger.retention import NOT_SAID, Retention, read_retention
from transfer.ledger.steps import StepRecord, last_place, read_steps
from transfer.ledger.volumes import HANDOVER, NO_VOLUMES, VolumeCounts, count_volumes
from transfer.legal.entries import Entries
from transfer.method_files import de_identifies
from transfer.publication.standing import (
    NOTHING_PUBLISHED,
    PublicationState,
    read_publication,
)
from transfer.values import ExitCode, StepState
from transfer.workspace import Workspace

CLINICAL_PHASE = "clinical"
"""What the runner calls itself for as long as it is at the clinical data."""

if TYPE_CHECKING:
    from transfer.journey.standing import JourneyState


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a transfer. `is_running` is the lock's word, not the ledger's. `handover` is the
    path of the folder for a node that takes no NIfTI images, empty where nothing lies there.
    `in_the_way` counts the rules for which nothing is sent, or not all; of `findings`, which are
    open, there are the first alone. `place` is the step of the journey where the operator was
    last."""

    order: Order
    census: Census
    progress: Progress
    control: Control
    runner: RunnerRecord
    is_running: bool
    steps: dict[str, StepRecord]
    findings: list[Finding]
    deid: DeidRun | None = None
    chosen: Chosen | None = None
    volumes: VolumeCounts = NO_VOLUMES
    handover: str = ""
    in_the_way: int = 0
    place: str = ""
    clinical: ClinicalState = NOTHING_CLINICAL
    legal: Entries = field(default_factory=dict)
    retention: Retention = NOT_SAID
    publication: PublicationState = NOTHING_PUBLISHED

    @property
    def is_at_clinical(self) -> bool:
        """A runner is at the clinical data; the images have gone before."""
        return self.is_running and self.runner.phase == CLINICAL_PHASE

    @property
    def state(self) -> str:
        """One word for lists: running, pausing, paused, stopping; new, ready (to be sent), done,
        failed (some instances), blocked (by findings), waiting (for a sign-in), interrupted;
        purging, purged (originals are gone)."""
        if self.retention.is_begun:
            return "purged" if self.retention.is_done else "purging"
        if self.is_running:
            if self.control.wish is Wish.PAUSE:
                return "pausing" if self.progress.lanes else "paused"
            return "stopping" if self.control.wish is Wish.STOP else "running"
        if self.runner.epoch == 0:
            return "new"
        upload, n = self.steps.get("upload"), self.census.instances
        if upload and upload.state is StepState.DONE and not self.is_more_to_go and not n.failed:
            return "done"
        if self.runner.exit_code is None or self.runner.exit_code == 130:
            return "interrupted"
        if self.runner.exit_code == 0:
            return "ready"
        return {3: "blocked", 4: "failed", 5: "waiting"}.get(self.runner.exit_code, "interrupted")

    @property
    def goes(self) -> Chosen:
        """Patients, Studies and Series that go: those of the selection, or all of the source."""
        c = self.census
        return self.chosen or Chosen(c.patients, c.studies, c.series, 0)

    @property
    def bytes_done(self) -> int:
        """Bytes acknowledged plus bytes of running requests; never above the total."""
        flying = self.progress.bytes_in_flight if self.is_running else 0
        return min(self.census.bytes_sent + flying, self.census.bytes_total)

    def document(self, journey: JourneyState | None = None) -> dict[str, Any]:
        """The `status --json` document; without a journey it has no steps."""
        runner_state = self.state
        to_do = journey.to_do if journey else None
        return {
            "transfer": self.order.name,
            "node": self.order.node,
            "destination": self.order.destination,
            "state": self.state,
            "steps": [standing.document() for standing in journey.standings] if journey else [],
            "next": to_do.step.id if to_do else None,
            "patients": self.census.patients,
            "studies": self.census.studies,
            "series": self.census.series,
            "instances": asdict(self.census.instances),
            "selection": None if self.chosen is None else asdict(self.chosen),
            "files": asdict(self.census.files),
            "volumes": asdict(self.volumes) | {"handover": self.handover or None},
            "bytes": {"total": self.census.bytes_total, "sent": self.census.bytes_sent},
            "rate_bps": self.progress.rate_bps if self.is_running else 0.0,
            "eta_s": self.progress.eta_s if self.is_running else None,
            "runner": {
                "state": runner_state,
                "phase": self.progress.phase if self.is_running else "",
                "pid": self.runner.pid if self.is_running else None,
                "host": self.runner.host if self.is_running else None,
                "epoch": self.runner.epoch,
                "exit_code": None if self.is_running else self.runner.exit_code,
                "message": self.runner.message,
                "remedy": self.runner.remedy,
            },
            "limits": {
                "bytes_per_s": self.control.bytes_per_s,
                "concurrency": self.control.concurrency,
            },
            "deidentification": self._deid_document(),
            "findings": [asdict(finding) for finding in self.findings],
            "clinical": {"state": _state_of(journey, "clinical"), **self.clinical.document()},
            "retention": self.retention.document(dt.datetime.now().astimezone().date()),
            "publication": {
                "state": _state_of(journey, "dataset"),
                **self.publication.document(),
            },
        }

    def _deid_document(self) -> dict[str, str] | None:
        if self.deid is None:
            return None
        return {
            "method": self.deid.method,
            "version": self.deid.version,
            "sha256": self.deid.method_sha256,
            "key_fingerprint": self.deid.key_fingerprint,
        }

    @property
    def is_more_to_go(self) -> bool:
        """Of what a person chose, not all was acknowledged."""
        n, v = self.census.instances, self.volumes
        return n.sent < n.ready or v.sent + v.handed_over < v.ready


def _state_of(journey: JourneyState | None, step: str) -> str:
    standing = journey.of(step) if journey else None
    return standing.state.value if standing else StepState.TODO.value


def read_status(workspace: Workspace, ledger: Ledger | None = None) -> Status:
    """Look at a transfer; opens and closes a reading connection unless one is given.

    Blocking: call it in a thread where an event loop runs.

    Raises:
        LedgerDamaged, UsageError: the ledger cannot be read.
    """
    if ledger is None:
        with Ledger.open(workspace.ledger, read_only=True) as own:
            return read_status(workspace, own)
    from transfer.quality.in_the_way import count_in_the_way

    run = newest_run(ledger)
    counts = count_volumes(ledger)
    order = read_order(ledger)
    return Status(
        order=order,
        census=take_census(ledger),
        progress=read_progress(ledger),
        control=read_control(ledger),
        runner=_as_it_holds(ledger, read_runner(ledger), order, is_prepared=run is not None),
        is_running=is_held(workspace.lock),
        steps=read_steps(ledger),
        findings=read_findings(ledger),
        deid=run[1] if run else None,
        volumes=counts,
        handover=str(workspace.folder / HANDOVER) if counts.handed_over else "",
        chosen=read_chosen(ledger),
        in_the_way=count_in_the_way(ledger),
        place=last_place(ledger),
        clinical=read_clinical_state(ledger, order),
        legal=current_entries(ledger),
        retention=read_retention(ledger),
        publication=read_publication(ledger),
    )


def _as_it_holds(
    ledger: Ledger, runner: RunnerRecord, order: Order, *, is_prepared: bool
) -> RunnerRecord:
    """What the last run said, as far as it holds: people answer and choose after it, and a scan
    refuses nothing that the upload will."""
    from transfer.quality.clinical_rules import clinical_in_the_way
    from transfer.quality.in_the_way import (
        CLINICAL_IN_THE_WAY,
        IN_THE_WAY,
        MENDED_BY_PROFILES,
        images_in_the_way,
        in_the_way_told,
    )

    if runner.message.startswith(CLINICAL_IN_THE_WAY):
        is_over = not clinical_in_the_way(ledger)
        return (
            replace(runner, exit_code=ExitCode.DONE, message="", remedy="") if is_over else runner
        )
    was_refused = runner.exit_code == ExitCode.BLOCKED and runner.message.startswith(IN_THE_WAY)
    if runner.epoch == 0 or not (was_refused or runner.exit_code == ExitCode.DONE):
        return runner
    will_be_made = de_identifies(order) and not is_prepared
    if will_be_made and order.deid not in PROFILES:
        # What a script takes away is known afterwards.
        return runner
    standing = images_in_the_way(ledger, passing_over=MENDED_BY_PROFILES if will_be_made else ())
    if not standing:
        return replace(runner, exit_code=ExitCode.DONE, message="", remedy="")
    what, remedy = in_the_way_told(standing)
    return replace(
        runner,
        exit_code=ExitCode.BLOCKED,
        message=what,
        remedy=remedy.replace("NAME", order.name),
    )
