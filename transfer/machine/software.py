"""Python, the libraries and TLS: are they there, and new enough?"""

from __future__ import annotations

import hashlib
import platform
import re
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

from transfer.machine.host import THIS_HOST, YOU, Host
from transfer.machine.question import Question
from transfer.node import CheckResult
from transfer.programs import is_bundled
from transfer.values import ExitCode

PACKAGE = "eucaim-transfer"
LEAST_PYTHON = (3, 11)
# A name, perhaps extras, then the versions (PEP 508); a marker is dealt with before.
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^()]*)")
_CLAUSE = re.compile(r"(===|==|>=|<=|~=|!=|>|<)\s*([0-9][^\s,]*)")
_INSTALL = "Install the program again in an environment of its own, as docs/install.md says."


def check_python(running: tuple[int, ...] = tuple(sys.version_info[:3])) -> CheckResult:
    """Is this Python one that the program is made for?"""
    least, shown = _dotted(LEAST_PYTHON), _dotted(running)
    asked = Question("python", f"Asked the interpreter for its version; {least} is the least.")
    inside = ", inside the offline bundle" if is_bundled() else ""
    answer = f"{platform.python_implementation()} {shown}{inside}"
    if running[:2] < LEAST_PYTHON:
        return asked.fail(
            f"Python {shown} is too old for this program.",
            f"Install Python {least} or later, or use the offline bundle, which brings its own.",
            answer,
        )
    return asked.ok(f"Python {shown}{inside}.", answer)


def check_packages(path: Sequence[str] | None = None) -> CheckResult:
    """Are the libraries those that the installed program asks for in its own metadata?"""
    asked = Question(
        "packages", "Compared the installed libraries with what the installed program asks for."
    )
    demands = _demands(path)
    if demands is None and is_bundled():
        return asked.ok(
            "The libraries are those of the offline bundle, which keeps no list of them.",
            "no metadata in the bundle",
        )
    if demands is None:
        return asked.warn(
            "Which versions of the libraries are needed cannot be told: the program runs from a"
            " bare folder.",
            _INSTALL,
            f"no metadata of {PACKAGE}",
            YOU,
        )
    installed = installed_versions(path)
    answer = ", ".join(f"{name} {installed.get(name, 'missing')}" for name in (PACKAGE, *demands))
    wrong = [
        _wrong(name, installed.get(name), clauses)
        for name, clauses in demands.items()
        if not _satisfies(installed.get(name), clauses)
    ]
    if wrong:
        return asked.fail(
            f"The installation is not whole: {'; '.join(wrong)}.", _INSTALL, answer, YOU
        )
    return asked.ok(
        f"{PACKAGE} {installed[PACKAGE]} and its {len(demands)} libraries are there.", answer
    )


def installed_versions(path: Sequence[str] | None = None) -> Mapping[str, str]:
    """Version of each library in this environment (or in the folders `path`), by its name."""
    versions: dict[str, str] = {}
    for name, one in _distributions(path):
        # The first on the path is the one that is imported.
        versions.setdefault(name, one.version or "")
    return versions


def check_tls_library() -> CheckResult:
    """Can this Python, by this host's settings, speak TLS 1.3, which the nodes ask for?"""
    asked = Question(
        "tls-library", "Looked at the TLS library of this Python and at what its settings allow."
    )
    if not ssl.HAS_TLSv1_3:
        return asked.fail(
            f"{ssl.OPENSSL_VERSION} cannot do TLS 1.3, which the nodes ask for.",
            "Use the offline bundle, or a Python that is built with OpenSSL 1.1.1 or later.",
            ssl.OPENSSL_VERSION,
            exit_code=ExitCode.NETWORK,
        )
    most = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).maximum_version
    if most not in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3):
        return asked.fail(
            "This host's OpenSSL settings forbid TLS 1.3, which the nodes ask for.",
            "Have MaxProtocol taken out of openssl.cnf (or of the file that OPENSSL_CONF names).",
            f"{ssl.OPENSSL_VERSION}, at most {most.name}",
            exit_code=ExitCode.NETWORK,
        )
    return asked.ok(f"TLS 1.3 is there ({ssl.OPENSSL_VERSION}).", ssl.OPENSSL_VERSION)


def check_fips(host: Host = THIS_HOST) -> CheckResult:
    """Does FIPS mode, where it is on, leave what the nodes' protocols need?"""
    asked = Question("fips", "Read /proc/sys/crypto/fips_enabled and made an MD5 as a checksum.")
    if (host.text("/proc/sys/crypto/fips_enabled") or "").strip() != "1":
        return asked.ok("FIPS mode is off on this host.", "not enabled")
    try:
        hashlib.md5(b"", usedforsecurity=False)
    except ValueError:
        return asked.fail(
            "FIPS mode is on and forbids MD5 even as a checksum; files on an XNAT node are compared"
            " by it.",
            "Use the Python of the system, or the offline bundle, instead of this one.",
            "enabled, and no MD5",
        )
    return asked.ok("FIPS mode is on; all that is needed works.", "enabled")


def _distributions(path: Sequence[str] | None) -> Iterator[tuple[str, metadata.Distribution]]:
    found = metadata.distributions(path=list(path)) if path else metadata.distributions()
    for one in found:
        # A folder that was deleted by halves has a distribution without a name.
        if name := one.metadata["Name"]:
            yield _normal(name), one


def _demands(path: Sequence[str] | None) -> Mapping[str, str] | None:
    """What the program asks for by name; None where its metadata is missing.

    What stands behind a marker is optional here: an extra, or for another system.
    """
    for name, one in _distributions(path):
        if name == PACKAGE:
            return dict(_parsed(text) for text in one.requires or () if ";" not in text)
    return None


def _parsed(requirement: str) -> tuple[str, str]:
    found = _REQUIREMENT.match(requirement)
    return (_normal(found[1]), found[2].strip()) if found else (_normal(requirement), "")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _satisfies(version: str | None, clauses: str) -> bool:
    """Only least versions and pins are judged: a version above an upper bound may well do."""
    if version is None:
        return False
    mine = _numbers(version)
    for operator, wanted in _CLAUSE.findall(clauses):
        named = _numbers(wanted)
        if operator in (">=", "~=", ">") and mine < named:
            return False
        if operator in ("==", "===") and "*" not in wanted and mine != named:
            return False
    return True


def _wrong(name: str, version: str | None, clauses: str) -> str:
    if version is None:
        return f"{name} is missing"
    return f"{name} {version} is there, {clauses.replace(' ', '')} is asked for"


def _numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, as far as they go; zeros at the end do not count (PEP 440)."""
    parts: list[int] = []
    for part in version.split("+")[0].split("."):
        digits = re.match(r"[0-9]+", part)
        if digits is None:
            break
        parts.append(int(digits[0]))
        if digits[0] != part:
            break
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
