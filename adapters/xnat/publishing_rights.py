"""What this account is in one project, and whom to ask where that does not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.xnat.objects import Objects, ProjectAccess
from adapters.xnat.pages import plain
from adapters.xnat.rights import RoleMissing
from adapters.xnat.wire import segment
from transfer.errors import NotAllowed, NotSupported

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

_MOST_NAMED: Final = 5
_LONGEST_NAME: Final = 60
_UNTOLD: Final = (403, 404, 405)


@dataclass(frozen=True, slots=True)
class ProjectRole:
    """`may_publish` is None where the node tells nobody's role. `owners` are names as the node
    has them, empty where it does not tell or where nobody needs to be asked."""

    project: str
    may_publish: bool | None
    in_words: str = ""
    owners: Sequence[str] = ()

    @property
    def remedy(self) -> str:
        """What to do for the right; empty where there is nothing to do."""
        if self.may_publish:
            return ""
        if self.may_publish is None:
            return "The node tells nobody's role: only trying it will show."
        return self._whom_to_ask

    @property
    def _whom_to_ask(self) -> str:
        named = f" ({', '.join(self.owners)})" if self.owners else ""
        return f"Ask an owner of the project{named} to do it, or to make you an owner."

    def refusal(self, what: str, node: str) -> NotAllowed:
        told = f" ({self.in_words})" if self.in_words else ""
        return RoleMissing(
            f"The account may not {what} of project {self.project}{told}.",
            f"Nothing was changed. {self._whom_to_ask}",
            node=node,
        )


async def role_in(objects: Objects, project: str) -> ProjectRole:
    """Ask for it; a project that is not listed for this account gives no role."""
    try:
        listed = await objects.projects()
    except NotSupported:
        return ProjectRole(project, None)
    found = next((p for p in listed if p.id == project), None)
    if found is not None and found.may_publish:
        return ProjectRole(project, True, found.role_in_words)
    if not any(p.role for p in listed):
        return ProjectRole(project, None)
    in_words = (found or ProjectAccess(project, project, "")).role_in_words
    return ProjectRole(
        project, False, in_words, await objects.ask(lambda xnat: _owners(xnat, project))
    )


def _owners(xnat: BaseXNATSession, project: str) -> Sequence[str]:
    """Names of owners, as many as fit into a sentence; some sites tell administrators alone."""
    from xnat.exceptions import XNATResponseError

    try:
        rows = xnat.get_json(f"/data/projects/{segment(project)}/users")["ResultSet"]["Result"]
    except XNATResponseError as refused:
        if refused.status_code in _UNTOLD:
            return ()
        raise
    names = []
    for row in rows:
        if "owner" in str(row.get("displayname") or row.get("GROUP_ID") or "").lower():
            name = plain(f"{row.get('firstname') or ''} {row.get('lastname') or ''}")
            names.append((name or plain(str(row.get("login") or "")))[:_LONGEST_NAME])
    return [name for name in names if name][:_MOST_NAMED]
