"""Step 10 in a report: the dataset, what was compared and accepted, and what was done when, by whom
and by which legal record."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from transfer.evidence.speech import Speech
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import (
    all_accepted,
    bound_dataset,
    everything_happened,
    kept_texts,
    last_compared,
)
from transfer.publication.comparing import Difference

_MOST: Final = 5000
"""Events of one report; there are a few in practice."""


def texts_of_publication(ledger: Ledger) -> Iterator[str]:
    """What persons typed and the node said of it."""
    bound = bound_dataset(ledger)
    if bound is not None:
        found = bound.dataset
        yield from (found.id, found.name, found.version, found.said, found.reason, found.link)
        yield from (found.visibility, found.previous_id, *found.pids.values(), *found.pids)
    for happened in islice(everything_happened(ledger), _MOST):
        yield from (happened.dataset_id, happened.detail)
    yield from (word.reason for word in all_accepted(ledger))
    for key, texts in kept_texts(ledger).items():
        yield key
        yield from texts


def persons_of_publication(ledger: Ledger) -> Iterator[str]:
    """Who did it, or answered for it."""
    yield from (one.person for one in islice(everything_happened(ledger), _MOST))
    yield from (word.person for word in all_accepted(ledger))


def publication(ledger: Ledger, speech: Speech) -> dict[str, Any]:
    """What a report says of step 10."""
    return {
        "dataset": _dataset(ledger, speech),
        "comparison": _comparison(ledger),
        "accepted": [
            {
                "dataset": speech.typed(word.dataset_id),
                "figures": word.figures,
                "person": speech.person(word.person),
                "reason": speech.typed(word.reason),
                "at_utc": word.at_utc,
            }
            for word in all_accepted(ledger)
        ],
        "metadata": [
            {"field": speech.typed(key), "texts": [speech.typed(text) for text in texts]}
            for key, texts in kept_texts(ledger).items()
        ],
        "events": [
            {
                "at_utc": one.at_utc,
                "what": one.what,
                "dataset": speech.typed(one.dataset_id),
                "detail": speech.typed(one.detail),
                "person": speech.person(one.person),
                "legal_record_sha256": one.legal_sha256,
            }
            for one in islice(everything_happened(ledger), _MOST)
        ],
    }


def _dataset(ledger: Ledger, speech: Speech) -> dict[str, Any] | None:
    bound = bound_dataset(ledger)
    if bound is None:
        return None
    found = bound.dataset
    return {
        "id": speech.typed(found.id),
        "origin": bound.origin,
        "name": speech.typed(found.name),
        "version": speech.typed(found.version),
        "stage": found.stage.value,
        "visibility": speech.typed(found.visibility),
        "studies": found.studies,
        "subjects": found.subjects,
        "size_bytes": found.size_bytes,
        "pids": {speech.typed(key): speech.typed(pid) for key, pid in found.pids.items()},
        "link": speech.typed(found.link),
        "previous": speech.typed(found.previous_id),
        "reason": speech.typed(found.reason),
        "since_utc": bound.stage_since_utc,
        "seen_at_utc": bound.seen_at_utc,
    }


def _comparison(ledger: Ledger) -> dict[str, Any] | None:
    """By number: pseudonyms of those who are missing are not repeated."""
    compared = last_compared(ledger)
    if compared is None:
        return None
    found = Difference.of(compared.content)
    told = {key: value for key, value in found.document().items() if key != "missing"}
    return told | {"sentence": found.sentence, "at_utc": compared.at_utc}
