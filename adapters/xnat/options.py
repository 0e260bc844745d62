"""What config.toml may say about an XNAT node, and what it must."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adapters.kinds import Option
from adapters.proxies import ProxyOptions
from adapters.tls import ClientCertificate
from adapters.values import (
    HTTPS_ADDRESS,
    is_https_address,
    is_number,
    is_text,
    is_whole,
)
from transfer.node import CheckResult
from transfer.values import ExitCode

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

PROJECT_ID = re.compile(r"[A-Za-z0-9_-]+\Z")
"""What XNAT takes as the ID of a project; anything else it answers with 417."""


def _is_projects(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, str) and PROJECT_ID.match(entry) for entry in value
    )


def _is_label(value: object) -> bool:
    return isinstance(value, str) and PROJECT_ID.match(value) is not None


OPTIONS: Mapping[str, Option] = {
    "url": Option(is_https_address, HTTPS_ADDRESS),
    "auth": Option(lambda value: value == "password", "password"),
    "username": Option(is_text, "a text"),
    "provider": Option(is_text, "the name of a sign-in provider, such as ldap"),
    "destinations": Option(_is_projects, 'a list of project IDs like ["MYPROJECT"]'),
    "listing_delay_s": Option(is_number(0, 86_400), "a number of seconds from 0 to 86400"),
    "max_batch_bytes": Option(is_whole(1, 1 << 40), "a number of bytes"),
    "max_batch_instances": Option(is_whole(1, 100_000), "a whole number from 1 to 100000"),
    "max_concurrency": Option(is_whole(1, 16), "a whole number from 1 to 16"),
    "client_certificate": Option(is_text, "the path of a PEM file"),
    "client_key": Option(is_text, "the path of a PEM file"),
    "connect_timeout_s": Option(is_number(0.1, 600), "a number of seconds from 0.1 to 600"),
    "read_timeout_s": Option(is_number(0.1, 3600), "a number of seconds from 0.1 to 3600"),
    "clinical_level": Option(
        lambda value: value in ("both", "project", "subject"), "both, project or subject"
    ),
    "clinical_label": Option(_is_label, "letters, digits, _ and -, such as clinical"),
    "archive_patience_s": Option(is_number(1, 86_400), "a number of seconds from 1 to 86400"),
}

DEFAULTS: Mapping[str, object] = MappingProxyType({"auth": "password"})
"""What holds for a node whose table does not say; `login` asks for a password by it."""

# About a minute at the 35 Mbit/s that a lane of a hospital's line gives, so that a cut line costs
# no more. Where the line is slower the runner takes less of a batch at a time.
_BATCH_BYTES = 256 * 1024 * 1024
_BATCH_INSTANCES = 2000


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one node with their defaults filled in and paths made absolute.

    `archive_patience_s` is how long the node may build or archive one Study. Clinical data go to
    resources labelled `clinical_label`, of the project, of each subject, or of both.
    """

    name: str
    url: str
    username: str
    provider: str
    destinations: Sequence[str]
    listing_delay_s: float
    max_batch_bytes: int
    max_batch_instances: int
    max_concurrency: int
    ca_file: Path | None
    client_certificate: ClientCertificate | None
    proxy: ProxyOptions
    connect_timeout_s: float
    read_timeout_s: float
    archive_patience_s: float
    clinical_level: str
    clinical_label: str

    @classmethod
    def of(cls, profile: NodeProfile, home: Path) -> Settings:
        """From a profile whose options were checked when it was loaded."""
        given: Mapping[str, Any] = profile.options
        certificate = None
        if "client_certificate" in given:
            key = given.get("client_key")
            certificate = ClientCertificate(
                home / given["client_certificate"], home / key if key else None
            )
        return cls(
            name=profile.name,
            url=given.get("url", "").rstrip("/"),
            username=given.get("username", ""),
            provider=given.get("provider", ""),
            destinations=tuple(given.get("destinations", ())),
            listing_delay_s=float(given.get("listing_delay_s", 30.0)),
            max_batch_bytes=given.get("max_batch_bytes", _BATCH_BYTES),
            max_batch_instances=given.get("max_batch_instances", _BATCH_INSTANCES),
            max_concurrency=given.get("max_concurrency", 4),
            ca_file=profile.ca_file,
            client_certificate=certificate,
            proxy=profile.proxy,
            connect_timeout_s=float(given.get("connect_timeout_s", 15.0)),
            read_timeout_s=float(given.get("read_timeout_s", 300.0)),
            archive_patience_s=float(given.get("archive_patience_s", 3600.0)),
            clinical_level=given.get("clinical_level", "both"),
            clinical_label=given.get("clinical_label", "clinical"),
        )


def configuration_findings(profile: NodeProfile) -> Sequence[CheckResult]:
    """What is missing, each with its remedy; a single ok when nothing is."""
    findings = []
    if not profile.options.get("url"):
        findings.append(
            _missing(
                "The node's address is not known.",
                f"Set url of [nodes.{profile.name}] in config.toml to the address that one opens "
                "in the browser.",
            )
        )
    if "client_key" in profile.options and "client_certificate" not in profile.options:
        findings.append(
            _missing(
                "There is a key for a client certificate but no certificate.",
                f"Set client_certificate of [nodes.{profile.name}] in config.toml as well.",
            )
        )
    return findings or [CheckResult("configuration", "ok", "The configuration is complete.")]


def _missing(message: str, remedy: str) -> CheckResult:
    return CheckResult("configuration", "fail", message, remedy, ExitCode.USAGE)
