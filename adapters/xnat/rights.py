"""What this account may do on an XNAT node, by its role in each project.

An owner does everything, publishing included; a member sends; a collaborator reads. XNAT answers
an import into a project where one has no right, or that does not exist, with 200 and puts the
images elsewhere, so both are asked for before (rule XNT-07).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.xnat.calls import Calls
from adapters.xnat.objects import Objects, ProjectAccess
from adapters.xnat.refusals import no_project
from adapters.xnat.wire import segment
from transfer.errors import NodeError, NotAllowed, NotSupported, SignInExpired, SignInRefused
from transfer.node import Identity, Right

_MOST_NAMED = 50
_PROJECT_TICKET = "project"


class RoleMissing(NotAllowed):
    """The project is there; this account's role in it does not do."""


class Rights:
    """Asks one node, as the account that is signed in."""

    def __init__(self, calls: Calls, objects: Objects, destinations: Sequence[str]) -> None:
        self._calls = calls
        self._objects = objects
        self._destinations = destinations

    async def identity(self) -> Identity:
        """Who we are, our roles in the node's words and our rights in ours. Of projects beyond
        fifty only the number is told.

        Raises:
            SignInExpired, SignInRefused: we are not signed in any more. What else goes wrong
                leaves the rights open: the sign-in itself is good.
        """
        username = self._calls.session.username
        try:
            projects = await self._objects.projects()
        except (SignInExpired, SignInRefused):
            raise
        except NodeError:
            return Identity(username)
        with_role = [p for p in projects if p.role]
        roles = [f"{p.role} of {p.id}" for p in with_role[:_MOST_NAMED]]
        return Identity(username, roles, list(rights_of(projects, self._destinations)))

    async def refuse(self, project: str) -> None:
        """Say before a byte moves that a project is not there, or not for this account to send
        to; each in its own words. A node that tells nobody's role leaves it to the import.

        Raises:
            RoleMissing: the project is there.
            NotAllowed: it is not, or not for this account to see.
        """
        try:
            projects = await self._objects.projects()
        except NotSupported:
            return
        found = next((p for p in projects if p.id == project), None)
        if found is not None and (found.may_send or not any(p.role for p in projects)):
            return
        if found is not None:
            raise RoleMissing(
                f"The account may not send to project {project} ({found.role_in_words}).",
                "Ask the project's owner to make you a member.",
                node=self._calls.node,
            )
        # The listing holds what one may read; of others the page of the project itself may tell.
        answer = await self._calls.get(f"/data/projects/{segment(project)}", {"format": "json"})
        if answer.is_good or answer.status == 403:
            raise RoleMissing(
                f"Project {project} is there, but this account has no role in it.",
                "Ask the project's owner to make you a member.",
                node=self._calls.node,
            )
        if answer.status == 404:
            raise no_project(project, self._calls.node)


def rights_of(projects: Sequence[ProjectAccess], destinations: Sequence[str]) -> Iterator[Right]:
    """The rights in each project where the account has a role, the destinations first."""
    by_id = {p.id: p for p in projects}
    tells = any(p.role for p in projects)
    for key in destinations:
        if key not in by_id:
            missing = no_project(key, "")
            yield Right(f"upload images to {key}", False, missing.remedy, _PROJECT_TICKET)
    first = [by_id[key] for key in destinations if key in by_id]
    others = [p for p in projects if p.role and p.id not in destinations]
    named = [*first, *others][: max(_MOST_NAMED, len(first))]
    for project in named:
        yield from _in_project(project, tells=tells)
    left = sum(p.may_send for p in others) - sum(p.may_send for p in named if p in others)
    if left > 0:
        yield Right(f"upload images to {left} more projects", True)
    if tells and not any(p.may_send for p in projects) and not destinations:
        yield Right(
            "upload images to any project yet",
            False,
            "Ask a project's owner to make you a member; at Health-RI the helpdesk makes projects.",
            _PROJECT_TICKET,
        )


def _in_project(project: ProjectAccess, *, tells: bool) -> Iterator[Right]:
    upload = f"upload images to {project.id}"
    publish = f"set the accessibility of {project.id}"
    if not tells:
        yield Right(upload, None, "The node tells nobody's role; the first upload will show.")
        return
    if not project.may_send:
        yield Right(upload, False, f"Ask an owner of {project.id} to make you a member.")
        return
    yield Right(upload, True)
    if project.may_publish:
        yield Right(publish, True)
    else:
        yield Right(
            publish,
            False,
            f"Only an owner of {project.id} can publish it, in the last step: ask one to do it, or"
            " to make you an owner.",
        )
