"""Debian's squid as a hospital's forward proxy, on loopback, with everything below one folder.

It looks names up in a hosts file of its own, so that a node can have a name that only the proxy
knows: whoever gets there went through it. Being root's, it runs as Debian's account `proxy`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.certificates import Issued
from tests.faults.processes import await_until
from tests.real.front import end, free_port, program

HIDDEN = "node.eucaim.test"
"""A name that squid finds on loopback, and nobody else finds at all (RFC 6761: .test)."""
USERNAME = "hospital-proxy"
PASSWORD = "pröxy-word:@%"

_HELPERS = Path("/usr/lib/squid")
_ACCOUNT = "proxy"
_START_S = 60.0
Login = Literal["none", "basic", "windows"]


@dataclass(frozen=True)
class Asked:
    """One line of squid's access log."""

    method: str
    target: str
    status: int
    user: str


@dataclass(frozen=True)
class Squid:
    """A running squid. `tls_url` is its port with TLS, where it has one."""

    url: str
    tls_url: str
    folder: Path

    def asked(self) -> list[Asked]:
        """What was asked of it; a tunnel is there once it has been closed."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [Asked(m, t, int(s), u) for m, t, s, u in (line.split() for line in lines)]

    def await_asked(self, count: int) -> list[Asked]:
        """The same, once there are at least so many."""
        return await_until(
            lambda: self.asked() if len(self.asked()) >= count else [], "squid has written its log"
        )


def missing_software() -> str:
    """What is not installed, as a reason to skip; empty when all is there."""
    if program("squid") is None or not (_HELPERS / "basic_ncsa_auth").exists():
        return "no squid: apt-get install squid"
    return ""


def _login(folder: Path, login: Login) -> str:
    if login == "windows":
        # Helpers that would believe anything; here it is the question that counts.
        helper = _HELPERS / "ntlm_fake_auth"
        return f"""
auth_param negotiate program {helper}
auth_param negotiate children 1
auth_param ntlm program {helper}
auth_param ntlm children 1
acl known proxy_auth REQUIRED
http_access allow known"""
    if login == "basic":
        return f"""
auth_param basic program {_HELPERS}/basic_ncsa_auth {folder}/passwords
auth_param basic children 1
auth_param basic realm the hospital, all of it
auth_param basic utf8 off
acl known proxy_auth REQUIRED
http_access allow known"""
    return "http_access allow all"


def _configuration(
    folder: Path, port: int, login: Login, forbidden: Sequence[int], tls: tuple[int, Issued] | None
) -> str:
    ports = " ".join(str(n) for n in forbidden)
    denied = f"acl forbidden port {ports}\nhttp_access deny forbidden" if ports else ""
    second = ""
    if tls is not None:
        second = f"https_port 127.0.0.1:{tls[0]} tls-cert={folder}/tls.pem tls-key={folder}/tls.key"
    return f"""
http_port 127.0.0.1:{port}
{second}
pid_filename none
logformat short %rm %ru %>Hs %un
access_log stdio:{folder}/access.log short
cache_log {folder}/cache.log
coredump_dir {folder}
hosts_file {folder}/hosts
cache deny all
cache_mem 1 MB
max_filedescriptors 1024
pinger_enable off
shutdown_lifetime 0 seconds
connect_timeout 5 seconds
{denied}
{_login(folder, login)}
http_access deny all
"""


def _hash(password: str) -> str:
    """As basic_ncsa_auth reads it: crypt(3) in SHA-512."""
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=password,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@contextmanager
def squid(
    *,
    login: Login = "none",
    forbidden: Sequence[int] = (),
    certificate: Issued | None = None,
    port: int | None = None,
) -> Iterator[Squid]:
    """squid on a free port, or that one, until the block is left; CONNECT to `forbidden` ports is
    refused.

    With `basic` it wants USERNAME and PASSWORD, with `windows` Negotiate or NTLM. With a
    `certificate` it has a second port that speaks TLS.
    """
    # Not pytest's own folders: these are closed to squid's account.
    folder = Path(tempfile.mkdtemp(prefix="eucaim-squid-"))
    try:
        port = port or free_port()
        tls = None if certificate is None else (free_port(), certificate)
        (folder / "hosts").write_text(f"127.0.0.1 localhost {HIDDEN}\n")
        (folder / "passwords").write_text(f"{USERNAME}:{_hash(PASSWORD)}\n")
        (folder / "access.log").touch()
        if certificate is not None:
            shutil.copyfile(certificate.certificate, folder / "tls.pem")
            shutil.copyfile(certificate.key, folder / "tls.key")
        configuration = folder / "squid.conf"
        configuration.write_text(_configuration(folder, port, login, forbidden, tls))
        prefix = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            prefix += ["--reuid", _ACCOUNT, "--regid", _ACCOUNT, "--clear-groups"]
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, _ACCOUNT, _ACCOUNT)
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [*prefix, "--", str(program("squid")), "-N", "-f", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        try:
            _await_start(folder / "cache.log", process)
            yield Squid(
                f"http://127.0.0.1:{port}",
                f"https://127.0.0.1:{tls[0]}" if tls else "",
                folder,
            )
        finally:
            end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await_start(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Return once it accepts connections, as its own log says."""
    deadline = time.monotonic() + _START_S
    while True:
        said = log.read_text(errors="replace") if log.exists() else ""
        if re.search("Accepting HTTP Socket", said):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"squid did not start: {said[-2000:]}")
        time.sleep(0.02)
