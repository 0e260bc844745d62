"""How step 10 goes on a UPV node, by its configuration alone."""

from __future__ import annotations

from typing import Final

from adapters.upv.dataset_fields import FORM
from adapters.upv.options import Settings
from transfer.legal.gate import Action
from transfer.publication.values import PublicationWay

_WAITS_FOR: Final = (
    "The responsible person of the platform validates the released dataset and publishes it; its "
    "maker cannot. It may take days, and gives the DOI."
)


def publication_way(settings: Settings) -> PublicationWay:
    """As `Publisher.way`; nobody is asked."""
    return PublicationWay(
        action=Action.RELEASE,
        is_born_elsewhere=True,
        fields=FORM,
        waits_for=_WAITS_FOR,
        takes_index=True,
        lacking=_lacking(settings),
    )


def _lacking(settings: Settings) -> list[str]:
    name = settings.name
    if not settings.dataset_service_url:
        return [
            "The address of the node's dataset-service is not known. Set dataset_service_url of "
            f"[nodes.{name}] in config.toml; a node without one makes its datasets in another "
            "way, which its support knows."
        ]
    if settings.auth not in ("password", "oidc", "token"):
        return [
            f"The dataset-service wants a sign-in of its own, and auth of [nodes.{name}] in "
            "config.toml has none. Set auth to password or oidc, and issuer_url."
        ]
    return []
