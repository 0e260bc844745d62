"""Setting the texts of a project by xnatpy's session, and what XNAT's refusals mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from adapters.xnat.accessibility import gone
from adapters.xnat.objects import Objects
from adapters.xnat.pages import said
from adapters.xnat.project_metadata import query, titles
from adapters.xnat.wire import address, segment
from transfer.errors import DatasetRefused, NodeError, NotAllowed

if TYPE_CHECKING:
    from xnat.exceptions import XNATResponseError
    from xnat.session import BaseXNATSession

# Restlet's pages have a thousand characters; a long text takes its time to look through.
_LONGEST_PAGE: Final = 16 * 1024
_IN_WORDS: Final = (400, 409, 413, 414, 417, 422, 431, 500)


async def put_texts(
    objects: Objects, project: str, texts: Mapping[str, str], taken: Sequence[str], node: str
) -> None:
    """Set these, by our keys, in one request; repeating it is harmless. `taken` are the fields
    that were set before it, for the refusal to name.

    Raises:
        DatasetRefused, DatasetGone, NotAllowed
    """
    # A space as %20: xnatpy would write it as +.
    path = address("", f"/data/projects/{segment(project)}", query(texts))

    def put(xnat: BaseXNATSession) -> None:
        from xnat.exceptions import XNATResponseError

        try:
            xnat.put(path)
        except XNATResponseError as problem:
            raise _refusal(problem, project, texts, taken, node) or problem from problem

    await objects.ask(put)


def _refusal(
    problem: XNATResponseError,
    project: str,
    texts: Mapping[str, str],
    taken: Sequence[str],
    node: str,
) -> NodeError | None:
    """None where the status alone says it all."""
    status = problem.status_code
    if status == 404:
        return gone(project, node)
    if status == 403:
        return NotAllowed(
            f"The node does not let this account change the texts of project {project}.",
            f"Ask an owner of it to do so, or to make you an owner. {_so_far(taken)}",
            node=node,
        )
    if status not in _IN_WORDS:
        return None
    named = titles(list(texts))
    if status == 409:
        what = f"{named}: another project of the site has this already."
    elif status in (413, 414, 431):
        what = f"{named}: it is too long for the node (HTTP {status})."
    elif status == 500:
        what = f"{named}: the node failed on it (HTTP 500); it may be too long for its tables."
    else:
        words = said(problem.text[:_LONGEST_PAGE], texts.values())
        what = f"{named}: the node refused it: {words or 'it gives no reason'}"
    return DatasetRefused(what, f"Change it and try again. {_so_far(taken)}", node=node)


def _so_far(taken: Sequence[str]) -> str:
    if not taken:
        return "Nothing was changed."
    return f"What was changed before it stays: {titles(list(taken))}."
