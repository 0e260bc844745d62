"""From the prearchive into the archive: built, archived once, and never asked twice blindly.

A merge copies the whole session aside, so it happens once for each Study. Archiving may outlast
every time-out on the way (XNAT itself gives up waiting after 600 s while it goes on): then the
row is watched until it is gone or stuck.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from adapters.xnat.calls import Calls
from adapters.xnat.catalogue import Catalogue
from adapters.xnat.importing import strayed_to
from adapters.xnat.labels import Labels, labels_of
from adapters.xnat.pages import said
from adapters.xnat.prearchive import Prearchive, Row, State
from adapters.xnat.refusals import Meaning, meaning_of
from adapters.xnat.wire import Answer
from transfer.errors import NodeBusy, NodeError, NodeFault, Retry, StudyRefused, Unreachable
from transfer.values import StudyRef

_MOST_ROWS = 20
_TRANSIENT = (Unreachable, NodeBusy, NodeFault)


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds: between two looks at a row, how long a row that did not start to archive
    may stand ready before the request counts as lost, how long the node may stay silent while we
    look, how long building or archiving may take, and how long one request waits at most."""

    first_look_s: float = 0.2
    longest_look_s: float = 5.0
    settle_s: float = 20.0
    silence_s: float = 120.0
    patience_s: float = 3600.0
    request_s: float = 120.0

    @property
    def answer_s(self) -> float:
        """How long a request waits for its answer; the node is watched after it."""
        return min(self.request_s, self.patience_s)


class Archiver:
    """Has one node take over Studies."""

    def __init__(
        self, calls: Calls, prearchive: Prearchive, catalogue: Catalogue, pace: Pace
    ) -> None:
        self._calls = calls
        self._prearchive = prearchive
        self._catalogue = catalogue
        self._pace = pace

    async def commit(self, study: StudyRef, project: str) -> None:
        """As `Node.commit_study`; a row that was opened beside another is merged after it."""
        labels = labels_of(study)
        task = _Task(self._calls, self._prearchive, self._pace, study, labels, project)
        for done in range(_MOST_ROWS):
            rows = await self._prearchive.ours(project, study, labels)
            if not rows:
                await self._demand_archived(study, labels, project, is_new=done > 0)
                return
            await task.finish(rows[0])
        raise NodeBusy(
            "The node opens new prearchive entries for this Study as fast as they are archived.",
            "See that nobody else sends the same Study, then try again.",
            node=self._calls.node,
            retry=Retry.after(60.0),
        )

    async def _demand_archived(
        self, study: StudyRef, labels: Labels, project: str, *, is_new: bool
    ) -> None:
        session = await self._catalogue.session(project, labels)
        if session is None and is_new:
            raise NodeFault(
                "The node took a Study from its prearchive but does not show it in the archive.",
                "Try again: it is looked for first. If it stays so, tell the node's administrator"
                " the time.",
                node=self._calls.node,
            )
        if session is None:
            raise self._refused(
                "The node has neither a waiting nor an archived session for this Study; a series "
                "filter or an anonymisation script of the project may have rejected it all."
            )
        if session.study_uid and session.study_uid != study.study_uid:
            raise self._refused("The session of that label on the node belongs to another Study.")

    def _refused(self, what: str) -> StudyRefused:
        return StudyRefused(what, _ASK, node=self._calls.node)


_ASK = "Look at the session on the node, or ask the owner of the project; then upload again."


