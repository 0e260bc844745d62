"""Orthanc with its DICOMweb plugin behind nginx that speaks TLS 1.3 only, on loopback.

Both come from Debian (orthanc, orthanc-dicomweb, nginx), run as the current user with everything
below one temporary folder, and are ended when the `with` block is left, however it is left; should
the test process itself be killed, the kernel ends them (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real.front import await_answer, end, free_port, front, program, start

_PLUGIN_FOLDERS = (
    Path("/usr/share/orthanc/plugins"),
    Path("/usr/lib/orthanc"),
    Path("/usr/local/share/orthanc/plugins"),
)


@dataclass(frozen=True)
class OrthancServer:
    """A running pair. `rest_url` is Orthanc's own API without TLS, for looking behind the front."""

    dicomweb_url: str
    rest_url: str
    ca_file: Path
    folder: Path
    bearer: str | None
    process: subprocess.Popen[bytes]

    def _rest(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 -- loopback, our own process
            self.rest_url + path, data=body, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        return json.loads(self._rest(method, path, body))

    def sop_instance_uids(self) -> list[str]:
        """SOPInstanceUID of every stored instance, in no order, one entry for each stored file."""
        return [
            instance["MainDicomTags"]["SOPInstanceUID"]
            for instance in self._json("GET", "/instances?expand")
        ]

    def stored_bytes(self, sop_instance_uid: str) -> bytes:
        """The one file that Orthanc holds under this UID.

        Raises:
            LookupError: it holds none, or more than one.
        """
        found = self._json("POST", "/tools/lookup", sop_instance_uid.encode())
        hits = [hit for hit in found if hit["Type"] == "Instance"]
        if len(hits) != 1:
            raise LookupError(f"{len(hits)} instances with this UID")
        return self._rest("GET", f"{hits[0]['Path']}/file")

    def wipe(self) -> None:
        """Forget every patient, so that the next test finds an empty archive."""
        for patient in self._json("GET", "/patients"):
            self._rest("DELETE", f"/patients/{patient}")


def missing_software() -> str:
    """Which Debian package is absent, as the reason of a skip; empty when all is there."""
    if program("Orthanc") is None:
        return "Debian's package orthanc is not installed"
    if _plugin() is None:
        return "Debian's package orthanc-dicomweb is not installed"
    if program("nginx") is None:
        return "Debian's package nginx is not installed"
    return ""


def _plugin() -> Path | None:
    for folder in _PLUGIN_FOLDERS:
        for plugin in sorted(folder.glob("libOrthancDicomWeb.so*")):
            return plugin
    return None


def _orthanc_configuration(folder: Path, port: int) -> str:
    return json.dumps(
        {
            "Name": "test",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "HttpPort": port,
            "HttpDescribeErrors": True,
            "KeepAlive": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomServerEnabled": False,
            "OverwriteInstances": False,
            "SaveJobs": False,
            "CheckRevisions": False,
            "Plugins": [str(_plugin())],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False},
        },
        indent=1,
    )


@contextmanager
def orthanc_behind_tls(
    tmp: Path,
    *,
    bearer: str | None = None,
    max_body_bytes: int = 0,
    address: str = "127.0.0.1",
) -> Iterator[OrthancServer]:
    """Orthanc behind nginx with TLS 1.3 at `address`, empty, until the block is left.

    `tmp` is a folder for this pair alone. With `bearer` the front answers 401 to every request
    that does not carry exactly this token, before the body is read; `max_body_bytes` makes it
    answer 413 (0: no limit).
    """
    for name in ("storage", "index"):
        (tmp / name).mkdir(parents=True, exist_ok=True)
    upstream = free_port()
    orthanc_json = tmp / "orthanc.json"
    orthanc_json.write_text(_orthanc_configuration(tmp, upstream))
    check = ""
    if bearer is not None:
        check = f'if ($http_authorization != "Bearer {bearer}") {{ return 401; }}'
    location = f"""{check}
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_read_timeout 600s;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;"""
    orthanc = start([str(program("Orthanc")), str(orthanc_json)], tmp / "orthanc.log")
    try:
        await_answer(f"http://127.0.0.1:{upstream}/system", None, orthanc)
        with front(
            tmp / "front", location=location, max_body_bytes=max_body_bytes, address=address
        ) as nginx:
            yield OrthancServer(
                dicomweb_url=f"{nginx.url}/dicom-web",
                rest_url=f"http://127.0.0.1:{upstream}",
                ca_file=nginx.ca_file,
                folder=tmp,
                bearer=bearer,
                process=orthanc,
            )
    finally:
        end(orthanc)
