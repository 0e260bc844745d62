"""What the report tells of step 10, and what it never tells."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.publication.conftest import Opened
from tests.publication.made import MadeNode
from transfer.evidence.content import Look, document, gather
from transfer.evidence.page import page
from transfer.ledger.audit import audit_lines, seal_audit
from transfer.ledger.connection import Ledger

LOOK = Look("2026-11-27T12:00:00Z")


async def test_it_tells_who_released_what_by_which_legal_record(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.held = node.held[:2]
    node.export()
    await opened().pick_up(None)
    await opened().accept_difference("Grace Hopper", "The third withdrew.")
    await opened().publish("", "lungs", "Ada Lovelace", {"license": ("CC BY 4.0",)})
    told = document(ledger, LOOK, gather(ledger, LOOK))["publication"]
    assert (told["dataset"]["id"], told["dataset"]["stage"]) == ("d1", "released")
    assert told["comparison"]["missing_count"] == 1
    assert "missing" not in told["comparison"]
    assert [(a["person"], a["reason"]) for a in told["accepted"]] == [
        ("Grace Hopper", "The third withdrew.")
    ]
    assert told["metadata"] == [{"field": "license", "texts": ["CC BY 4.0"]}]
    released = [e for e in told["events"] if e["what"] == "shown"]
    assert [(e["person"], len(e["legal_record_sha256"])) for e in released] == [
        ("Ada Lovelace", 64)
    ]


async def test_what_the_node_says_of_a_patient_is_not_repeated(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    await opened().pick_up(None)
    node.datasets["d1"] = replace(node.datasets["d1"], name="Of ORIGINAL-2")
    await opened().look()
    whole = document(ledger, LOOK, gather(ledger, LOOK))
    assert "ORIGINAL-2" not in json.dumps(whole)


async def test_the_page_tells_of_it(opened: Opened, node: MadeNode, ledger: Ledger) -> None:
    empty = document(ledger, LOOK, gather(ledger, LOOK)) | {"audit": {"lines": 0, "sha256": ""}}
    assert "There is no dataset of this transfer." in "".join(page(empty, {}))
    node.export()
    await opened().publish("", "lungs", "Ada Lovelace")
    whole = document(ledger, LOOK, gather(ledger, LOOK)) | {"audit": {"lines": 0, "sha256": ""}}
    told = "".join(page(whole, {}))
    assert "<td>showing asked for</td><td>Ada Lovelace</td>" in told


async def test_the_audit_log_has_each_event_without_a_word_of_persons(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    await opened().publish("", "lungs", "Ada Lovelace")
    await opened().invalidate("Wrong cohort", "Ada Lovelace", "lungs")
    seal_audit(ledger)
    lines = [line for line in audit_lines(ledger) if line.get("kind") == "publish"]
    assert [line["text"].split(".")[0] for line in lines] == [
        "Dataset: picked up",
        "Dataset: showing asked for",
        "Dataset: shown",
        "Dataset: seen as released",
        "Dataset: invalidation asked for",
        "Dataset: marked as not to be used",
        "Dataset: seen as marked as not to be used",
    ]
    assert "Ada" not in json.dumps(lines)
    assert "Wrong cohort" not in json.dumps(lines)
