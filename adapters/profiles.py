"""Node profiles: the built-in ones, and what `config.toml` in the home says about them.

A profile's options are checked against what its kind of node knows; a missing option is no error
here but a finding of the doctor, with the text of the ticket that asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeGuard, cast

from adapters.kinds import known_kinds, option_defaults, option_types
from adapters.proxies import BY_ENVIRONMENT, ProxyOptions
from adapters.values import NO_PROXY_LIST, PROXY_ADDRESS, is_no_proxy, is_proxy_address, is_text
from transfer.errors import UsageError
from transfer.foreign_toml import parse_toml, read_bounded
from transfer.strict_modes import demand_ours

Gate = Literal["eucaim", "integrity"]
Deidentified = Literal["required", "as-is"]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
# Their secrets would lie under the names of others: proxy.password, key.passphrase, helpdesk.token.
_RESERVED = ("proxy", "key", "helpdesk")
_COMMON = (
    "kind",
    "gate",
    "deidentified",
    "ca_file",
    "patience_s",
    "proxy",
    "no_proxy",
    "proxy_username",
)
_LARGEST_BYTES = 256 * 1024
_LONGEST_PATIENCE_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class NodeProfile:
    """One reference node as configured. `options` are its kind's own, checked for type.

    `patience_s` is how long a transfer stands by while the whole node is in trouble; None leaves
    it to the engine. `proxy` is the way out of the house to this node and to every service that
    belongs to it.
    """

    name: str
    kind: str
    gate: Gate
    deidentified: Deidentified
    ca_file: Path | None = None
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    patience_s: float | None = None
    proxy: ProxyOptions = BY_ENVIRONMENT

    @property
    def address(self) -> str:
        """Where instances go; empty where it is still to be configured."""
        return str(self.options.get("dicomweb_url") or self.options.get("url") or "")


_BUILT_IN: Mapping[str, Mapping[str, object]] = {
    "upv": {
        "kind": "upv",
        "gate": "eucaim",
        "deidentified": "required",
        "issuer_url": "https://eucaim-node.i3m.upv.es/auth/realms/EUCAIM-NODE",
        "client_id": "qpinsights",
        "auth": "password",
        "dataset_service_url": "https://eucaim-node.i3m.upv.es/dataset-service/api",
        "qpinsights_url": "https://qpinsights.eucaim-node.i3m.upv.es/cases",
    },
    "health-ri": {
        "kind": "xnat",
        "gate": "eucaim",
        "deidentified": "required",
        "url": "https://xnat.health-ri.nl",
    },
}


def load_profiles(home: Path) -> Mapping[str, NodeProfile]:
    """The built-in profiles with the changes and additions of `home/config.toml`.

    Raises:
        UsageError: the file cannot be read, or says something that we do not know.
    """
    tables = {name: dict(table) for name, table in _BUILT_IN.items()}
    for name, table in _configured_nodes(home / "config.toml").items():
        if not _NAME.match(name):
            raise refused(
                f"[nodes.{shown(name)}] is no name for a node",
                "Use lower-case letters, digits and hyphens, at most 32.",
            )
        if name in _RESERVED:
            raise refused(
                f"[nodes.{name}] is a name that this program uses itself", "Choose another name."
            )
        if not isinstance(table, dict):
            raise refused(f"nodes.{name} is not a table", f"Begin it with [nodes.{name}].")
        built_in = tables.get(name, {})
        if "kind" in built_in and table.get("kind", built_in["kind"]) != built_in["kind"]:
            raise refused(
                f"[nodes.{name}] changes the kind of a built-in node",
                f"Leave kind out, or give your node a name other than {name}.",
            )
        tables[name] = {**built_in, **table}
    return MappingProxyType({name: _profile(name, table, home) for name, table in tables.items()})


def read_config(file: Path) -> Mapping[str, object]:
    """The sections of config.toml; none where there is no such file.

    Raises:
        UsageError: it cannot be read, others could change it, or it has a section that we do not
            know.
    """
    demand_ours(file, "The file config.toml")
    try:
        content: dict[str, object] = parse_toml(read_bounded(file, _LARGEST_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as cause:
        raise refused("it cannot be read", "Make it readable for this user.") from cause
    except ValueError as cause:
        place = re.search(r"\(at ([^)]*)\)", str(cause))
        where = f" (at {place[1]})" if place else ""
        raise refused(f"it is not valid TOML{where}", "Correct it there.") from cause
    for section in content:
        if section not in ("nodes", "helpdesk", "bandwidth"):
            raise refused(
                f"it has a section [{shown(section)}] that is not known",
                "Known is [nodes.<name>], one for each node, [helpdesk] and [bandwidth].",
            )
    return content


def _configured_nodes(file: Path) -> Mapping[str, object]:
    nodes = read_config(file).get("nodes", {})
    if not isinstance(nodes, dict):
        raise refused("nodes is not a table", "Write one [nodes.<name>] for each node.")
    return nodes


def _profile(name: str, table: Mapping[str, object], home: Path) -> NodeProfile:
    kind = _one_of(name, table, "kind", known_kinds())
    gate = _one_of(name, table, "gate", ("eucaim", "integrity"), "integrity")
    deidentified = _one_of(name, table, "deidentified", ("required", "as-is"), "as-is")
    ca_file = table.get("ca_file")
    if ca_file is not None and not (isinstance(ca_file, str) and ca_file):
        raise refused(f"ca_file of [nodes.{name}] is no path", 'Write it as ca_file = "ca.pem".')
    patience = table.get("patience_s")
    if patience is not None and not _is_patience(patience):
        raise refused(
            f"patience_s of [nodes.{name}] is not usable",
            f"Allowed is a number of seconds from 0 to {_LONGEST_PATIENCE_S}.",
        )
    options = {key: value for key, value in table.items() if key not in _COMMON}
    types = option_types(kind)
    for key, value in options.items():
        option = types.get(key)
        if option is None:
            known = ", ".join(sorted((*_COMMON, *types)))
            raise refused(
                f"[nodes.{name}] has the key {shown(key)}, which is not known",
                f"Known for kind {kind}: {known}.",
            )
        if not option.accepts(value):
            raise refused(f"{key} of [nodes.{name}] is not usable", f"Allowed is {option.allowed}.")
    return NodeProfile(
        name=name,
        kind=kind,
        gate=cast(Gate, gate),
        deidentified=cast(Deidentified, deidentified),
        ca_file=home / ca_file if ca_file else None,
        options=MappingProxyType({**option_defaults(kind), **options}),
        patience_s=None if patience is None else float(patience),
        proxy=read_proxy(f"[nodes.{name}]", table),
    )


def read_proxy(where: str, table: Mapping[str, object]) -> ProxyOptions:
    """The way out of the house that a table of config.toml names; `where` is its heading.

    Raises:
        UsageError: it cannot be used.
    """
    checks: tuple[tuple[str, Callable[[object], bool], str], ...] = (
        ("proxy", is_proxy_address, PROXY_ADDRESS),
        ("no_proxy", is_no_proxy, NO_PROXY_LIST),
        ("proxy_username", is_text, "a text; the password is the secret proxy.password"),
    )
    for key, accepts, allowed in checks:
        if key in table and not accepts(table[key]):
            raise refused(f"{key} of {where} is not usable", f"Allowed is {allowed}.")
    return ProxyOptions(
        proxy=cast(str, table.get("proxy", "")),
        no_proxy=tuple(cast("list[str]", table.get("no_proxy", []))),
        username=cast(str, table.get("proxy_username", "")),
        heading=where,
    )


def _is_patience(value: object) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value <= _LONGEST_PATIENCE_S


def _one_of(
    name: str,
    table: Mapping[str, object],
    key: str,
    allowed: Sequence[str],
    default: str | None = None,
) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or value not in allowed:
        said = "is missing" if value is None else "is not usable"
        raise refused(f"{key} of [nodes.{name}] {said}", f"Allowed is {' | '.join(allowed)}.")
    return value


def shown(text: str) -> str:
    """A key of somebody's file, safe and short enough for one line of a message."""
    return "".join(c if c.isprintable() else "?" for c in text)[:40]


def refused(what: str, remedy: str) -> UsageError:
    """What is wrong with config.toml, and what to do."""
    return UsageError(f"config.toml cannot be used: {what}.", remedy)
