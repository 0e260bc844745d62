"""What a report says of a transfer as a whole: the document in `report.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from transfer import __version__
from transfer.evidence.comparison import compared_with_rehearsal, texts_of_rehearsal
from transfer.evidence.publication import (
    persons_of_publication,
    publication,
    texts_of_publication,
)
from transfer.evidence.speech import Speech
from transfer.journey.standing import Standing
from transfer.ledger.audit import audit_persons
from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import group_findings
from transfer.ledger.legal import legal_history
from transfer.ledger.order import Order, read_order
from transfer.ledger.set_aside import set_aside
from transfer.ledger.steps import read_steps
from transfer.ledger.tickets import TicketState, all_tickets
from transfer.ledger.volumes import count_volumes
from transfer.legal.entries import TITLES
from transfer.method_files import de_identifies
from transfer.quality.dimensions import dimensions

FORM: Final = "eucaim-transfer report 1"
_PAGE: Final = 2000
_SETTLED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Look:
    """What is needed beside the ledger. `journey` may be empty where the node is not configured any
    more: then the steps stand there as the ledger has them. `has_names`: the key was opened."""

    made_at_utc: str
    journey: Sequence[Standing] = ()
    has_names: bool = False


def reference_of(order: Order) -> str:
    """By what a report is known to be of this very transfer; nothing can be read out of it."""
    said = f"{order.name}\0{order.created_at_utc}\0{order.node}"
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def gather(ledger: Ledger, look: Look) -> Speech:
    """Look at everything that is repeated from persons, nodes and the helpdesk."""
    return Speech(ledger, _typed(ledger, look), _persons(ledger, look))


def _typed(ledger: Ledger, look: Look) -> Iterator[str]:
    order = read_order(ledger)
    yield from (order.destination, order.node)
    for standing in look.journey:
        yield from (standing.detail, standing.evidence)
    for step in read_steps(ledger).values():
        yield from (step.detail, step.evidence)
    for ticket in all_tickets(ledger):
        yield from (ticket.number, ticket.case)
    for entry in legal_history(ledger):
        yield from (entry.ticket, entry.reason, entry.day)
    for method, version in ledger.rows("SELECT method, version FROM deid_run"):
        yield from (method, version)
    for word in set_aside(ledger, _SETTLED):
        yield from (word.value, word.reason)
    for _, subject, value, _, reason in words(ledger):
        yield from (subject, value, reason)
    yield from texts_of_publication(ledger)
    yield from texts_of_rehearsal(ledger)
    for table, column in (
        ("instance", "evidence"),
        ("volume", "reason"),
        ("clinical_item", "reason"),
        ("instance", "reason"),
    ):
        yield from (text for (text,) in ledger.rows(_DISTINCT.format(column, table)))


_DISTINCT: Final = "SELECT DISTINCT {0} FROM {1} WHERE {0} <> '' LIMIT 20000"


def _persons(ledger: Ledger, look: Look) -> Iterator[str]:
    yield from (standing.person for standing in look.journey)
    yield from (step.person for step in read_steps(ledger).values())
    yield from audit_persons(ledger).values()
    for entry in legal_history(ledger):
        yield from (entry.person, entry.entered_by)
    yield from (word.person for word in set_aside(ledger, _SETTLED))
    yield from persons_of_publication(ledger)
    yield from (person for _, _, _, person, _ in words(ledger))


def words(ledger: Ledger) -> Iterator[tuple[str, str, str, str, str]]:
    """When, subject, value, person and reason of every word, oldest first."""
    last = 0
    while page := ledger.rows(
        "SELECT id, said_at_utc, subject, value, person, reason FROM word WHERE id > ?"
        " ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from (
            (at, subject, value, person, why) for _, at, subject, value, person, why in page
        )
        last = page[-1][0]


def document(ledger: Ledger, look: Look, speech: Speech) -> dict[str, Any]:
    """All that is not listed line by line elsewhere. Texts from outside stand there as `speech`
    lets them pass."""
    order = read_order(ledger)
    return {
        "form": FORM,
        "program": {"name": "eucaim-transfer", "version": __version__},
        "made_at_utc": look.made_at_utc,
        "transfer": {
            "name": order.name,
            "reference": reference_of(order),
            "node": speech.typed(order.node),
            "destination": speech.typed(order.destination),
            "created_at_utc": order.created_at_utc,
        },
        "counts": counts(ledger),
        "deidentification": _deidentification(ledger, order, look, speech),
        "journey": _journey(ledger, look, speech),
        "dimensions": [asdict(line) for line in dimensions(ledger)],
        "rules": [asdict(group) for group in group_findings(ledger)],
        "settled": [
            asdict(word)
            | {
                "value": speech.typed(word.value),
                "person": speech.person(word.person),
                "reason": speech.typed(word.reason),
            }
            for word in set_aside(ledger, _SETTLED)
        ],
        "legal": _legal(ledger, speech),
        "publication": publication(ledger, speech),
        "rehearsal": compared_with_rehearsal(ledger, speech),
        "tickets": [
            {
                "number": speech.typed(ticket.number),
                "case": speech.typed(ticket.case),
                "state": str(ticket.state),
                "sent_at_utc": ticket.sent_at_utc,
                "answered_at_utc": ticket.answered_at_utc,
            }
            for ticket in all_tickets(ledger)
            if ticket.state is not TicketState.DRAFT
        ],
        "persons": {key: speech.person(name) for key, name in audit_persons(ledger).items()},
    }


def counts(ledger: Ledger) -> dict[str, Any]:
    """Files by what they are and instances by their state: each adds up to its total."""
    census = take_census(ledger)
    states = {
        state: {"instances": n, "bytes": size}
        for state, n, size in ledger.rows(
            "SELECT state, sum(n), sum(bytes) FROM tally GROUP BY state HAVING sum(n) > 0"
            " ORDER BY state"
        )
    }
    files = dict(
        ledger.rows(
            "SELECT verdict, sum(n) FROM file_tally GROUP BY verdict HAVING sum(n) > 0"
            " ORDER BY verdict"
        )
    )
    return {
        "patients": census.patients,
        "studies": census.studies,
        "series": census.series,
        "files": {"total": sum(files.values()), "by_verdict": files},
        "instances": {
            "total": sum(state["instances"] for state in states.values()),
            "bytes": sum(state["bytes"] for state in states.values()),
            "by_state": states,
        },
        "volumes": asdict(count_volumes(ledger)),
        "clinical_items": dict(
            ledger.rows(
                "SELECT state, count(*) FROM clinical_item WHERE is_going = 1 GROUP BY state"
                " ORDER BY state"
            )
        ),
    }


def _deidentification(ledger: Ledger, order: Order, look: Look, speech: Speech) -> dict[str, Any]:
    runs = ledger.rows(
        "SELECT id, method, version, method_sha256, key_fingerprint, made_at_utc FROM deid_run"
        " ORDER BY id"
    )
    made = dict(
        ledger.rows(
            "SELECT deid_run, count(*) FROM instance WHERE deid_run IS NOT NULL"
            " AND head_sha256 IS NOT NULL GROUP BY deid_run"
        )
    )
    return {
        "is_done_here": de_identifies(order),
        "pseudonyms_are_shown": look.has_names,
        "methods": [
            {
                "method": speech.typed(method),
                "version": speech.typed(version),
                "sha256": sha256,
                "key_fingerprint": fingerprint,
                "since_utc": since,
                "instances": made.get(row, 0),
            }
            for row, method, version, sha256, fingerprint, since in runs
        ],
    }


def _journey(ledger: Ledger, look: Look, speech: Speech) -> list[dict[str, Any]]:
    if look.journey:
        return [
            {
                "number": s.step.number,
                "title": s.step.title,
                "state": s.state.value,
                "detail": speech.typed(s.detail),
                "person": speech.person(s.person),
                "evidence": speech.typed(s.evidence),
                "since_utc": s.since_utc,
            }
            for s in look.journey
        ]
    return [
        {
            "number": 0,
            "title": record.id,
            "state": record.state.value,
            "detail": speech.typed(record.detail),
            "person": speech.person(record.person),
            "evidence": speech.typed(record.evidence),
            "since_utc": record.since_utc,
        }
        for record in read_steps(ledger).values()
    ]


def _legal(ledger: Ledger, speech: Speech) -> list[dict[str, Any]]:
    history = legal_history(ledger)
    newest = {entry.what: number for number, entry in enumerate(history)}
    return [
        {
            "what": str(entry.what),
            "title": TITLES.get(entry.what, str(entry.what)),
            "state": entry.state.value,
            "counts": newest[entry.what] == number,
            "person": speech.person(entry.person),
            "day": speech.typed(entry.day),
            "document_sha256": entry.sha256,
            "ticket": speech.typed(entry.ticket),
            "reason": speech.typed(entry.reason),
            "entered_by": speech.person(entry.entered_by),
            "is_sandbox": entry.is_sandbox,
            "recorded_at_utc": entry.recorded_at_utc,
        }
        for number, entry in enumerate(history)
    ]
