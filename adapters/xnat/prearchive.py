"""The prearchive: rows in which sent images wait, and the states that a row goes through.

`RECEIVING → (QUEUED_)BUILDING → READY → (QUEUED_)ARCHIVING → gone`; `CONFLICT` and `ERROR` need a
person. A row is known by project, Study Instance UID (`tag`) and session label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from adapters.xnat.calls import Calls
from adapters.xnat.calls import Row as Cells
from adapters.xnat.labels import Labels, clean
from adapters.xnat.pages import said
from adapters.xnat.wire import segment
from transfer.errors import NodeBusy
from transfer.values import StudyRef

_MOST_LISTINGS = 3


class State(Enum):
    """What a row's status means to us."""

    LOADING = auto()
    BUSY = auto()
    READY = auto()
    STUCK = auto()


def state_of(status: str) -> State:
    """Underscored and queued forms mean that an operation runs."""
    word = status.strip().upper()
    if word == "READY":
        return State.READY
    if word in ("CONFLICT", "ERROR"):
        return State.STUCK
    if word in ("RECEIVING", "RECEIVING_INTERRUPT"):
        return State.LOADING
    # What a later version may call something else is best waited for.
    return State.BUSY


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the prearchive."""

    project: str
    timestamp: str
    folder: str
    label: str
    tag: str
    status: str

    @property
    def state(self) -> State:
        return state_of(self.status)

    @property
    def source(self) -> str:
        """The row as the archive service wants it named."""
        return f"/prearchive/projects/{self.project}/{self.timestamp}/{self.folder}"

    @property
    def path(self) -> str:
        parts = "/".join(segment(p) for p in (self.project, self.timestamp, self.folder))
        return f"/data/prearchive/projects/{parts}"


class Prearchive:
    """Looks at the rows of one node."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def rows(self, project: str) -> Sequence[Row]:
        """All rows of a project, the oldest first; empty when it has none."""
        found = await self._calls.table(f"/data/prearchive/projects/{segment(project)}")
        rows = [_row(cells) for cells in found or []]
        return sorted((r for r in rows if r.project == project), key=lambda row: row.timestamp)

    async def ours(self, project: str, study: StudyRef, labels: Labels) -> Sequence[Row]:
        """Rows of this Study under our label, those of an earlier run too."""
        for _ in range(_MOST_LISTINGS):
            used = await self._calls.session.id()
            rows = [r for r in await self.rows(project) if is_ours(r, study, labels)]
            # An empty listing may have been a guest's.
            if rows or await self._calls.session.confirm(used):
                return rows
        raise NodeBusy(
            "The node signs us out again and again.",
            "Look whether another program uses the same account on this node, then try again.",
            node=self._calls.node,
        )

    async def read(self, row: Row) -> Row | None:
        """The row as it is now; None when it is gone."""
        found = await self._calls.table(row.path)
        for cells in found or []:
            now = _row(cells)
            if (now.timestamp, now.folder) == (row.timestamp, row.folder):
                return now
        return None

    async def last_word(self, row: Row, covered: Iterable[str]) -> str:
        """Why a row is stuck, in the node's words; empty when it does not say."""
        answer = await self._calls.get(f"{row.path}/logs/last")
        return said(answer.text, covered) if answer.is_good else ""


def is_ours(row: Row, study: StudyRef, labels: Labels) -> bool:
    return row.tag == study.study_uid and clean(row.label or row.folder) == labels.session


def _row(cells: Cells) -> Row:
    return Row(
        project=cells.get("project", ""),
        timestamp=cells.get("timestamp", ""),
        folder=cells.get("folderName", ""),
        label=cells.get("name", ""),
        tag=cells.get("tag", ""),
        status=cells.get("status", ""),
    )