class _Task:
    """The rows of one Study."""

    def __init__(
        self,
        calls: Calls,
        prearchive: Prearchive,
        pace: Pace,
        study: StudyRef,
        labels: Labels,
        project: str,
    ) -> None:
        self._calls = calls
        self._prearchive = prearchive
        self._pace = pace
        self._project = project
        self._covered = (labels.subject, labels.session, study.patient_id, study.study_uid)

    async def finish(self, row: Row) -> None:
        """Returns when the row is gone."""
        ready = await self._built(row)
        if ready is not None:
            await self._archive(ready)

    async def _built(self, row: Row) -> Row | None:
        """The row once it is READY; None when it went away by itself (an archiving that an
        earlier run had asked for). A stuck row is built once more: somebody may have mended what
        was wrong."""
        watch = _Watch(self._pace, self._calls.node)
        built = 0
        while True:
            now = await watch.look(self._prearchive, row)
            if now is None or now.state is State.READY:
                return now
            if now.state is State.STUCK and built:
                raise await self._stuck(now)
            if now.state is not State.BUSY and built < watch.builds_allowed():
                built += 1
                await self._build(now)
                watch.hurry()
            else:
                await watch.rest("build")

    async def _build(self, row: Row) -> None:
        try:
            answer = await self._calls.ask(
                "POST",
                row.path,
                query={"action": "build"},
                read_timeout_s=self._pace.answer_s,
            )
        except _TRANSIENT as problem:
            if not problem.reached_node:
                raise
            return  # the row's state tells
        if answer.status == 403 and meaning_of(answer.text) is not Meaning.LATER:
            self._calls.good(answer)
        if answer.status == 400 and meaning_of(answer.text) is not Meaning.LATER:
            raise self._refused(answer)

    async def _archive(self, row: Row) -> None:
        doubt: NodeError | None = None
        try:
            answer = await self._calls.ask(
                "POST",
                "/data/services/archive",
                form={"src": row.source, "overwrite": "append", "overwrite_files": "true"},
                read_timeout_s=self._pace.answer_s,
            )
        except _TRANSIENT as problem:
            if not problem.reached_node:
                raise
            doubt = problem
        else:
            doubt = self._doubt(answer)
        await self._watch_archiving(row, doubt)

    def _doubt(self, answer: Answer) -> NodeError | None:
        """What remains open after the answer; None when the node says that it is archived.

        Raises:
            StudyRefused, NotAllowed: it is clear that the node will not.
        """
        if answer.is_good:
            strayed = strayed_to(answer.text, self._project)
            if strayed:
                raise StudyRefused(
                    "The node archived the Study in another project than ours.",
                    "Ask the node's administrator to move it back.",
                    node=self._calls.node,
                )
            return None
        is_later = meaning_of(answer.text) is Meaning.LATER
        if answer.status in (400, 403) and not is_later:
            if answer.status == 400:
                raise self._refused(answer)
            self._calls.good(answer)
        if is_later or answer.status in (404, 409, 423):
            return NodeBusy(
                "The node is at work on this session.",
                "Try again later; if it stays so for hours, tell the node's administrator.",
                node=self._calls.node,
            )
        try:
            self._calls.good(answer)
        except _TRANSIENT as problem:
            return problem
        return None

    async def _watch_archiving(self, row: Row, doubt: NodeError | None) -> None:
        """Until the row is gone. One that stands ready although archiving was asked for was
        never begun: only then may the whole be asked again."""
        watch = _Watch(self._pace, self._calls.node)
        while True:
            now = await watch.look(self._prearchive, row)
            if now is None:
                return
            if now.state is State.STUCK:
                raise await self._stuck(now)
            if now.state is State.BUSY:
                watch.settle()
            elif watch.has_settled():
                raise doubt or NodeFault(
                    "The node says that it archived the Study but keeps it in the prearchive.",
                    "Try again later; if it stays so, tell the node's administrator.",
                    node=self._calls.node,
                )
            await watch.rest("archive")

    async def _stuck(self, row: Row) -> StudyRefused:
        try:
            words = await self._prearchive.last_word(row, self._covered)
        except NodeError:
            words = ""
        is_conflict = row.status.strip().upper() == "CONFLICT"
        kind = "a conflict" if is_conflict else "an error"
        reason = words or "it gives no reason"
        return StudyRefused(
            f"The node keeps the Study in its prearchive with {kind}: {reason}",
            "Open the project's prearchive in the browser, settle it there or ask the owner of "
            "the project; then upload again.",
            node=self._calls.node,
        )

    def _refused(self, answer: Answer) -> StudyRefused:
        words = said(answer.text, self._covered) or "no reason given"
        return StudyRefused(
            f"The node will not archive the Study: {words}", _ASK, node=self._calls.node
        )


class _Watch:
    """Looks at one row again and again, ever less often, and not for ever."""

    def __init__(self, pace: Pace, node: str) -> None:
        self._pace = pace
        self._node = node
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._answered = self._began
        self._settling = self._began
        self._pause_s = pace.first_look_s

    async def look(self, prearchive: Prearchive, row: Row) -> Row | None:
        """The row now; trouble of the line is sat out for a while."""
        while True:
            try:
                now = await prearchive.read(row)
            except _TRANSIENT as problem:
                if (
                    not problem.retry.allowed
                    or self._clock() - self._answered > self._pace.silence_s
                ):
                    raise
                await self._sleep(problem.retry.after_s)
            else:
                self._answered = self._clock()
                return now

    def builds_allowed(self) -> int:
        """A build that changed nothing may be asked for again once the row had time to settle."""
        return 1 + int((self._clock() - self._began) // max(self._pace.settle_s, 1.0))

    def hurry(self) -> None:
        self._pause_s = self._pace.first_look_s

    def settle(self) -> None:
        self._settling = self._clock()

    def has_settled(self) -> bool:
        return self._clock() - self._settling >= self._pace.settle_s

    async def rest(self, what: str) -> None:
        """Wait for the next look.

        Raises:
            NodeBusy: it has been long enough.
        """
        if self._clock() - self._began > self._pace.patience_s:
            raise NodeBusy(
                f"The node has been asked to {what} a Study and has not finished in time.",
                "Try again later: the node goes on meanwhile, and what it has finished by then is"
                " found. If it stays so for hours, tell the node's administrator.",
                node=self._node,
                retry=Retry.after(60.0),
            )
        await self._sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 1.5, self._pace.longest_look_s)

    async def _sleep(self, least_s: float) -> None:
        await asyncio.sleep(min(max(least_s, self._pace.first_look_s), self._pace.longest_look_s))
