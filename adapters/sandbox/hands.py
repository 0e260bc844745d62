"""What people do at a stand-in in another process: in the pages of QP-Insights, as the node's own
staff, and by waiting. For the demo; a real node has no such door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import httpx

from adapters.tls import client_context
from transfer.errors import TransferError

_TIMEOUT_S: Final = 60.0


class Hands:
    """Requests to a sandbox's control, over its own TLS. Each blocks.

    Raises (from its methods):
        TransferError: the stand-in is not there, or did not do it.
    """

    def __init__(self, control_url: str, ca_file: Path) -> None:
        self._http = httpx.Client(
            base_url=f"{control_url}/",
            verify=client_context(ca_file),
            trust_env=False,
            timeout=_TIMEOUT_S,
        )

    def __enter__(self) -> Hands:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def export_dataset(self, destination: str, texts: Mapping[str, str]) -> str:
        """Press "Export dataset" in QP-Insights with all stored cases chosen; the dataset's id."""
        return str(self._post("datasets/export", {**texts, "destination": destination})["id"])

    def publish_dataset(self, dataset_id: str) -> None:
        """What the platform does once it has validated a released dataset."""
        self._post(f"datasets/{dataset_id}/publish", {})

    def publish_released(self) -> None:
        """The same with whatever is released and not published yet."""
        for dataset in self._listed():
            is_open = dataset["draft"] or dataset["public"] or dataset["invalidated"]
            if not is_open:
                self.publish_dataset(str(dataset["id"]))

    def let_pass(self, seconds: float) -> None:
        """Put the dataset-service's clock forward."""
        self._post("datasets/clock", {"advance_s": seconds})

    def _listed(self) -> Sequence[Mapping[str, object]]:
        found: Sequence[Mapping[str, object]] = self._asked("GET", "datasets").json()
        return found

    def _post(self, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        answer = self._asked("POST", path, body)
        found: Mapping[str, object] = answer.json() if answer.content else {}
        return found

    def _asked(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise TransferError("The stand-in nodes do not answer.", "Start it again.") from error
        if not answer.is_success:
            raise TransferError(
                f"The stand-in did not do what was asked of it ({answer.status_code}).",
                "Start it again; if it happens again, tell the makers.",
            )
        return answer
