"""How the stand-in of the dataset-service is to behave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """`pending_s` passes before a creation job says anything, then `step_s` between its messages:
    the real service's times. `ingress_bytes` is the largest body that the ingress lets through
    (ingress-nginx without a setting; None: no limit of its own). `lists_creating`: lists name
    datasets whose job has not ended well; the recorded lists do not. `search_secret` opens the
    federated search, which takes no token.
    """

    pending_s: float = 5.5
    step_s: float = 0.07
    ingress_bytes: int | None = 1024 * 1024
    lists_creating: bool = False
    search_secret: str = "sandbox-search"  # noqa: S105 - of a stand-in on loopback
