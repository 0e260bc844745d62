"""Orthanc with its DICOMweb plugin behind nginx that speaks TLS 1.3 only, on loopback.

Both come from Debian (orthanc, orthanc-dicomweb, nginx), run as the current user with everything
below one temporary folder, and are ended when the `with` block is left, however it is left; should
the test process itself be killed, the kernel ends them (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.certificates import Authority

_PLUGIN_FOLDERS = (
    Path("/usr/share/orthanc/plugins"),
    Path("/usr/lib/orthanc"),
    Path("/usr/local/share/orthanc/plugins"),
)
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_START_S = 60.0


@dataclass(frozen=True)
class OrthancServer:
    """A running pair. `rest_url` is Orthanc's own API without TLS, for looking behind the front."""

    dicomweb_url: str
    rest_url: str
    ca_file: Path
    folder: Path
    bearer: str | None

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
    if _program("Orthanc") is None:
        return "Debian's package orthanc is not installed"
    if _plugin() is None:
        return "Debian's package orthanc-dicomweb is not installed"
    if _program("nginx") is None:
        return "Debian's package nginx is not installed"
    return ""


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=":".join(_SBIN))


def _plugin() -> Path | None:
    for folder in _PLUGIN_FOLDERS:
        for plugin in sorted(folder.glob("libOrthancDicomWeb.so*")):
            return plugin
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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


def _nginx_configuration(
    folder: Path,
    *,
    port: int,
    upstream: int,
    certificate: Path,
    key: Path,
    bearer: str | None,
    max_body_bytes: int,
) -> str:
    check = ""
    if bearer is not None:
        check = f'if ($http_authorization != "Bearer {bearer}") {{ return 401; }}'
    scratch = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    # One process without a master: ending it ends all of nginx.
    return f"""
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
{scratch}
  access_log off;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name localhost;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    client_max_body_size {max_body_bytes};
    keepalive_timeout 75s;
    location / {{
      {check}
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_read_timeout 600s;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""


def _start(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    guard = shutil.which("setpriv")
    prefix = [guard, "--pdeathsig", "KILL", "--"] if guard else []
    with log.open("wb") as output:
        return subprocess.Popen(
            [*prefix, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_answer(
    url: str, context: ssl.SSLContext | None, process: subprocess.Popen[bytes]
) -> None:
    """Ask until the server answers anything at all; a server that ended is not waited for."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    opener = urllib.request.build_opener(*handlers)
    deadline = time.monotonic() + _START_S
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"server ended at once with code {process.returncode}")
        try:
            with opener.open(url, timeout=5):
                return
        except urllib.error.HTTPError as answered:
            answered.close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def orthanc_behind_tls(
    tmp: Path, *, bearer: str | None = None, max_body_bytes: int = 0
) -> Iterator[OrthancServer]:
    """Orthanc behind nginx with TLS 1.3 on a free loopback port, empty, until the block is left.

    `tmp` is a folder for this pair alone. With `bearer` the front answers 401 to every request
    that does not carry exactly this token, before the body is read; `max_body_bytes` makes it
    answer 413 (0: no limit).
    """
    for name in ("storage", "index", "front"):
        (tmp / name).mkdir(parents=True, exist_ok=True)
    authority = Authority(tmp / "ca")
    issued = authority.issue()
    upstream, port = _free_port(), _free_port()

    orthanc_json = tmp / "orthanc.json"
    orthanc_json.write_text(_orthanc_configuration(tmp, upstream))
    nginx_conf = tmp / "front" / "nginx.conf"
    nginx_conf.write_text(
        _nginx_configuration(
            tmp / "front",
            port=port,
            upstream=upstream,
            certificate=issued.certificate,
            key=issued.key,
            bearer=bearer,
            max_body_bytes=max_body_bytes,
        )
    )
    started: list[subprocess.Popen[bytes]] = []
    try:
        orthanc = _start([str(_program("Orthanc")), str(orthanc_json)], tmp / "orthanc.log")
        started.append(orthanc)
        _await_answer(f"http://127.0.0.1:{upstream}/system", None, orthanc)
        front = _start(
            [str(_program("nginx")), "-p", str(tmp / "front"), "-c", str(nginx_conf)],
            tmp / "front" / "nginx.out",
        )
        started.append(front)
        trusting = ssl.create_default_context(cafile=str(authority.ca_file))
        _await_answer(f"https://127.0.0.1:{port}/system", trusting, front)
        yield OrthancServer(
            dicomweb_url=f"https://127.0.0.1:{port}/dicom-web",
            rest_url=f"http://127.0.0.1:{upstream}",
            ca_file=authority.ca_file,
            folder=tmp,
            bearer=bearer,
        )
    finally:
        for process in reversed(started):
            _end(process)
