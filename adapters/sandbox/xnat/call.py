"""One request as the handlers see it: who asks, for what, and which faults strike it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from adapters.sandbox.xnat import tables
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.model import Project, Role

if TYPE_CHECKING:
    from adapters.sandbox.faults import Fault
    from adapters.sandbox.xnat.accounts import Session
    from adapters.sandbox.xnat.site import Site

_TRUE = ("true", "1", "yes")


@dataclass(slots=True)
class Call:
    """`words` is the path below `/data`, decoded; `login` is None for a guest."""

    site: Site
    request: Request
    words: Sequence[str]
    login: str | None
    session: Session | None
    query: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.request.method

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in _TRUE

    def draw(self, *kinds: str, subject: str = "") -> Mapping[str, Fault]:
        """The faults of these kinds that strike this request, which is about this subject."""
        return self.site.faults.draw("xnat", kinds, subject=subject)

    @property
    def form(self) -> str:
        """The form of a listing that was asked for."""
        wanted = self.query.get("format", "").lower()
        if wanted in ("json", "csv", "xml", "html"):
            return wanted
        accept = self.request.headers.get("accept", "")
        return next((f for f in ("json", "csv", "xml", "html") if f in accept), "json")

    def listing(
        self,
        title: str,
        rows: Sequence[tables.Row],
        default: Sequence[str],
        known: Sequence[str] | None = None,
    ) -> Response:
        """The rows with the columns asked for; with `known` None the columns are fixed."""
        columns: Sequence[str] = default
        if known is not None:
            wanted = self.query.get("columns", "")
            columns = tables.chosen_columns(wanted, [*default, *known], default)
        return tables.render_listing(rows, columns, self.form, title)

    def item(self, item: tables.Item) -> Response:
        """One item, as XML unless JSON was asked for."""
        form = self.query.get("format", "").lower()
        is_json = form == "json" or "json" in self.request.headers.get("accept", "")
        return tables.render_item(item, "json" if is_json else "xml")

    def role(self, project: Project) -> Role | None:
        return project.users.get(self.login or "")

    def may_read(self, project: Project) -> bool:
        return self.role(project) is not None or project.accessibility == "public"

    def may_edit(self, project: Project) -> bool:
        return self.role(project) in ("owner", "member")

    def may_delete(self, project: Project) -> bool:
        return self.role(project) == "owner"

    def project(self, key: str) -> Project:
        """The project, if the caller may see its data.

        Raises:
            Refused: 404 when it is unknown or private, 403 when only its title may be seen.
        """
        project = self.site.archive.projects.get(key)
        if project is None or not (self.may_read(project) or project.accessibility == "protected"):
            raise Refused(404, f"Unable to identify project '{key}'")
        if not self.may_read(project):
            raise Refused(403)
        return project

    def require(self, is_allowed: bool) -> None:
        """Refuse (403) what the caller may not do."""
        if not is_allowed:
            raise Refused(403)
