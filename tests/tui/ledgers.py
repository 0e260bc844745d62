"""Real ledgers in a temporary home, in the states that the screens have to show."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.ledger.order import Order, write_order
from transfer.ledger.progress import Lane, Progress, write_progress
from transfer.ledger.steps import set_step
from transfer.values import StepState
from transfer.workspace import Home, Workspace

HOST = "archive-03"
LANES = (
    Lane(41, "S3", 64, 12_400_000, 33_700_000, 1, "sending"),
    Lane(42, "S3", 64, 30_100_000, 33_700_000, 1, "sending"),
    Lane(43, "S4", 12, 4_100_000, 6_300_000, 2, "sending"),
)
SENDING = Progress(
    phase="send",
    done=254,
    total=412,
    bytes_in_flight=46_600_000,
    rate_bps=48_200_000.0,
    eta_s=96.0,
    retries=2,
    lanes=LANES,
    history=(11e6, 24e6, 38e6, 41e6, 47e6, 49e6, 46e6, 12e6, 31e6, 44e6, 48e6, 48e6),
)


def make_home(folder: Path) -> Home:
    """An empty home."""
    home = Home.at(folder / "home")
    home.prepare()
    return home


def configure_upv(home: Home) -> None:
    """What the built-in node `upv` lacks until the helpdesk has told it."""
    (home.config_folder / "config.toml").write_text(
        '[nodes.upv]\ndicomweb_url = "https://node.example/dicom-web"\n'
    )


def make_ledger(
    home: Home, name: str, *, node: str = "upv", source: str = "/data/export/lung-2024"
) -> Workspace:
    """A transfer that was just made, for an account and a project that are there already."""
    workspace = make_first_ledger(home, name, node=node, source=source)
    come_to_images(workspace)
    return workspace


def come_to_images(workspace: Workspace) -> None:
    """Everything that comes before the images is done."""
    set_state(workspace, "login", StepState.DONE, "Signed in as ada.")
    set_state(workspace, "ticket", StepState.DONE, "Answered: the project is there.")
    set_state(workspace, "doctor", StepState.DONE, "All checks passed.")


def make_first_ledger(
    home: Home, name: str, *, node: str = "upv", source: str = "/data/export/lung-2024"
) -> Workspace:
    """The first transfer of somebody who has neither account nor project."""
    workspace = home.new_workspace(name)
    with Ledger.create(workspace.ledger) as ledger:
        write_order(ledger, Order(name, node, Path(source), "EUCAIM-LUNG|BATCH-1"))
    return workspace


def fill(
    workspace: Workspace,
    studies: list[tuple[str, int, int, int, int]],
    *,
    size_bytes: int = 526_336,
    reason: str = "The SOP Class is not supported by the node.",
) -> None:
    """Put Studies in: (modality, ready, sent, verified, failed), each instance counted once."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        number = 0
        for index, (modality, *counts) in enumerate(studies, 1):
            ledger.write(
                "INSERT INTO patient (original_id, original_name) VALUES (?, ?)",
                f"ORIGINAL-{index}",
                f"SURNAME{index}^GIVEN",
            )
            ledger.write(
                "INSERT INTO study (patient_id, study_uid, study_date, description)"
                " VALUES (?, ?, '20240102', 'text')",
                index,
                f"1.2.3.{index}",
            )
            ledger.write(
                "INSERT INTO series (study_id, series_uid, modality, series_number, description,"
                " body_part, manufacturer) VALUES (?, ?, ?, '1', '', 'CHEST', 'X')",
                index,
                f"1.2.3.{index}.1",
                modality,
            )
            for state, n in zip(("ready", "sent", "verified", "failed"), counts, strict=True):
                for _ in range(n):
                    number += 1
                    _add_instance(ledger, number, index, state, size_bytes, reason)


def _add_instance(
    ledger: Ledger, number: int, series: int, state: str, size_bytes: int, reason: str
) -> None:
    file = ledger.write(
        "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind)"
        " VALUES (?, ?, 0, 1, 'instance', 'instance')",
        os.fsencode(f"PAT/IMG{number:05}.dcm"),
        size_bytes,
    )
    ledger.write(
        "INSERT INTO instance (file_id, series_id, sop_instance_uid, sop_class_uid,"
        " transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state, reason,"
        " attempts, file_bytes, file_mtime_ns) VALUES (?1, ?2, ?3, '1.2.840.10008.5.1.4.1.1.2',"
        " '1.2.840.10008.1.2.1', 0, 1, 1, ?4, ?5, ?6, ?7, ?4, 0)",
        file,
        series,
        f"1.2.3.{series}.1.{number}",
        size_bytes,
        state,
        reason if state == "failed" else "",
        3 if state == "failed" else 1,
    )


