"""Reading the answer to a STOW-RS request: the node's word on each instance, whatever the status.

DICOM PS3.18 10.5.3 and PS3.4 Annex GG. An instance counts as stored only when the answer's
ReferencedSOPSequence names it: servers answer 200 while storing nothing, and 400 or 409 while
storing most. Pure functions; nothing of the node's own text gets into a reason, since it may
quote identifiers.
"""

from __future__ import annotations

import json
import xml.parsers.expat  # DOCTYPE is refused below, so no entity is ever expanded
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transfer.errors import NEVER, NodeFault, Retry
from transfer.node import InstanceOutcome, Verdict
from transfer.values import SOPInstanceUID

LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
"""An acknowledgement takes about 600 bytes an instance; more than this is not one."""

_SOP_INSTANCE_UID = "00081155"
_WARNING_REASON = "00081196"
_FAILURE_REASON = "00081197"
_FAILED = "00081198"
_REFERENCED = "00081199"
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Reason:
    """A failure reason in words (PS3.18 table I.2-2, and Microsoft's own codes)."""

    text: str
    retry: Retry = NEVER


def failure_reason(code: int | None) -> Reason:
    """What a FailureReason (0008,1197) says and whether trying again can help."""
    if code is None:
        return Reason("refused without a reason")
    exact = _EXACT.get(code)
    if exact is not None:
        return exact
    for first, last, reason in _RANGES:
        if first <= code <= last:
            return reason
    return Reason(f"refused with reason code {code}")


_EXACT: Mapping[int, Reason] = {
    272: Reason("the node failed while processing it", Retry.after(2.0)),
    290: Reason("SOP Class not supported by the node"),
    292: Reason("the account may not store this"),
    43265: Reason("it belongs to another Study than the address says"),
    45071: Reason("the node is still busy creating it", Retry.after(30.0)),
    49442: Reason("Transfer Syntax not supported by the node"),
}
_RANGES: Sequence[tuple[int, int, Reason]] = (
    (42752, 43007, Reason("the node is out of space or memory", Retry.after(60.0))),
    (43264, 43519, Reason("the data set does not match its SOP Class")),
    (49152, 53247, Reason("the node cannot understand it")),
)
# Duplicate SOP Instance (PS3.7 C.5), and Microsoft's "already stored".
_ALREADY = frozenset({273, 45070})


@dataclass(frozen=True, slots=True)
class _Item:
    uid: str
    failure: int | None
    warning: int | None


def read_answer(
    body: bytes, sent: Sequence[SOPInstanceUID], *, status: int, node: str = ""
) -> Sequence[InstanceOutcome]:
    """One outcome for each instance of `sent`, in that order; others in the answer do not count.

    What the node says it had before is NO_ANSWER with that reason: only its listing proves it.

    Raises:
        NodeFault: the body is no STOW-RS answer.
    """
    stored, failed = _lists(body, status, node)
    # Alone in its request and neither taken nor named: it is this instance that cannot be read.
    is_alone_refused = len(sent) == 1 and status in (400, 409)
    return [_outcome(uid, stored, failed, is_alone_refused) for uid in sent]


def _outcome(
    uid: SOPInstanceUID,
    stored: Mapping[str, _Item],
    failed: Mapping[str, _Item],
    is_alone_refused: bool,
) -> InstanceOutcome:
    good, bad = stored.get(uid), failed.get(uid)
    if good is not None and bad is not None:
        return InstanceOutcome(
            uid, Verdict.NO_ANSWER, "the node lists it as stored and as refused at once"
        )
    if good is not None:
        if good.warning is None:
            return InstanceOutcome(uid, Verdict.STORED)
        return InstanceOutcome(uid, Verdict.STORED_WITH_WARNING, _warning_text(good.warning))
    if bad is not None:
        if bad.failure in _ALREADY:
            return InstanceOutcome(uid, Verdict.NO_ANSWER, "the node says that it has it already")
        reason = failure_reason(bad.failure)
        return InstanceOutcome(uid, Verdict.REFUSED, reason.text, reason.retry)
    if is_alone_refused:
        return InstanceOutcome(uid, Verdict.REFUSED, "the node cannot read it")
    return InstanceOutcome(uid, Verdict.NO_ANSWER, "the node's answer does not name it")


def _warning_text(code: int) -> str:
    # PS3.18 table I.2-1.
    known = {
        45056: "the node changed some of its attributes",
        45062: "the node dropped some of its attributes",
        45063: "the data set does not match its SOP Class in every point",
    }
    return known.get(code, f"stored with warning code {code}")


