"""What a project of XNAT says of itself, asked by xnatpy's session. Blocking: for threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.xnat.accessibility import gone, level_of
from adapters.xnat.objects import rows_or_none
from adapters.xnat.project_metadata import ProjectItem, read_item
from adapters.xnat.publishing_rights import ProjectRole
from adapters.xnat.wire import segment

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found; counts are None where the node lists none."""

    item: ProjectItem
    level: str
    studies: int | None
    subjects: int | None


def look(xnat: BaseXNATSession, project: str, role: ProjectRole, node: str) -> Seen:
    """
    Raises:
        DatasetGone: there is no such project, or not for this account.
        RoleMissing: it is there and shows this account no more than its title.
    """
    from xnat.exceptions import XNATResponseError

    path = f"/data/projects/{segment(project)}"
    try:
        item = read_item(xnat.get_json(path))
        level = level_of(xnat, project, node)
        sessions = sessions_of(xnat, project)
        subjects = rows_or_none(xnat, f"{path}/subjects", {"columns": "ID"})
    except XNATResponseError as refused:
        if refused.status_code == 404:
            raise gone(project, node) from refused
        if refused.status_code == 403:
            raise role.refusal("look into the data", node) from refused
        raise
    return Seen(item, level, _count(sessions), _count(subjects))


def sessions_of(xnat: BaseXNATSession, project: str) -> Sequence[Mapping[str, Any]] | None:
    """The imaging sessions; XNAT lists what was derived from them in one table with them."""
    path = f"/data/projects/{segment(project)}/experiments"
    rows = rows_or_none(xnat, path, {"columns": "ID,label,subject_label,xsiType"})
    if rows is None:
        return None
    return [row for row in rows if str(row.get("xsiType") or "SessionData").endswith("SessionData")]


def _count(rows: Sequence[object] | None) -> int | None:
    return None if rows is None else len(rows)
