"""The doctor's questions to an XNAT node, in order; each needs the one before it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence

from adapters.probe.failing import failure
from adapters.probe.target import HOST, SUPPORT, YOU, Target
from adapters.probe.walk import probe
from adapters.sessions import Way
from adapters.xnat.calls import Calls
from adapters.xnat.importing import project_of
from adapters.xnat.objects import Objects, ProjectAccess
from adapters.xnat.options import Settings
from adapters.xnat.rights import Rights, RoleMissing
from adapters.xnat.server import ask_version, too_old
from adapters.xnat.wire import segment
from transfer.errors import NodeError, NotAllowed, SignInExpired, SignInRefused, TransferError
from transfer.node import CheckResult
from transfer.sentences import listed
from transfer.values import ExitCode

_CLOCK_OFF_S = 300.0
_SHORT_SESSION_S = 120.0
_MOST_NAMED = 8
_OWNER = "an owner of the project"
_SIGN_IN = "Signed in with what is stored."
_ASK_VERSION = "Asked for /xapi/siteConfig/buildInfo."
_LIST = "Listed the projects of this account."


class Doctor:
    """Asks one node; never raises, a failure is a result."""

    def __init__(
        self,
        settings: Settings,
        calls: Calls,
        objects: Objects,
        rights: Rights,
        way: Way,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._objects = objects
        self._rights = rights
        self._way = way
        self._now = now

    async def results(self, destination: str = "") -> AsyncGenerator[CheckResult, None]:
        """Ends after the first failure that makes the rest meaningless."""
        is_clock_told = False
        async with contextlib.aclosing(
            probe([self._target()], self._way, clock=self._now)
        ) as connection:
            async for result in connection:
                is_clock_told = is_clock_told or result.check == "clock"
                yield result
                if result.state == "fail":
                    return
        async with contextlib.aclosing(
            self._as_account(destination, is_clock_told=is_clock_told)
        ) as account:
            async for result in account:
                yield result
                if result.state == "fail":
                    return

    def _target(self) -> Target:
        # Who is signed in: 401 or a guest's name, and never a page, for a client like ours.
        return Target(
            "node",
            f"{self._settings.url}/data/auth",
            f"{self._settings.url}/data/services/import",
            self._settings.max_batch_bytes,
            "application/x-tar",
        )

    async def _as_account(
        self, destination: str, *, is_clock_told: bool
    ) -> AsyncGenerator[CheckResult, None]:
        question, tried = "sign-in", _SIGN_IN
        try:
            await self._calls.session.id()
            yield CheckResult(
                "sign-in",
                "ok",
                f"Signed in as {self._calls.session.username}.",
                tried=_SIGN_IN,
                answer="accepted",
            )
            if not is_clock_told:
                for result in self._clock():
                    yield result
            yield self._session()
            question, tried = "version", _ASK_VERSION
            yield await self._version()
            question, tried = "listing", _LIST
            projects = await self._objects.projects()
            yield self._listing(projects)
            question, tried = "destination", "Looked for the project."
            keys = [project_of(destination)] if destination else self._settings.destinations
            for key in keys:
                for result in await self._project(key, projects):
                    yield result
        except TransferError as refused:
            yield failure(refused, question, tried)

    def _clock(self) -> Sequence[CheckResult]:
        """By the time that XNAT's cookie names, where the front tells no Date."""
        ahead = self._calls.session.clock_ahead_s
        if ahead is None or abs(ahead) <= _CLOCK_OFF_S:
            return ()
        return [
            CheckResult(
                "clock",
                "warn",
                f"The clocks of this machine and of the node differ by {abs(ahead) / 60:.0f} "
                "minutes.",
                "Set this machine's clock by NTP; times in reports and logs else do not agree.",
                tried="Read the time in the session's cookie.",
                answer=f"{ahead:.0f} s ahead of this machine",
                whom=HOST,
            )
        ]

    def _session(self) -> CheckResult:
        tried = "Read the time-out in the session's cookie."
        timeout_s = self._calls.session.timeout_s
        if timeout_s is None:
            return CheckResult(
                "session",
                "ok",
                "The node does not say how long a session lasts.",
                tried=tried,
                answer="no such cookie",
            )
        answer = f"{timeout_s:.0f} s"
        if timeout_s < _SHORT_SESSION_S:
            return CheckResult(
                "session",
                "warn",
                f"The node ends a session after {timeout_s:.0f} seconds without a request.",
                "It is kept alive while this program runs; ask the administrator whether it is "
                "meant so.",
                tried=tried,
                answer=answer,
                whom=SUPPORT,
            )
        return CheckResult(
            "session",
            "ok",
            f"A session lasts {timeout_s / 60:.0f} minutes and is kept alive.",
            tried=tried,
            answer=answer,
        )

    async def _version(self) -> CheckResult:
        tried = _ASK_VERSION
        version = await ask_version(self._calls)
        if not version.parts:
            return CheckResult(
                "version",
                "warn",
                "The node does not tell its version of XNAT.",
                "Ask its administrator whether it is 1.8.3 or later.",
                tried=tried,
                answer="no version",
                whom=SUPPORT,
            )
        if not version.reads_tar:
            refused = too_old(version, self._settings.name)
            return CheckResult(
                "version",
                "fail",
                refused.what,
                refused.remedy,
                refused.exit_code,
                tried,
                version.text,
                SUPPORT,
            )
        return CheckResult(
            "version",
            "ok",
            f"The node runs XNAT {version.text}.",
            tried=tried,
            answer=version.text,
        )

    def _listing(self, projects: Sequence[ProjectAccess]) -> CheckResult:
        tried = _LIST
        sendable = [project.id for project in projects if project.may_send]
        if sendable:
            return CheckResult(
                "listing",
                "ok",
                f"The account may send to: {listed(sendable, _MOST_NAMED)}.",
                tried=tried,
                answer=f"{len(projects)} listed",
            )
        return CheckResult(
            "listing",
            "warn",
            "The account may not send to any project of this node.",
            "Ask a project's owner to make you a member; at Health-RI the helpdesk creates "
            "projects.",
            tried=tried,
            answer=f"{len(projects)} listed",
            whom=SUPPORT,
        )

    async def _project(self, key: str, projects: Sequence[ProjectAccess]) -> Sequence[CheckResult]:
        """Whether the project is there, whether we may write into it, and what it does with what
        arrives."""
        tried = f"Looked for project {key} and for this account's role in it."
        try:
            await self._rights.refuse(key)
        except NotAllowed as refused:
            project = next((p for p in projects if p.id == key), None)
            is_there = isinstance(refused, RoleMissing)
            return [
                CheckResult(
                    "role" if is_there else "destination",
                    "fail",
                    refused.what,
                    refused.remedy,
                    ExitCode.SIGN_IN,
                    tried,
                    project.role or "no role" if project else "not listed",
                    _OWNER if is_there else SUPPORT,
                )
            ]
        project = next((p for p in projects if p.id == key), None)
        role = project.role_in_words if project else "not told"
        return [
            CheckResult(
                "destination", "ok", f"Project {key} is there.", tried=tried, answer="listed"
            ),
            CheckResult(
                "role", "ok", f"Your role in project {key} is {role}.", tried=tried, answer=role
            ),
            await self._arrival(key),
        ]

    async def _arrival(self, key: str) -> CheckResult:
        """What the project does by itself with what arrives."""
        tried = f"Read the arrival rule of project {key}."
        try:
            answer = await self._calls.get(f"/data/projects/{segment(key)}/prearchive_code")
        except (SignInExpired, SignInRefused):
            raise
        except NodeError as refused:
            return failure(refused, "prearchive", tried)
        code = answer.text.strip()
        if not answer.is_good or not code.isdecimal():
            return CheckResult(
                "prearchive",
                "warn",
                f"Project {key} does not tell what it does with images that arrive.",
                "Ask its owner; this program archives each Study itself.",
                tried=tried,
                answer=f"HTTP {answer.status}",
                whom=YOU,
            )
        words = {
            "0": "keeps what arrives in the prearchive",
            "4": "archives by itself",
            "5": "archives by itself and overwrites",
        }
        return CheckResult(
            "prearchive",
            "ok",
            f"Project {key} {words.get(code, 'has an arrival rule of code ' + code)}; what this "
            "program sends waits until it is whole.",
            tried=tried,
            answer=code,
        )
