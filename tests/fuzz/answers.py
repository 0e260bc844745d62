"""What nodes answer, as any bytes: read, or refused in words; nothing else leaves a reader."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from transfer.errors import NodeError
from transfer.values import SOPInstanceUID

_SENT = [SOPInstanceUID("1.2.3.1"), SOPInstanceUID("1.2.3.2")]


def stow_answer(data: bytes) -> None:
    """Any answer to STOW-RS: one outcome for each instance, and none for others."""
    from adapters.upv.answer import read_answer

    for status in (200, 202, 409):
        try:
            outcomes = read_answer(data, _SENT, status=status)
        except NodeError as refused:
            _demand_words(refused)
        else:
            assert [outcome.sop_instance_uid for outcome in outcomes] == _SENT


def xnat_answer(data: bytes) -> None:
    """Any answer of XNAT, to whatever was asked: a catalogue, a table, a session, an import, an
    error page."""
    from adapters.xnat.catalogue import Catalogue, catalogued
    from adapters.xnat.importing import strayed_to
    from adapters.xnat.labels import Labels
    from adapters.xnat.pages import said
    from adapters.xnat.prearchive import Prearchive
    from adapters.xnat.refusals import meaning_of
    from adapters.xnat.tokens import read_issued

    text = data.decode("utf-8", "replace")
    words = said(text, ("covered",))
    assert words.isprintable(), "a control character is told"
    assert "covered" not in words.lower(), "an identifier is told"
    meaning_of(text)
    strayed_to(text, "PROJECT")
    read_issued(text, 0.0)
    calls: Any = _calls(data)
    labels = Labels("SUBJ", "SUBJ_1")
    for ask in (
        lambda: catalogued(data, "node"),
        lambda: asyncio.run(Prearchive(calls).rows("PROJECT")),
        lambda: asyncio.run(Catalogue(calls).session("PROJECT", labels)),
    ):
        try:
            ask()
        except NodeError as refused:
            _demand_words(refused)


def _calls(data: bytes) -> object:
    from adapters.xnat.calls import Calls
    from adapters.xnat.wire import Answer

    class Answered(Calls):
        def __init__(self) -> None:
            self.node = "node"

        async def ask(self, *_: object, **__: object) -> Answer:
            return Answer(200, httpx.Headers(), data)

    return Answered()


def dataset_answer(data: bytes) -> None:
    """Any answer of the dataset-service, or to clinical data."""
    from adapters.upv.clinical_answer import complaint_in, held_form, read_json, refusal_in
    from adapters.upv.dataset_details import (
        dataset_of,
        id_in,
        licences_of,
        listed_dataset,
        study_of,
    )
    from adapters.upv.dataset_refusals import refused_answer, said_in

    for told in (refusal_in(data), complaint_in(data), said_in(data)):
        assert told.isprintable(), "a control character is told"
    for status in (400, 401, 403, 404, 409, 500):
        refused = refused_answer(status, data, None, "node")
        assert isinstance(refused, NodeError)
        _demand_words(refused)
    try:
        held_form(data, "SUBJ", "node")
    except NodeError as refused:
        _demand_words(refused)
    document = read_json(data)
    id_in(document), licences_of(document), study_of(document)
    if isinstance(document, dict):
        dataset_of(document, portal="https://node")
        listed_dataset(document, portal="https://node")


def _demand_words(refused: NodeError) -> None:
    assert refused.what, "it does not say what happened"
    assert refused.remedy, "it does not say what to do"
    assert (refused.what + refused.remedy).isprintable(), "a control character is told"
