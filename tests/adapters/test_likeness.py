"""A stand-in asked in the place of a real node: what goes is the real one's, where is not."""

from __future__ import annotations

import tomllib
from types import MappingProxyType

from adapters.likeness import table_like
from adapters.profiles import NodeProfile
from adapters.proxies import ProxyOptions
from adapters.sandbox.tables import table_text

_STAND_IN = {
    "kind": "upv",
    "dicomweb_url": "https://127.0.0.1:1/dicom-web",
    "auth": "password",
    "username": "ingester",
    "ca_file": "ca.pem",
    "gate": "integrity",
    "deidentified": "as-is",
    "eform_url": "https://127.0.0.1:1/eform",
}
_CLINICAL = "https://127.0.0.1:1/clinical"


def _real(**options: object) -> NodeProfile:
    return NodeProfile(
        "upv",
        "upv",
        "eucaim",
        "required",
        options=MappingProxyType(options),
        proxy=ProxyOptions(proxy="http://proxy.example:3128"),
    )


def test_gate_method_and_limits_are_those_of_the_real_node() -> None:
    table = table_like(_real(max_batch_bytes=5, timepoint="Diagnosis"), _STAND_IN, _CLINICAL)
    assert (table["gate"], table["deidentified"]) == ("eucaim", "required")
    assert (table["max_batch_bytes"], table["timepoint"]) == (5, "Diagnosis")


def test_no_address_certificate_or_account_of_the_real_node_is_taken() -> None:
    real = _real(
        dicomweb_url="https://node.example/dw",
        issuer_url="https://node.example/auth",
        dataset_paste_redirect_url="https://node.example/back",
        clinical_url="https://node.example/clinical",
        clinical_mode="file-csv",
        client_certificate="mine.pem",
        username="ada",
        client_id="other",
    )
    table = table_like(real, _STAND_IN, _CLINICAL)
    assert not any("node.example" in str(value) for value in table.values())
    assert table["clinical_url"] == _CLINICAL
    assert table["username"] == "ingester"
    assert "client_certificate" not in table
    assert "client_id" not in table


def test_no_proxy_is_asked() -> None:
    assert table_like(_real(), _STAND_IN, _CLINICAL)["proxy"] == "none"


def test_clinical_data_go_the_way_that_they_go_to_the_real_node() -> None:
    by_hand = table_like(_real(), _STAND_IN, _CLINICAL)
    assert by_hand["clinical_mode"] == "handover"
    assert "eform_url" not in by_hand
    assert "clinical_url" not in by_hand
    real = _real(eform_url="https://node.example/{subject}")
    as_forms = table_like(real, _STAND_IN, _CLINICAL)
    assert (as_forms["clinical_mode"], as_forms["eform_url"]) == (
        "eform-json",
        "https://127.0.0.1:1/eform",
    )


def test_a_table_is_read_as_it_was_written() -> None:
    values = {
        "a": 'quote " and \\ and \x7f and ü',
        "list": ["x", "y"],
        "yes": True,
        "n": 1.5,
        "table": {"odd key {x}": "v", "inner": {"k": [1]}},
    }
    assert tomllib.loads(table_text("nodes.n", values)) == {"nodes": {"n": values}}
