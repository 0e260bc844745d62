"""The tracer, as far as the dataset-service talks to it: what happened to a dataset, by whom."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence

from adapters.sandbox.datasets.answers import unexpected
from adapters.sandbox.datasets.clock import Clock
from adapters.sandbox.datasets.model import Dataset, Json
from adapters.sandbox.datasets.shelf import Shelf
from adapters.sandbox.faults import Faults


class Tracer:
    """Takes notes in the shelf. While it fails nothing that it is told of takes effect."""

    def __init__(self, shelf: Shelf, clock: Clock, faults: Faults) -> None:
        self._shelf = shelf
        self._clock = clock
        self._faults = faults

    def created(self, dataset: Dataset) -> None:
        """Raises Refused where the tracer fails; so does `changed`.

        The hash of the images is over their studies, series and sizes alone: nobody outside could
        compute the service's own.
        """
        images = [[study.path, study.series, study.size_bytes] for study in dataset.studies]
        hashed = {
            "index": dataset.asked["studies"],
            "images": images,
            "clinicalData": dataset.asked["subjects"],
        }
        self._note(
            dataset.author_id,
            "CREATE_DATASET",
            dataset,
            {"resources": [_resource(name, content) for name, content in hashed.items()]},
        )

    def changed(self, dataset: Dataset, user_id: str, details: str) -> None:
        self._note(user_id, "UPDATE_DATASET", dataset, {"details": details})

    def traces(self, dataset_id: str) -> Sequence[Json]:
        return [entry for entry in self._shelf.traces if entry["datasetId"] == dataset_id]

    def _note(self, user_id: str, action: str, dataset: Dataset, rest: Json) -> None:
        if self._faults.draw("datasets", ("tracer-fails",)):
            raise unexpected()
        head = {"userId": user_id, "userAction": action, "datasetId": dataset.id}
        tail = {"id": str(uuid.uuid4()), "timestamp": int(self._clock.now() * 1000)}
        self._shelf.trace({**head, **rest, **tail})


def _resource(name: str, content: object) -> Json:
    digest = hashlib.sha3_256(json.dumps(content).encode()).digest()
    written = base64.b64encode(digest).decode()
    return {"id": name, "contentType": "HASH", "hashType": "SHA3_256", "hash": written}
