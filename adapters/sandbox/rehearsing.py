"""The stand-in of a rehearsal: one node, the project that is wanted, and no pixels kept."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from adapters.sandbox.realm import INGESTER, STAFF
from adapters.sandbox.server import NODE, XNAT_NODE, Options, Sandbox
from adapters.sandbox.xnat.accounts import INGESTER as XNAT_INGESTER
from adapters.sandbox.xnat.site import PROJECT

_DESTINATION = "SANDBOX|MAIN"


def serve_rehearsal(
    home: Path, kind: str, destination: str, ready: Callable[[Mapping[str, object]], None]
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is told the stand-in's own table of config.toml, the
    destination that it has (the one that is wanted, if any is), where it takes clinical tables, its
    control, and the public password of its account. The CA file is copied into `home`."""
    is_xnat = kind == "xnat"
    wanted = destination or (PROJECT if is_xnat else _DESTINATION)
    options = Options(keeps_pixels=False)
    if not is_xnat:
        groups = (*INGESTER.groups, f"PROJECT-{wanted.partition('|')[0]}")
        operator = replace(INGESTER, groups=tuple(dict.fromkeys(groups)))
        options = Options(keeps_pixels=False, destinations=(wanted,), accounts=(operator, STAFF))

    def tell(sandbox: Sandbox) -> None:
        if is_xnat and wanted not in sandbox.xnat.archive.projects:
            sandbox.xnat.archive.add_project(wanted, XNAT_INGESTER.login)
        written = home / "stand-in"
        sandbox.write_home(written)
        nodes = tomllib.loads((written / "config.toml").read_text("utf-8"))["nodes"]
        shutil.copy(written / "ca.pem", home / "ca.pem")
        shutil.rmtree(written)
        ready(
            {
                "table": {
                    **nodes[XNAT_NODE if is_xnat else NODE],
                    "destinations": [wanted],
                    "listing_delay_s": 0,
                },
                "destination": wanted,
                "clinical_url": sandbox.endpoints.clinical_url,
                "control_url": sandbox.control_url,
                "password": (XNAT_INGESTER if is_xnat else INGESTER).password,
            }
        )

    Sandbox(options).run(tell)
