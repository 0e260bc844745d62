"""Putting a file into a resource by xnatpy's session, and what the node's refusals mean.

xnatpy's own `resource.upload` can set neither format nor content, and takes a duplicate for a
success; so its session's `put` is used. Blocking: for threads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.xnat.pages import said
from adapters.xnat.refusals import Meaning, busy_writing, disk_full, meaning_of, no_project
from adapters.xnat.resources import Resource
from transfer.errors import ClinicalRefused, NodeError, NotAllowed

if TYPE_CHECKING:
    from xnat.exceptions import XNATResponseError
    from xnat.session import BaseXNATSession

_OCTETS: Final = {"Content-Type": "application/octet-stream"}
# Restlet's pages have a thousand characters; a long text takes its time to look through.
_LONGEST_PAGE: Final = 16 * 1024
_TOLD_IN_WORDS: Final = (400, 409, 417, 423, 500)


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes one file. `marks` are what standard tools file it under; `subject` is empty for a
    file of the project; `covered` never stands in a message; `timeout_s` is to connect and of
    silence."""

    node: str
    project: str
    subject: str
    resource: Resource
    name: str
    marks: Mapping[str, str]
    covered: Sequence[str]
    timeout_s: tuple[float, float]

    def make(self, xnat: BaseXNATSession) -> None:
        """Make the resource; one that came to be meanwhile (409) stays as it is.

        Raises:
            NodeError: see `put`.
        """
        from xnat.exceptions import XNATResponseError

        try:
            xnat.put(self.resource.path, query=dict(self.marks), timeout=self.timeout_s)
        except XNATResponseError as problem:
            if problem.status_code != 409:
                raise self._translated(problem) from problem

    def put(self, xnat: BaseXNATSession, body: Iterable[bytes], *, overwrite: bool = False) -> bool:
        """Put the file; False where the node says that it left the one that is there
        (duplicates). Its word alone is no proof of either.

        Raises:
            ClinicalRefused: it will not have this file; another may go.
            NotAllowed: the account may not write there.
            NodeBusy: later.
        """
        from xnat.exceptions import XNATResponseError

        query = {"inbody": "true", **self.marks}
        if overwrite:
            query["overwrite"] = "true"
        path = self.resource.file(self.name)
        try:
            answer = xnat.put(path, data=body, query=query, headers=_OCTETS, timeout=self.timeout_s)
        except XNATResponseError as problem:
            raise self._translated(problem) from problem
        return not _names_duplicates(answer.content)

    def _translated(self, problem: XNATResponseError) -> Exception:
        return self._refusal(problem.status_code, problem.text[:_LONGEST_PAGE]) or problem

    def _refusal(self, status: int, text: str) -> NodeError | None:
        """None where the status alone says it all."""
        if status == 404 and not self.subject:
            return no_project(self.project, self.node)
        if status == 404:
            return self._refused("The node does not know this subject any more.")
        if status == 403:
            return NotAllowed(
                f"The account may not write files to project {self.project}.",
                "Ask the project's owner to make you a member.",
                node=self.node,
            )
        if status == 413:
            return self._refused("The file is larger than the node takes at once (HTTP 413).")
        if status == 507:
            return disk_full(self.node)
        if status not in _TOLD_IN_WORDS:
            return None
        meaning = meaning_of(text)
        if meaning is Meaning.DISK_FULL:
            return disk_full(self.node)
        if meaning is Meaning.LATER or status == 423:
            return busy_writing(self.node)
        if status == 500:
            return None
        return self._refused(
            f"The node refused the file: {said(text, self.covered) or 'it gives no reason'}"
        )

    def _refused(self, what: str) -> ClinicalRefused:
        return ClinicalRefused(
            what, "Ask the node's administrator about it, then send it again.", node=self.node
        )


def _names_duplicates(answer: bytes) -> bool:
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return b"duplicates" in answer
    return bool(told.get("duplicates")) if isinstance(told, dict) else False
