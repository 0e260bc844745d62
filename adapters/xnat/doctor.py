"""The doctor's questions to an XNAT node, in order; each needs the one before it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence

import httpx

from adapters.probing import connection_results, failure
from adapters.xnat.calls import Calls
from adapters.xnat.objects import Objects, ProjectAccess
from adapters.xnat.options import Settings
from adapters.xnat.refusals import no_project
from adapters.xnat.server import ask_version, too_old
from adapters.xnat.session import segment
from transfer.errors import NodeError, SignInRefused, TransferError
from transfer.node import CheckResult
from transfer.values import ExitCode

_CLOCK_OFF_S = 300.0
_SHORT_SESSION_S = 120.0
_MOST_NAMED = 8


class Doctor:
    """Asks one node; never raises, a failure is a result."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: Settings,
        calls: Calls,
        objects: Objects,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._settings = settings
        self._calls = calls
        self._objects = objects
        self._now = now

    async def results(self) -> AsyncIterator[CheckResult]:
        """Ends after the first failure that makes the rest meaningless."""
        try:
            async for result in connection_results(
                self._client,
                "node",
                f"{self._settings.url}/",
                node=self._settings.name,
                now_s=self._now(),
            ):
                yield result
            await self._calls.session.id()
            name = self._calls.session.username
            yield CheckResult("sign-in", "ok", f"Signed in as {name}.")
            yield self._session()
            yield await self._version()
            projects = await self._objects.projects()
            yield self._listing(projects)
            for key in self._settings.destinations:
                async for result in self._project(key, projects):
                    yield result
        except TransferError as refused:
            yield failure(refused)

    def _session(self) -> CheckResult:
        ahead = self._calls.session.clock_ahead_s
        if ahead is not None and abs(ahead) > _CLOCK_OFF_S:
            return CheckResult(
                "clock",
                "warn",
                f"The clocks of this machine and of the node differ by {abs(ahead) / 60:.0f} "
                "minutes.",
                "Set this machine's clock by NTP; times in reports and logs else do not agree.",
            )
        timeout_s = self._calls.session.timeout_s
        if timeout_s is None:
            return CheckResult("clock", "ok", "The node does not say how long a session lasts.")
        if timeout_s < _SHORT_SESSION_S:
            return CheckResult(
                "clock",
                "warn",
                f"The node ends a session after {timeout_s:.0f} seconds without a request.",
                "It is kept alive while this program runs; ask the administrator whether it is "
                "meant so.",
            )
        return CheckResult(
            "clock", "ok", f"A session lasts {timeout_s / 60:.0f} minutes and is kept alive."
        )

    async def _version(self) -> CheckResult:
        version = await ask_version(self._calls)
        if not version.parts:
            return CheckResult(
                "version",
                "warn",
                "The node does not tell its version of XNAT.",
                "Ask its administrator whether it is 1.8.3 or later.",
            )
        if not version.reads_tar:
            raise too_old(version, self._settings.name)
        return CheckResult("version", "ok", f"The node runs XNAT {version.text}.")

    def _listing(self, projects: Sequence[ProjectAccess]) -> CheckResult:
        sendable = [project.id for project in projects if project.may_send]
        if sendable:
            return CheckResult("listing", "ok", f"The account may send to: {', '.join(sendable)}.")
        return CheckResult(
            "listing",
            "warn",
            "The account may not send to any project of this node.",
            "Ask a project's owner to make you a member; at Health-RI the helpdesk creates "
            "projects.",
        )

    async def _project(
        self, key: str, projects: Sequence[ProjectAccess]
    ) -> AsyncIterator[CheckResult]:
        project = next((p for p in projects if p.id == key), None)
        if project is None:
            missing = no_project(key, self._settings.name)
            yield CheckResult("project", "fail", missing.what, missing.remedy, missing.exit_code)
            return
        message = f"Your role in project {key} is {project.role_in_words}."
        if not project.may_send:
            yield CheckResult(
                "role",
                "fail",
                message,
                "Ask the project's owner to make you a member.",
                ExitCode.SIGN_IN,
            )
            return
        yield CheckResult("role", "ok", message)
        yield await self._arrival(key)

    async def _arrival(self, key: str) -> CheckResult:
        """What the project does by itself with what arrives."""
        try:
            answer = await self._calls.get(f"/data/projects/{segment(key)}/prearchive_code")
        except SignInRefused:
            raise
        except NodeError as refused:
            return failure(refused)
        code = answer.text.strip()
        if not answer.is_good or not code.isdecimal():
            return CheckResult(
                "prearchive",
                "warn",
                f"Project {key} does not tell what it does with images that arrive.",
                "Ask its owner; this program archives each Study itself.",
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
        )
