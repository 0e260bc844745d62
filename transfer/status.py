"""The state of a transfer as one value: what `status` prints and every screen draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from transfer.deid.methods import PROFILES
from transfer.journey.steps import JourneyStep
from transfer.ledger.census import Census, take_census
from transfer.ledger.chosen import Chosen, read_chosen
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Control, Wish, read_control
from transfer.ledger.deid_run import DeidRun, newest_run
from transfer.ledger.findings import Finding, read_findings
from transfer.ledger.holder import RunnerRecord, is_held, read_runner
from transfer.ledger.order import Order, read_order
from transfer.ledger.progress import Progress, read_progress
from transfer.ledger.steps import StepRecord, read_steps
from transfer.ledger.volumes import HANDOVER, NO_VOLUMES, VolumeCounts, count_volumes
from transfer.method_files import de_identifies
from transfer.values import ExitCode, StepState
from transfer.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a transfer. `is_running` is the lock's word, not the ledger's. `handover` is the
    path of the folder for a node that takes no NIfTI images, empty where nothing lies there.
    `in_the_way` counts the rules for which nothing is sent, or not all; of `findings`, which are
    open, there are the first alone."""

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

    @property
    def state(self) -> str:
        """One word for lists: running, pausing, paused, stopping; new, ready (to be sent), done,
        failed (some instances), blocked (by findings), waiting (for a sign-in), interrupted."""
        if self.is_running:
            if self.control.wish is Wish.PAUSE:
                return "pausing" if self.progress.lanes else "paused"
            return "stopping" if self.control.wish is Wish.STOP else "running"
        if self.runner.epoch == 0:
            return "new"
        upload, n = self.steps.get("upload"), self.census.instances
        if upload and upload.state is StepState.DONE and not self._is_more_to_go and not n.failed:
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

    def document(self, journey: Sequence[JourneyStep] = ()) -> dict[str, Any]:
        """The `status --json` document."""
        runner_state = self.state
        return {
            "transfer": self.order.name,
            "node": self.order.node,
            "destination": self.order.destination,
            "state": self.state,
            "steps": [
                {
                    "id": step.id,
                    "title": step.title,
                    "state": self.step_state(step).value,
                    "detail": self.step_detail(step),
                }
                for step in journey
            ],
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
            "clinical": {"state": "todo"},
            "publication": {"state": "todo"},
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

    def record_of(self, step: JourneyStep) -> StepRecord | None:
        """What the ledger holds of a step, unless that is true no more: what kept the images back
        was answered for since, or what was done is not all any more that a person chose."""
        record = self.steps.get(step.engine or step.id)
        if (
            record is not None
            and step.engine == "upload"
            and record.state is StepState.DONE
            and self._is_more_to_go
        ):
            return StepRecord(record.id, StepState.TODO, "More was chosen, which has not gone yet.")
        if (
            record is not None
            and step.engine == "upload"
            and record.state is StepState.BLOCKED
            and self.state == "ready"
            and not self.census.instances.failed
        ):
            return None
        may_be_told = record is None or record.state in (StepState.TODO, StepState.BLOCKED)
        if step.engine == "upload" and self.state == "blocked" and may_be_told:
            return StepRecord("upload", StepState.BLOCKED, self.runner.message)
        return record

    @property
    def _is_more_to_go(self) -> bool:
        n, v = self.census.instances, self.volumes
        return n.sent < n.ready or v.sent + v.handed_over < v.ready

    def step_state(self, step: JourneyStep) -> StepState:
        """State of a step of the node's journey."""
        record = self.record_of(step)
        return record.state if record else StepState.TODO

    def step_detail(self, step: JourneyStep) -> str:
        """One sentence on a step; empty where there is nothing to say."""
        record = self.record_of(step)
        if record:
            return record.detail
        return "" if step.engine else "Not carried out by this version yet."


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
    )


def _as_it_holds(
    ledger: Ledger, runner: RunnerRecord, order: Order, *, is_prepared: bool
) -> RunnerRecord:
    """What the last run said, as far as it holds: people answer and choose after it, and a scan
    refuses nothing that the upload will."""
    from transfer.quality.in_the_way import (
        IN_THE_WAY,
        MENDED_BY_PROFILES,
        in_the_way_told,
        rules_in_the_way,
    )

    was_refused = runner.exit_code == ExitCode.BLOCKED and runner.message.startswith(IN_THE_WAY)
    if runner.epoch == 0 or not (was_refused or runner.exit_code == ExitCode.DONE):
        return runner
    will_be_made = de_identifies(order) and not is_prepared
    if will_be_made and order.deid not in PROFILES:
        # What a script takes away is known afterwards.
        return runner
    standing = rules_in_the_way(ledger, passing_over=MENDED_BY_PROFILES if will_be_made else ())
    if not standing:
        return replace(runner, exit_code=ExitCode.DONE, message="", remedy="")
    what, remedy = in_the_way_told(standing)
    return replace(
        runner,
        exit_code=ExitCode.BLOCKED,
        message=what,
        remedy=remedy.replace("NAME", order.name),
    )