def leave_out(workspace: Workspace, files: list[tuple[bytes, str, str, str]]) -> None:
    """Files that do not go: (path, verdict, kind, reasons)."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        for path, verdict, kind, reasons in files:
            ledger.write(
                "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind,"
                " reasons) VALUES (?, 1000, 0, 1, ?, ?, ?)",
                path,
                verdict,
                kind,
                reasons,
            )


def find_unread(workspace: Workspace, n: int) -> None:
    """Files that the walk saw and nobody has read yet."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        for number in range(n):
            ledger.write(
                "INSERT INTO source_file (path, size_bytes, mtime_ns, generation)"
                " VALUES (?, 1000, 0, 1)",
                os.fsencode(f"UNREAD/{number}"),
            )


def set_runner(
    workspace: Workspace,
    *,
    pid: int | None,
    exit_code: int | None,
    message: str = "",
    remedy: str = "",
) -> None:
    """The runner's own row, as a runner leaves it."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write(
            "UPDATE runner SET epoch = 1, pid = ?, host = ?, phase = 'send', message = ?,"
            " remedy = ?, exit_code = ?",
            pid,
            HOST,
            message,
            remedy,
            exit_code,
        )


def set_progress(workspace: Workspace, progress: Progress) -> None:
    """The moment, as a runner writes it."""
    with Ledger.open(workspace.ledger) as ledger:
        write_progress(ledger, progress)


def set_state(
    workspace: Workspace,
    step: str,
    state: StepState,
    detail: str = "",
    *,
    person: str = "",
    evidence: str = "",
    since_utc: str = "2026-03-14T08:05:00.000Z",
) -> None:
    """A step of the journey, as it stands since a moment that does not change."""
    with Ledger.open(workspace.ledger) as ledger:
        set_step(ledger, step, state, detail, person=person, evidence=evidence, since_utc=since_utc)


def find(workspace: Workspace, finding: Finding) -> None:
    """A finding."""
    with Ledger.open(workspace.ledger) as ledger:
        record_finding(ledger, finding)


@contextmanager
def held(workspace: Workspace) -> Iterator[None]:
    """As if a runner were alive: its lock is held while this lasts."""
    descriptor = os.open(workspace.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def make_running(home: Home, name: str = "lung-2024") -> Workspace:
    """A transfer in the middle of sending; hold its lock to make it live."""
    workspace = make_ledger(home, name)
    fill(workspace, [("CT", 0, 0, 120, 0), ("CT", 0, 40, 41, 0), ("PT,CT", 70, 53, 0, 0)])
    fill_more(workspace, 88)
    set_runner(workspace, pid=4123, exit_code=None)
    set_progress(workspace, SENDING)
    return workspace


def fill_more(workspace: Workspace, ready: int) -> None:
    """One more Study of which nothing has gone."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        patient = ledger.write("INSERT INTO patient (original_id, original_name) VALUES ('L', 'L')")
        study = ledger.write(
            "INSERT INTO study (patient_id, study_uid, study_date, description)"
            " VALUES (?, '1.2.9', '20240102', '')",
            patient,
        )
        series = ledger.write(
            "INSERT INTO series (study_id, series_uid, modality, series_number, description,"
            " body_part, manufacturer) VALUES (?, '1.2.9.1', 'MR', '1', '', 'CHEST', 'X')",
            study,
        )
        for number in range(ready):
            _add_instance(ledger, 50_000 + number, series, "ready", 526_336, "")


def make_done(home: Home, name: str = "breast-2023") -> Workspace:
    """A transfer that arrived whole."""
    workspace = make_ledger(home, name)
    fill(workspace, [("MG", 0, 0, 4, 0)] * 3)
    set_runner(workspace, pid=None, exit_code=0)
    set_state(
        workspace,
        "upload",
        StepState.DONE,
        "All 12 SOP Instances are on the node, each one listed by it.",
    )
    return workspace


def make_failed(home: Home, name: str = "prostate-a") -> Workspace:
    """A transfer of which three instances were refused."""
    workspace = make_ledger(home, name)
    fill(workspace, [("MR", 0, 0, 60, 0), ("MR", 0, 0, 37, 3)])
    set_runner(
        workspace,
        pid=None,
        exit_code=4,
        message="3 of 100 instances did not arrive; the other 97 are on the node, listed by it.",
        remedy="See which and why.",
    )
    return workspace
