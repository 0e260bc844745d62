"""What config.toml says of the stand-ins, for the home that is given to the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.sandbox.issuer import INGESTER
from adapters.sandbox.tables import table_text
from adapters.sandbox.xnat.accounts import INGESTER as XNAT_INGESTER
from adapters.sandbox.xnat.site import PROJECT

if TYPE_CHECKING:
    from adapters.sandbox.server import Sandbox


def config_text(sandbox: Sandbox, *, upv: str, xnat: str) -> str:
    """The tables of both nodes, under these names, and of the helpdesk. Passwords are not in it."""
    auth = {"bearer": "password", "basic": "basic", "none": "none"}[sandbox.options.auth]
    upv_table: dict[str, object] = {
        "kind": "upv",
        "dicomweb_url": sandbox.endpoints.dicomweb_url,
        "issuer_url": sandbox.endpoints.issuer_url,
        "auth": auth,
        "username": INGESTER.username,
        "ca_file": "ca.pem",
        "gate": "integrity",
        "deidentified": "as-is",
        "destinations": list(sandbox.options.destinations),
        "eform_url": sandbox.endpoints.eform_url,
        "listing_delay_s": 2,
        **_signed_in_only(sandbox),
    }
    xnat_table: dict[str, object] = {
        "kind": "xnat",
        "url": sandbox.xnat_url,
        "username": XNAT_INGESTER.login,
        "ca_file": "ca.pem",
        "gate": "integrity",
        "deidentified": "as-is",
        "destinations": [PROJECT],
        "listing_delay_s": 2,
    }
    desk: dict[str, object] = {"url": sandbox.helpdesk_url, "ca_file": "ca.pem"}
    tables = {f"nodes.{upv}": upv_table, f"nodes.{xnat}": xnat_table, "helpdesk": desk}
    return "\n".join(table_text(name, table) for name, table in tables.items())


def _signed_in_only(sandbox: Sandbox) -> Mapping[str, object]:
    """The dataset-service takes bearer tokens alone."""
    if sandbox.options.auth != "bearer":
        return {}
    at = sandbox.endpoints
    return {"dataset_service_url": at.dataset_service_url, "qpinsights_url": at.export_url}
