"""What config.toml may say about a UPV node, and what it must.

Whatever is not public about QP-Insights (its DICOMweb root, how project, subject and timepoint
travel with a request, its limits) is an option here and nowhere an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from adapters.kinds import Option
from adapters.probe.target import YOU
from adapters.proxies import ProxyOptions
from adapters.tls import ClientCertificate
from adapters.upv.clinical_options import (
    CLINICAL_OPTIONS,
    ClinicalSettings,
    lacking,
    needs_timepoint,
)
from adapters.upv.question import CLINICAL_QUESTION, QUESTION
from adapters.values import HTTPS_ADDRESS, is_https_address, is_number, is_text, is_whole
from transfer.node import CheckResult
from transfer.values import ExitCode

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

Auth = Literal["none", "basic", "token", "password", "oidc"]
_AUTHS = ("none", "basic", "token", "password", "oidc")
_PLACES = frozenset({"project", "subproject", "timepoint"})
_FIELD = re.compile(r"\{([^{}]*)\}")
# RFC 9110 5.1; a header that the request makes itself cannot be configured.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_OUR_HEADERS = frozenset(
    {"authorization", "content-length", "content-type", "host", "transfer-encoding", "connection"}
)


def _is_templates(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_text(key) and isinstance(text, str) and set(_FIELD.findall(text)) <= _PLACES
        for key, text in value.items()
    )


def _is_header_templates(value: object) -> bool:
    return _is_templates(value) and all(
        _HEADER_NAME.match(key)
        and key.lower() not in _OUR_HEADERS
        and text.isascii()
        and (text == "" or text.isprintable())
        for key, text in cast("dict[str, str]", value).items()
    )


def _is_destinations(value: object) -> bool:
    return isinstance(value, list) and all(is_text(entry) for entry in value)


_TEMPLATES = "a table of texts, in which {project}, {subproject} and {timepoint} are filled in"

OPTIONS: Mapping[str, Option] = {
    "dicomweb_url": Option(is_https_address, HTTPS_ADDRESS),
    "issuer_url": Option(is_https_address, HTTPS_ADDRESS),
    "dataset_service_url": Option(is_https_address, HTTPS_ADDRESS),
    "qpinsights_url": Option(is_https_address, HTTPS_ADDRESS),
    "client_id": Option(is_text, "the name of an OIDC client"),
    "dataset_client_id": Option(is_text, "the name of an OIDC client"),
    "paste_redirect_url": Option(is_https_address, HTTPS_ADDRESS),
    "dataset_paste_redirect_url": Option(is_https_address, HTTPS_ADDRESS),
    "auth": Option(lambda value: value in _AUTHS, " | ".join(_AUTHS)),
    "username": Option(is_text, "a text"),
    "stow_query": Option(_is_templates, _TEMPLATES),
    "stow_headers": Option(_is_header_templates, _TEMPLATES),
    "project_field": Option(is_text, "the name of a query field"),
    "timepoint_field": Option(is_text, "the name of a query field"),
    "timepoint": Option(is_text, "a text"),
    "destinations": Option(_is_destinations, 'a list like ["PROJECT|SUBPROJECT"]'),
    "can_list": Option(
        lambda value: isinstance(value, bool) or value == "ask", 'true, false or "ask"'
    ),
    "listing_delay_s": Option(is_number(0, 86_400), "a number of seconds from 0 to 86400"),
    "max_batch_bytes": Option(is_whole(1, 1 << 40), "a number of bytes"),
    "max_batch_instances": Option(is_whole(1, 10_000), "a whole number from 1 to 10000"),
    "max_concurrency": Option(is_whole(1, 64), "a whole number from 1 to 64"),
    "client_certificate": Option(is_text, "the path of a PEM file"),
    "client_key": Option(is_text, "the path of a PEM file"),
    "connect_timeout_s": Option(is_number(0.1, 600), "a number of seconds from 0.1 to 600"),
    "read_timeout_s": Option(is_number(0.1, 3600), "a number of seconds from 0.1 to 3600"),
    **CLINICAL_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Audience:
    """One of the things that a person signs in for, with an OIDC client and a token of its own.

    `token` names its secret in the store. `paste_redirect_url` is where the browser is sent back
    to when its address is to be pasted; empty where that is not known.
    """

    purpose: str
    client_id: str
    token: str
    paste_redirect_url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one node with their defaults filled in and paths made absolute.

    `datasets` is None where the node has no dataset-service: then one sign-in is all.
    `qpinsights_url` is the page where a person exports datasets; empty where it is not known.
    `offers_paste`: pasting an address back is switched on in config.toml.
    """

    name: str
    home: Path
    dicomweb_url: str
    issuer_url: str
    dataset_service_url: str
    qpinsights_url: str
    images: Audience
    datasets: Audience | None
    offers_paste: bool
    auth: Auth
    username: str
    stow_query: Mapping[str, str]
    stow_headers: Mapping[str, str]
    timepoint: str
    destinations: Sequence[str]
    can_list: bool | Literal["ask"]
    listing_delay_s: float
    max_batch_bytes: int
    max_batch_instances: int
    max_concurrency: int
    ca_file: Path | None
    client_certificate: ClientCertificate | None
    proxy: ProxyOptions
    connect_timeout_s: float
    read_timeout_s: float
    clinical: ClinicalSettings
    clinical_lacks: Sequence[tuple[str, str]]

    @property
    def masked_authorization(self) -> str | None:
        """The header of a request that is written down instead of sent."""
        schemes = {"none": None, "basic": "Basic ***"}
        return schemes.get(self.auth, "Bearer ***")

    @classmethod
    def of(cls, profile: NodeProfile, home: Path) -> Settings:
        """From a profile whose options were checked when it was loaded."""
        given: Mapping[str, Any] = profile.options
        query = dict(given.get("stow_query", {}))
        if "project_field" in given:
            query.setdefault(given["project_field"], "{project}")
        if "timepoint_field" in given:
            query.setdefault(given["timepoint_field"], "{timepoint}")
        certificate = None
        if "client_certificate" in given:
            key = given.get("client_key")
            certificate = ClientCertificate(
                home / given["client_certificate"], home / key if key else None
            )
        datasets = _datasets(profile.name, given)
        return cls(
            name=profile.name,
            home=home,
            dicomweb_url=given.get("dicomweb_url", "").rstrip("/"),
            issuer_url=given.get("issuer_url", "").rstrip("/"),
            dataset_service_url=given.get("dataset_service_url", "").rstrip("/"),
            qpinsights_url=given.get("qpinsights_url", ""),
            images=Audience(
                purpose="images" if datasets else "",
                client_id=given.get("client_id", "qpinsights"),
                token=f"{profile.name}.token",
                paste_redirect_url=given.get("paste_redirect_url", ""),
            ),
            datasets=datasets,
            offers_paste="paste_redirect_url" in given,
            auth=given.get("auth", "none"),
            username=given.get("username", ""),
            stow_query=query,
            stow_headers=dict(given.get("stow_headers", {})),
            timepoint=given.get("timepoint", ""),
            destinations=tuple(given.get("destinations", ())),
            can_list=given.get("can_list", "ask"),
            listing_delay_s=float(given.get("listing_delay_s", 60.0)),
            max_batch_bytes=given.get("max_batch_bytes", 16 * 1024 * 1024),
            max_batch_instances=given.get("max_batch_instances", 64),
            max_concurrency=given.get("max_concurrency", 8),
            ca_file=profile.ca_file,
            client_certificate=certificate,
            proxy=profile.proxy,
            connect_timeout_s=float(given.get("connect_timeout_s", 15.0)),
            read_timeout_s=float(given.get("read_timeout_s", 300.0)),
            clinical=ClinicalSettings.of(given),
            clinical_lacks=lacking(given),
        )