def _lists(body: bytes, status: int, node: str) -> tuple[Mapping[str, _Item], Mapping[str, _Item]]:
    if len(body) > LARGEST_ANSWER_BYTES:
        raise _unreadable(status, node)
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text and status < 300:
        # Orthanc to a body that it did not recognise as DICOM: 200, nothing, and nothing stored.
        return {}, {}
    try:
        if text[:1] in (b"{", b"["):
            content = json.loads(text)
            if isinstance(content, list):
                content = content[0] if content else {}
            if not isinstance(content, dict):
                raise ValueError("not a data set")
            _demand_lists(content.keys(), status)
            return _by_uid(_json_items(content, _REFERENCED)), _by_uid(
                _json_items(content, _FAILED)
            )
        if text[:1] == b"<":
            reader = _NativeModel()
            reader.read(text)
            _demand_lists(reader.seen, status)
            return _by_uid(reader.items[_REFERENCED]), _by_uid(reader.items[_FAILED])
    except (ValueError, RecursionError, xml.parsers.expat.ExpatError) as cause:
        raise _unreadable(status, node) from cause
    raise _unreadable(status, node)


def _demand_lists(tags: Collection[str], status: int) -> None:
    # An error object of a gateway, say: it speaks of the request, not of any instance.
    if status >= 300 and _REFERENCED not in tags and _FAILED not in tags:
        raise ValueError("neither list is there")


def _unreadable(status: int, node: str) -> NodeFault:
    return NodeFault(
        f"The node's answer (HTTP {status}) is no STOW-RS answer.",
        "Check dicomweb_url in config.toml; if it is right, tell the node's support the time.",
        node=node,
        retry=None if status < 400 else NEVER,
    )


def _by_uid(items: Iterable[_Item]) -> Mapping[str, _Item]:
    return {item.uid: item for item in items if item.uid}


def _json_items(content: Mapping[str, Any], tag: str) -> list[_Item]:
    items = []
    for entry in _values(content, tag):
        if not isinstance(entry, dict):
            raise ValueError("a sequence holds something else than items")
        uids = _values(entry, _SOP_INSTANCE_UID)
        uid = uids[0] if uids and isinstance(uids[0], str) else ""
        failures, warnings = _values(entry, _FAILURE_REASON), _values(entry, _WARNING_REASON)
        items.append(
            _Item(
                uid.strip(" \0"),
                _number(failures[0]) if failures else None,
                _number(warnings[0]) if warnings else None,
            )
        )
    return items


def _values(content: Mapping[str, Any], tag: str) -> list[Any]:
    element = content.get(tag, {})
    if not isinstance(element, dict):
        raise ValueError("an element is no object")
    values = element.get("Value")
    if values is None:
        return []
    if not isinstance(values, list):
        raise ValueError("a value is no list")
    return values


def _number(value: object) -> int | None:
    try:
        return int(str(value).strip())
    except ValueError:
        return None


class _NativeModel:
    """Reads the two lists from a Native DICOM Model (PS3.19 A.1), whatever its namespace."""

    def __init__(self) -> None:
        self.items: dict[str, list[_Item]] = {_REFERENCED: [], _FAILED: []}
        self.seen: set[str] = set()
        self._path: list[str] = []
        self._values: dict[str, str] = {}
        self._text: list[str] = []

    def read(self, document: bytes) -> None:
        """Raises ValueError for anything else than such a model."""
        parser = xml.parsers.expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(document, True)

    def _doctype(self, *_: object) -> None:
        raise ValueError("a DOCTYPE has no place here")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._path and local != "NativeDicomModel":
            raise ValueError("not a Native DICOM Model")
        if len(self._path) >= _DEEPEST:
            raise ValueError("nested too deeply")
        tag = attributes.get("tag", "").upper()
        self._path.append(f"{local}{tag}")
        self._text.clear()
        if len(self._path) == 2:
            self.seen.add(tag)
        if self._is_item():
            self._values.clear()

    def _is_item(self) -> bool:
        # NativeDicomModel / DicomAttribute<tag> / Item
        return len(self._path) == 3 and self._path[2] == "Item"

    def _end(self, _name: str) -> None:
        if len(self._path) == 5 and self._path[4] == "Value":
            tag = self._path[3].removeprefix("DicomAttribute")
            self._values.setdefault(tag, "".join(self._text).strip(" \0\r\n\t"))
        if self._is_item():
            sequence = self._path[1].removeprefix("DicomAttribute")
            if sequence in self.items:
                failure, warning = (
                    self._values.get(_FAILURE_REASON),
                    self._values.get(_WARNING_REASON),
                )
                self.items[sequence].append(
                    _Item(
                        self._values.get(_SOP_INSTANCE_UID, ""),
                        None if failure is None else _number(failure),
                        None if warning is None else _number(warning),
                    )
                )
        self._path.pop()
