"""Faults that a stand-in can be told to make, each written as one line of text.

    [SERVICE:]KIND[=VALUE][,OPTION=VALUE]…

`stow:status=503,retry-after=2,times=3` answers the next three STOW requests with 503. Options
that every fault takes: `times=N` (make it N times, then never again; without it: always) and
`after=N` (let N requests of that service pass first). What there is stands in `CATALOGUE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from transfer.errors import UsageError


class _Value(Enum):
    """What may stand behind the kind's equals sign."""

    NONE = "no value"
    NUMBER = "a number"
    OPTIONAL_NUMBER = "a number, or nothing"
    OPTIONAL_TEXT = "a subject, or nothing"


@dataclass(frozen=True, slots=True)
class _Kind:
    meaning: str
    value: _Value = _Value.NONE
    options: frozenset[str] = frozenset()


_STATUS = _Kind(
    "answer with this HTTP status without reading the body",
    _Value.NUMBER,
    frozenset({"retry-after"}),
)
_LATENCY = _Kind("wait so many milliseconds before anything else", _Value.NUMBER)

_UNSERVED = frozenset({"unserved"})
_SPOILT: Mapping[str, _Kind] = {
    "portal": _Kind("answer 200 with a page for people, as a network's portal does"),
    "redirect-here": _Kind("redirect to the same address, each time"),
    "redirect-away": _Kind("redirect to another host"),
    "refuse-after": _Kind(
        "carry it out, then answer with this HTTP status",
        _Value.NUMBER,
        frozenset({"retry-after", "unserved"}),
    ),
    "empty": _Kind("answer without content", options=_UNSERVED),
    "silent": _Kind("close the connection instead of answering", options=_UNSERVED),
    "mute": _Kind("never answer, and leave the connection open", options=_UNSERVED),
    "half": _Kind("close the connection in the middle of the answer", options=_UNSERVED),
    "short-length": _Kind("announce half the answer's length", options=_UNSERVED),
    "long-length": _Kind("announce more than comes, and leave the connection open"),
    "endless": _Kind("answer without an end", options=_UNSERVED),
    "drip": _Kind("answer a byte in so many milliseconds", _Value.NUMBER, _UNSERVED),
    "bad-chunks": _Kind("answer in chunks of no readable size", options=_UNSERVED),
    "two-lengths": _Kind("announce two lengths of one answer", options=_UNSERVED),
    "garbage": _Kind("answer with bytes that are not HTTP", options=_UNSERVED),
    "wrong-type": _Kind("answer under the type of a picture"),
}
_LISTINGS: Mapping[str, _Kind] = {
    "lists-twice": _Kind("list every instance twice"),
    "lists-others": _Kind("list an instance of somebody else too"),
    "lists-less": _Kind("leave one instance out of a listing"),
}
_PHASE: Mapping[str, _Kind] = {"status": _STATUS, "latency": _LATENCY, **_SPOILT}

