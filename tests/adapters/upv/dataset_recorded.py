"""The recorded answers of the real dataset-service, for functions that only read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[4] / "shared" / "reference" / "dataset-service-exchanges.json"


def recorded() -> list[dict[str, Any]]:
    """Every single answer of the service itself; those that polling saw are left out."""
    if not FILE.exists():
        return []
    found = json.loads(FILE.read_text("utf-8"))["exchanges"]
    return [
        exchange
        for exchange in found
        if exchange["source"] == "dataset-service" and "sequence" not in exchange["response"]
    ]


def answer(id: str) -> Any:
    """The body of one of them."""
    return next(e["response"]["body"] for e in recorded() if e["id"] == id)


def is_details(exchange: dict[str, Any]) -> bool:
    body = exchange["response"].get("body")
    return isinstance(body, dict) and "editablePropertiesByTheUser" in body and "draft" in body
