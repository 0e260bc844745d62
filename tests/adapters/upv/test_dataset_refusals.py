"""Each no of the dataset-service in the operator's words; its recorded answers among them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.upv.dataset_refusals import (
    change_refused,
    creation_refused,
    is_token_fault,
    not_allowed,
    refused_answer,
    said_in,
    token_refused,
)
from tests.adapters.upv.dataset_recorded import FILE, recorded
from transfer.errors import (
    DatasetGone,
    DatasetRefused,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
    SignInRefused,
)

MANAGER = {"resource_access": {"dataset-service": {"roles": ["admin_datasets"]}}}
PAGE = b"<html><body><h1>503</h1></body></html>"
needs_recorded = pytest.mark.skipif(not FILE.exists(), reason="../shared is absent")


def _said(text: Any, **more: Any) -> bytes:
    return json.dumps({"error": text, **more}).encode()


@needs_recorded
def test_the_two_kinds_of_401_are_told_apart_in_every_recorded_one() -> None:
    found = {
        e["id"]: is_token_fault(json.dumps(e["response"]["body"]).encode())
        for e in recorded()
        if e["response"]["status"] == 401
    }
    assert len(found) >= 20
    assert {id for id, is_fault in found.items() if is_fault} == {
        "create-garbage-token",
        "list-garbage-token",
        "list-expired-token",
        "list-wrong-audience",
        "list-tampered",
        "list-basic-auth",
    }


@needs_recorded
def test_every_recorded_refusal_is_an_error_of_ours_that_says_what_the_service_said() -> None:
    refusals = [e for e in recorded() if e["response"]["status"] >= 400]
    assert len(refusals) >= 60
    for exchange in refusals:
        status, body = exchange["response"]["status"], exchange["response"]["body"]
        error = refused_answer(status, json.dumps(body).encode(), None, "n", claims=MANAGER)
        assert isinstance(error, NodeError)
        assert error.what.isprintable()
        assert error.remedy
        if status in (400, 500):
            assert body["error"][:60] in error.what


@needs_recorded
def test_no_recorded_refusal_of_a_creation_is_worth_repeating() -> None:
    refused = [
        e
        for e in recorded()
        if e["id"].startswith("create-") and e["response"]["status"] in (400, 500)
    ]
    assert len(refused) >= 25
    for exchange in refused:
        body = json.dumps(exchange["response"]["body"]).encode()
        error = creation_refused(exchange["response"]["status"], body, None, 1000, "n")
        assert isinstance(error, DatasetRefused)
        assert not error.retry.allowed


def test_without_the_role_it_is_named_with_the_ticket() -> None:
    error = not_allowed({"groups": ["PROJECT-X"]}, "n")
    assert error.what == (
        'The account lacks the role "Dataset manager" (admin_datasets), which step 10 needs.'
    )
    assert "ticket NAME --case role" in error.remedy
    assert not error.retry.allowed


def test_with_the_role_the_dataset_is_somebody_elses() -> None:
    assert "not the account's own" in not_allowed(MANAGER, "n").what


def test_a_token_for_another_service_is_a_matter_of_configuration() -> None:
    error = token_refused(_said("invalid access token, Audience doesn't match"), "n")
    assert isinstance(error, SignInRefused)
    assert "dataset_client_id of [nodes.n]" in error.remedy


def test_a_renewed_token_that_is_refused_asks_for_a_sign_in() -> None:
    error = token_refused(_said("invalid access token, Signature has expired"), "n")
    assert isinstance(error, SignInExpired)
    assert "Signature has expired" in error.what
    assert "login n" in error.remedy


@pytest.mark.parametrize("body", [b"", PAGE, b"{}", b"[]", b"\xff"])
def test_a_401_of_somebody_else_is_a_matter_of_the_sign_in(body: bytes) -> None:
    assert is_token_fault(body)
    assert isinstance(token_refused(body, "n"), SignInExpired)


def test_a_dataset_that_is_not_there_is_told_from_an_address_that_is_none() -> None:
    gone = refused_answer(404, _said("not found", status_code=404), None, "n")
    nowhere = refused_answer(404, _said("Not found '/api/api/datasets'"), None, "n")
    page = refused_answer(404, PAGE, None, "n")
    assert isinstance(gone, DatasetGone)
    assert isinstance(nowhere, NotSupported)
    assert isinstance(page, NotSupported)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_the_ingress_leaves_the_outcome_open(status: int) -> None:
    for error in (
        refused_answer(status, PAGE, "7", "n"),
        creation_refused(status, PAGE, "7", 10, "n"),
        change_refused(status, PAGE, "7", "n"),
    ):
        assert isinstance(error, NodeBusy)
        assert error.reached_node
        assert error.retry.after_s == 7


def test_a_body_that_is_too_large_is_told_in_words() -> None:
    error = creation_refused(413, PAGE, None, 2_345_678, "n")
    assert isinstance(error, DatasetRefused)
    assert "2.3 MB" in error.what
    assert "2,000 studies" in error.remedy
    assert "raise it" in error.remedy


def test_a_500_of_a_creation_names_the_likely_causes() -> None:
    said = _said("Unexpected error, may be the input is wrong", status_code=500)
    error = creation_refused(500, said, None, 10, "n")
    assert isinstance(error, DatasetRefused)
    for cause in ("16 characters", "tracer", "cluster", "no project"):
        assert cause in error.remedy


def test_a_cluster_that_refuses_is_told_apart() -> None:
    said = _said("Error launching dataset creation job: Exception when calling k8s API")
    error = creation_refused(500, said, None, 10, "n")
    assert isinstance(error, DatasetRefused)
    assert "cluster did not start" in error.what


def test_a_500_that_the_service_did_not_write_leaves_the_outcome_open() -> None:
    error = creation_refused(500, PAGE, None, 10, "n")
    assert isinstance(error, NodeFault)
    assert error.reached_node
    assert not error.retry.allowed


def test_a_500_of_a_change_says_that_the_tracer_may_be_in_trouble() -> None:
    error = change_refused(500, _said("Unexpected error, may be the input is wrong"), None, "n")
    assert isinstance(error, NodeFault)
    assert "tracer" in error.remedy


def test_a_property_that_cannot_be_changed_is_refused() -> None:
    said = _said("the property is not in the editablePropertiesByTheUser list", status_code=400)
    assert isinstance(change_refused(400, said, None, "n"), DatasetRefused)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_no_answer(status: int) -> None:
    assert isinstance(refused_answer(status, b"", None, "n"), NodeFault)


@pytest.mark.parametrize("status", [400, 401, 404, 500, 502])
def test_hostile_words_of_a_server_reach_no_terminal(status: int) -> None:
    body = _said("\x1b[2J\x1b]0;x\x07" + "not found\u202e " * 5000)
    for error in (
        refused_answer(status, body, None, "n"),
        creation_refused(status, body, None, 10, "n"),
        change_refused(status, body, None, "n"),
    ):
        assert error.what.isprintable()
        assert len(error.what) < 500


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"error": 5}', PAGE, b"\x00", b"NaN"])
def test_what_says_nothing_says_nothing(body: bytes) -> None:
    assert said_in(body) == ""


def test_401_is_not_allowed_once_the_token_is_out_of_question() -> None:
    assert isinstance(refused_answer(401, _said("unauthorized user"), None, "n"), NotAllowed)