CATALOGUE: Mapping[str, Mapping[str, _Kind]] = {
    "any": {"latency": _LATENCY, "status": _STATUS, **_SPOILT},
    "stow": {
        **_SPOILT,
        "names-others": _Kind("store everything, and name other instances as stored"),
        "names-none": _Kind("store everything, and name nothing"),
        "names-in-both": _Kind("store everything, and name it as stored and as refused"),
        "refuses-stored": _Kind("store everything, and name one instance as refused"),
        "store-changed": _Kind("store one instance with another last byte"),
        "status": _STATUS,
        "latency": _LATENCY,
        "drop-acked": _Kind("name one instance as stored that is not kept"),
        "omit": _Kind("keep one instance and name it in neither list"),
        "partial": _Kind(
            "refuse one instance: listed as failed, under this status (202)",
            _Value.OPTIONAL_NUMBER,
            frozenset({"reason"}),
        ),
        "warn": _Kind("store one instance with this WarningReason (45063)", _Value.OPTIONAL_NUMBER),
        "reset-before-body": _Kind("reset the connection as soon as the head was read"),
        "reset-mid-body": _Kind("reset the connection in the middle of the body"),
        "reset-after-body": _Kind("store everything, then reset instead of answering"),
        "truncate-answer": _Kind("store everything, then close in the middle of the answer"),
        "delay-answer": _Kind(
            "store everything, wait so many milliseconds, then answer", _Value.NUMBER
        ),
        "xml": _Kind("answer in DICOM XML whatever was asked for"),
    },
    "qido": {
        **_SPOILT,
        **_LISTINGS,
        "status": _STATUS,
        "latency": _LATENCY,
        "not-supported": _Kind("answer 501"),
        "delay-listing": _Kind(
            "list an instance only so many seconds after it was stored", _Value.NUMBER
        ),
        "cap": _Kind("list at most so many items at once, whatever was asked for", _Value.NUMBER),
    },
    "wado": _PHASE,
    "eform": {
        **_SPOILT,
        "status": _STATUS,
        "latency": _LATENCY,
        "refuse": _Kind("refuse the clinical data of this subject, or any", _Value.OPTIONAL_TEXT),
        "silent-refusal": _Kind("answer that clinical data are stored, and keep nothing"),
        "lose-answer": _Kind("store clinical data, then reset instead of answering"),
        "not-readable": _Kind("answer 405 to whoever reads clinical data back"),
    },
    "datasets": {
        **_SPOILT,
        "status": _STATUS,
        "latency": _LATENCY,
        "unauthorized": _Kind("answer 401, unauthorized user, as to an account without its role"),
        "refused-by-cluster": _Kind("answer a creation with 500 and keep nothing of it"),
        "held": _Kind("the creation job is never started: pending for ever"),
        "job-fails": _Kind(
            "the creation job ends in error after so many messages (1)", _Value.OPTIONAL_NUMBER
        ),
        "tracer-fails": _Kind("the tracer fails: what it is to be told of is undone, with 500"),
        "lose-answer": _Kind("carry out a creation or a change, then reset instead of answering"),
        "late-answer": _Kind(
            "carry out a creation or a change, wait so many milliseconds, then answer",
            _Value.NUMBER,
        ),
    },
    "issuer": {
        **_SPOILT,
        "status": _STATUS,
        "latency": _LATENCY,
        "expire": _Kind("the request at hand finds all access tokens expired"),
        "expire-session": _Kind("the same, and the refresh tokens are expired too"),
    },
    "helpdesk": {
        "status": _STATUS,
        "latency": _LATENCY,
        "lose-answer": _Kind("open the ticket, then reset instead of answering"),
        "late-answer": _Kind(
            "open the ticket, wait so many milliseconds, then answer", _Value.NUMBER
        ),
    },
    "xnat-sign-in": _PHASE,
    "xnat-import": _PHASE,
    "xnat-prearchive": _PHASE,
    "xnat-archive": _PHASE,
    "xnat-catalogue": {**_PHASE, **_LISTINGS},
    "xnat-listing": _PHASE,
    "xnat-files": _PHASE,
    "xnat-settings": _PHASE,
    "xnat": {
        **_SPOILT,
        "status": _STATUS,
        "latency": _LATENCY,
        "too-large": _Kind("answer 413 to a body of more than so many bytes", _Value.NUMBER),
        "evict": _Kind("the session of this request is over before it begins"),
        "become-guest": _Kind("the session of this request is a guest's from now on"),
        "expire-session": _Kind(
            "the session ends in the middle of an upload: what came is kept, the answer is 401; "
            "with answer=200 the upload still succeeds",
            options=frozenset({"answer"}),
        ),
        "cut-before-body": _Kind("reset the connection as soon as the head was read"),
        "cut-before-store": _Kind(
            "reset after so many bytes of an import (half of it); nothing is stored",
            _Value.OPTIONAL_NUMBER,
        ),
        "cut-after-store": _Kind(
            "reset after so many bytes of an import (half of it); whole entries among them stay",
            _Value.OPTIONAL_NUMBER,
        ),
        "cut-answer": _Kind("carry out an import or an archive request, then reset"),
        "import-status": _Kind(
            "answer an import with this HTTP status", _Value.NUMBER, frozenset({"retry-after"})
        ),
        "processing": _Kind("answer an import with 400, session processing in progress"),
        "concurrent": _Kind("answer an import with 400, concurrent modification is discouraged"),
        "drop": _Kind(
            "lose so many objects of an import (1) without a word", _Value.OPTIONAL_NUMBER
        ),
        "unassigned": _Kind("an import goes to the project-less area, with 200"),
        "second-row": _Kind(
            "lock the row that an import belongs to for so many seconds (1): another one is made",
            _Value.OPTIONAL_NUMBER,
        ),
        "archive-status": _Kind(
            "answer an archive request with this HTTP status",
            _Value.NUMBER,
            frozenset({"retry-after"}),
        ),
        "conflict": _Kind(
            "an archive request ends in CONFLICT, under this status (409)", _Value.OPTIONAL_NUMBER
        ),
        "duplicate-archive": _Kind("answer an archive request with 400, duplicate archive attempt"),
        "in-use": _Kind("answer an archive request with 400, destination session in use"),
        "gateway-timeout": _Kind(
            "answer 504 while archiving goes on for so many milliseconds (2000)",
            _Value.OPTIONAL_NUMBER,
        ),
        "slow-archive": _Kind("archive for so many milliseconds, then answer", _Value.NUMBER),
        "catalog-500": _Kind("a file is stored and not in its catalog: 500"),
        "silent-refusal": _Kind("answer a file with 200 and store nothing"),
        "refuse-file": _Kind(
            "answer a file of this subject, or any, with 400 and store nothing",
            _Value.OPTIONAL_TEXT,
        ),
        "lose-file-answer": _Kind("store a file, then reset instead of answering"),
        "refuse-accessibility": _Kind("answer a change of accessibility with 403"),
        "silent-setting": _Kind("answer a change of accessibility with 200 and change nothing"),
        "lose-setting-answer": _Kind(
            "change a project's texts or accessibility, then reset instead of answering"
        ),
    },
}
SPOILT = frozenset(_SPOILT.keys() | _LISTINGS.keys()) | {
    "names-others",
    "names-none",
    "names-in-both",
    "refuses-stored",
}
"""Kinds that are made of the answer alone, whatever service gave it."""


