"""nginx that speaks TLS 1.3 only, on loopback, as the current user, below one temporary folder."""

from __future__ import annotations

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

from adapters.sandbox.ca import LOOPBACK
from tests.certificates import Authority

_SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_START_S = 60.0


@dataclass(frozen=True)
class Front:
    """A running nginx: its address, and the CA that vouches for it."""

    url: str
    ca_file: Path


def program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=":".join(_SBIN))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _configuration(
    folder: Path,
    *,
    address: str,
    port: int,
    certificate: Path,
    key: Path,
    location: str,
    max_body_bytes: int,
    client_ca: Path | None,
) -> str:
    scratch = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    demanding = ""
    if client_ca is not None:
        demanding = f"ssl_verify_client on;\n    ssl_client_certificate {client_ca};"
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
    listen {address}:{port} ssl;
    server_name localhost;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    {demanding}
    client_max_body_size {max_body_bytes};
    keepalive_timeout 75s;
    location / {{
      {location}
    }}
  }}
}}
"""


def start(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    guard = shutil.which("setpriv")
    prefix = [guard, "--pdeathsig", "KILL", "--"] if guard else []
    with log.open("wb") as output:
        return subprocess.Popen(
            [*prefix, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def await_answer(
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
def front(
    tmp: Path,
    *,
    location: str,
    max_body_bytes: int = 0,
    client_ca: Path | None = None,
    address: str = "127.0.0.1",
) -> Iterator[Front]:
    """nginx on a free port until the block is left; `location` is what it does with a request.

    With `client_ca` it lets nobody in without a certificate of that authority.
    """
    tmp.mkdir(parents=True, exist_ok=True)
    authority = Authority(tmp / "ca")
    issued = authority.issue(names=(*LOOPBACK, address))
    port = free_port()
    configuration = tmp / "nginx.conf"
    configuration.write_text(
        _configuration(
            tmp,
            address=address,
            port=port,
            certificate=issued.certificate,
            key=issued.key,
            location=location,
            max_body_bytes=max_body_bytes,
            client_ca=client_ca,
        )
    )
    process = start(
        [str(program("nginx")), "-p", str(tmp), "-c", str(configuration)], tmp / "nginx.out"
    )
    try:
        trusting = ssl.create_default_context(cafile=str(authority.ca_file))
        await_answer(f"https://{address}:{port}/", trusting, process)
        yield Front(f"https://{address}:{port}", authority.ca_file)
    finally:
        end(process)
