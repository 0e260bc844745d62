"""The words of the field as types, shared by engine, adapters and screens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

StudyInstanceUID = NewType("StudyInstanceUID", str)
SeriesInstanceUID = NewType("SeriesInstanceUID", str)
SOPInstanceUID = NewType("SOPInstanceUID", str)
SOPClassUID = NewType("SOPClassUID", str)
TransferSyntaxUID = NewType("TransferSyntaxUID", str)


@dataclass(frozen=True, slots=True)
class StudyRef:
    """One Study as it goes: its UID, and the Patient ID (the pseudonym) it goes under."""

    study_uid: StudyInstanceUID
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """One Series on a node, by the identifiers that the node knows it under."""

    study_uid: StudyInstanceUID
    series_uid: SeriesInstanceUID
    patient_id: str = ""

    @property
    def study(self) -> StudyRef:
        return StudyRef(self.study_uid, self.patient_id)


class StepState(StrEnum):
    """State of one step of a journey, as `status --json` prints it."""

    TODO = "todo"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"


class ExitCode:
    """What a command tells the shell; fixed by contract, scripts rely on it."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    BLOCKED = 3
    PARTIAL = 4
    SIGN_IN = 5
    NETWORK = 6
    HELD = 7
    INTERRUPTED = 130