@dataclass(slots=True)
class Fault:
    """One armed fault. `left` counts down; None means always. `text` is the value of a kind that
    takes a subject: the fault then hits that subject alone."""

    spec: str
    service: str
    kind: str
    value: float | None
    options: Mapping[str, float]
    left: int | None
    skip: int
    fired: int = 0
    text: str = ""

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """Read one spec.

        Raises:
            UsageError: no such service, kind or option, or a value that does not fit.
        """
        first, *rest = [part.strip() for part in spec.strip().split(",")]
        kind_text, _, value_text = first.partition("=")
        service, colon, kind_name = kind_text.partition(":")
        if not colon:
            service, kind_name = "any", kind_text
        if service not in CATALOGUE:
            raise _refuse(spec, f"no service {service!r}; there are {_names(CATALOGUE)}")
        kind = CATALOGUE[service].get(kind_name)
        if kind is None:
            known = _names(CATALOGUE[service])
            raise _refuse(spec, f"{service} knows no fault {kind_name!r}; there are {known}")
        takes_text = kind.value is _Value.OPTIONAL_TEXT
        is_number = bool(value_text) and not takes_text
        value = _number(spec, kind_name, value_text) if is_number else None
        if (kind.value is _Value.NONE and value is not None) or (
            kind.value is _Value.NUMBER and value is None
        ):
            raise _refuse(spec, f"{kind_name} takes {kind.value.value}")
        options: dict[str, float] = {}
        for part in rest:
            name, _, text = part.partition("=")
            if name not in {"times", "after"} | kind.options:
                known = _names({"times", "after"} | kind.options)
                raise _refuse(spec, f"{kind_name} has no option {name!r}; there are {known}")
            options[name] = _number(spec, name, text)
        times = options.pop("times", None)
        skip = int(options.pop("after", 0))
        left = None if times is None else int(times)
        text = value_text if takes_text else ""
        return cls(spec.strip(), service, kind_name, value, options, left, skip, text=text)

    def number(self, default: float = 0) -> float:
        """The kind's value, or `default` where it was left out."""
        return default if self.value is None else self.value


@dataclass(slots=True)
class Faults:
    """The faults that are armed now; each service asks at every request what is in store."""

    armed: list[Fault] = field(default_factory=list)

    @classmethod
    def from_specs(cls, specs: Iterable[str]) -> Faults:
        return cls([Fault.parse(spec) for spec in specs])

    def add(self, spec: str) -> Fault:
        """Arm one more.

        Raises:
            UsageError: the spec cannot be read.
        """
        fault = Fault.parse(spec)
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm all; the service behaves again."""
        self.armed.clear()

    def draw(
        self, service: str, kinds: Sequence[str] = (), *, subject: str = ""
    ) -> dict[str, Fault]:
        """The faults that hit this request, by kind; counts each of them down.

        `kinds` narrows the draw, so that a fault is counted at the request it is meant for. One
        that is meant for a subject counts at a request of that `subject` only.
        """
        drawn: dict[str, Fault] = {}
        for fault in self.armed:
            if fault.service not in (service, "any") or (kinds and fault.kind not in kinds):
                continue
            if fault.left == 0 or fault.kind in drawn or fault.text not in ("", subject):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.left is not None:
                fault.left -= 1
            fault.fired += 1
            drawn[fault.kind] = fault
        return drawn

    def describe(self) -> list[dict[str, object]]:
        """All faults with what is left of them, for the control endpoint."""
        return [{"fault": f.spec, "left": f.left, "fired": f.fired} for f in self.armed]


def _names(known: Iterable[str]) -> str:
    return ", ".join(sorted(known))


def _number(spec: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _refuse(spec, f"{name} takes a number, not {text!r}") from None
    if number < 0 or number != number:
        raise _refuse(spec, f"{name} cannot be negative")
    return number


def _refuse(spec: str, why: str) -> UsageError:
    return UsageError(
        f"The fault {spec!r} cannot be read: {why}.",
        "Write it as SERVICE:KIND=VALUE,times=N, as in stow:status=503,retry-after=2,times=1.",
    )
