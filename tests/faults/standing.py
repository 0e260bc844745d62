"""The stand-ins in a process that may be ended and started anew in the same place; run as a script.

    python -P standing.py FOLDER PORT XNAT_PORT

What they hold lies in FOLDER, and their certificate in FOLDER/tls. The first start writes
FOLDER/home. Prints what `eucaim-transfer sandbox` prints.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from adapters.sandbox.ca import ServerCertificate
from adapters.sandbox.server import Options, Sandbox


def main(folder: str, port: str, xnat_port: str) -> None:
    """Serve until SIGTERM, at which all is written down, or SIGKILL."""
    place = Path(folder)
    tls, home = place / "tls", place / "home"
    issued = ServerCertificate(tls / "server.pem", tls / "server.key.pem")
    options = Options(
        port=int(port),
        xnat_port=int(xnat_port),
        folder=place / "store",
        context=lambda _: issued.context(),
    )

    def ready(sandbox: Sandbox) -> None:
        if not home.exists():
            sandbox.write_home(home)
            shutil.copy(tls / "ca.pem", home)
        print(json.dumps(sandbox.describe(home)), flush=True)

    Sandbox(options).run(ready)


if __name__ == "__main__":
    main(*sys.argv[1:])