def _datasets(node: str, given: Mapping[str, Any]) -> Audience | None:
    service = given.get("dataset_service_url", "").rstrip("/")
    if not service:
        return None
    # The client takes any address below its root; this one shows a line of text to anybody
    # (upv-node.md 3).
    usual = f"{service}/version"
    return Audience(
        purpose="datasets",
        client_id=given.get("dataset_client_id", "dataset-explorer"),
        token=f"{node}.datasets.token",
        paste_redirect_url=given.get("dataset_paste_redirect_url", usual),
    )


_TICKET = (
    f'Ask the helpdesk (https://help.cancerimage.eu, group Reference nodes): "{QUESTION}" '
    "Then set dicomweb_url of [nodes.{name}] in config.toml."
)


def configuration_findings(
    profile: NodeProfile, *, for_sign_in: bool = False
) -> Sequence[CheckResult]:
    """What is missing, each with its remedy; a single ok when nothing is. `for_sign_in`: what the
    images alone need may still be missing; the account comes before the ticket that asks for it."""
    findings = []
    if not profile.options.get("dicomweb_url") and not for_sign_in:
        findings.append(
            _missing("The node's DICOMweb address is not known.", _TICKET.format(name=profile.name))
        )
    if profile.options.get("auth", "none") in ("password", "oidc") and not profile.options.get(
        "issuer_url"
    ):
        findings.append(
            _missing(
                "The address where one signs in is not known.",
                f"Set issuer_url of [nodes.{profile.name}] in config.toml to the realm's address, "
                "or choose another auth.",
            )
        )
    templates: dict[str, str] = {}
    for key in ("stow_query", "stow_headers"):
        templates.update(cast("Mapping[str, str]", profile.options.get(key, {})))
    names_timepoint = (
        "timepoint_field" in profile.options
        or any("{timepoint}" in text for text in templates.values())
        or needs_timepoint(profile.options)
    )
    if names_timepoint and not profile.options.get("timepoint") and not for_sign_in:
        findings.append(
            _missing(
                "The requests are to name a timepoint, but none is configured.",
                f"Set timepoint of [nodes.{profile.name}] in config.toml; the UPV node's projects "
                'have "Diagnosis" unless more were asked for.',
            )
        )
    if "client_key" in profile.options and "client_certificate" not in profile.options:
        findings.append(
            _missing(
                "There is a key for a client certificate but no certificate.",
                f"Set client_certificate of [nodes.{profile.name}] in config.toml as well.",
            )
        )
    if not findings:
        findings.append(CheckResult("configuration", "ok", "The configuration is complete."))
    # The images can go without it.
    for key, unknown in lacking(profile.options):
        remedy = clinical_remedy(profile.name, key)
        findings.append(CheckResult("clinical", "warn", unknown, remedy, whom=YOU))
    return findings


def clinical_remedy(name: str, key: str = "eform_url or clinical_url") -> str:
    """What to do about a missing address for clinical data, with the question to be asked."""
    return (
        f'Ask the helpdesk (https://help.cancerimage.eu, group Reference nodes): "'
        f'{CLINICAL_QUESTION}" Then set {key} of [nodes.{name}] in config.toml; or set '
        'clinical_mode = "handover" there, and upload the checked files by hand.'
    )


def _missing(message: str, remedy: str) -> CheckResult:
    return CheckResult("configuration", "fail", message, remedy, ExitCode.USAGE)
