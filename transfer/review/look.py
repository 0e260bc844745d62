"""One instance as it is and as it would leave, by the transfer's own method or by another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from transfer.deid.header.reading import Unreadable, read_header
from transfer.deid.look.identifiers import identifiers_of
from transfer.deid.look.lastlook import look
from transfer.deid.model import Header, NumberNeeded, Quarantined, Skipped
from transfer.deid.rewrite import CHANGED, Cause
from transfer.opening import open_source
from transfer.review.glass import Glass
from transfer.review.lines import Comparison, compare
from transfer.review.sample import Sample

NO_NUMBER: Final = (
    "The script asks for a number that is given when the images are prepared; scan and prepare"
    " first, then look again."
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a method makes of an instance. `cause` and `reason` are of one that does not leave:
    `comparison` then is empty, or, after a hit of the last look, what would have left."""

    sample: Sample
    method: str
    comparison: Comparison = field(repr=False, default=Comparison(()))
    cause: str = ""
    reason: str = ""
    places: tuple[str, ...] = ()


def look_at(sample: Sample, glass: Glass, *, own_only: bool = False) -> list[Sight]:
    """Read one instance and de-identify its header, by each method of the glass. Blocking.

    Nothing is written or sent. A file that cannot be read gives one sight alone.
    """
    header = _read(sample)
    if isinstance(header, Sight):
        return [header]
    names = [glass.own] if own_only else list(glass.methods)
    with glass.turn:
        return [see(header, sample, glass, name) for name in names]


def see(header: Header, sample: Sample, glass: Glass, name: str) -> Sight:
    """As `look_at`, for a header that was read already."""
    method = glass.methods[name]
    try:
        outcome = method.apply(header, glass.moment)
    except NumberNeeded:
        return Sight(sample, name, cause=Cause.QUARANTINED, reason=NO_NUMBER)
    if isinstance(outcome, Skipped):
        return Sight(sample, name, cause=Cause.SKIPPED, reason=outcome.reason)
    if isinstance(outcome, Quarantined):
        return Sight(sample, name, cause=Cause.QUARANTINED, reason=outcome.reason)
    identifiers = identifiers_of(header).merge(sample.patient.identifiers)
    released = glass.released.get(sample.patient.row, frozenset())
    hits = look(outcome.header, identifiers, released)
    comparison = compare(header, outcome.header, method.why, hits)
    if not hits:
        return Sight(sample, name, comparison)
    reason = f"The last look found the patient's {hits[0].kind} in {hits[0].where}."
    places = tuple(dict.fromkeys(hit.where for hit in hits))
    return Sight(sample, name, comparison, Cause.IDENTIFIER, reason, places)


def _read(sample: Sample) -> Header | Sight:
    try:
        with open_source(sample.path) as opened:
            if opened.stamp != sample.scanned:
                return Sight(sample, "", cause=Cause.CHANGED, reason=CHANGED)
            return read_header(opened.fd, opened.size_bytes)
    except Unreadable as refused:
        return Sight(sample, "", cause=Cause.UNREADABLE, reason=refused.reason)
    except OSError:
        return Sight(sample, "", cause=Cause.CHANGED, reason=CHANGED)
