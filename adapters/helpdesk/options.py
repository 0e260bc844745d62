"""Where the helpdesk is: what `[helpdesk]` of config.toml says, else EUCAIM's public one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from adapters.kinds import Option
from adapters.profiles import read_config, read_proxy, refused
from adapters.proxies import BY_ENVIRONMENT, ProxyOptions
from adapters.values import HTTPS_ADDRESS, is_https_address, is_number, is_text

URL: Final = "https://help.cancerimage.eu"
WITHOUT_ACCOUNT: Final = "https://dashboard.eucaim.cancerimage.eu/helpdesk"
TOKEN: Final = "helpdesk.token"  # noqa: S105 (the name of the secret, not the secret)
_HEADING: Final = "[helpdesk]"
_OPTIONS: Final[Mapping[str, Option]] = {
    "url": Option(is_https_address, HTTPS_ADDRESS),
    "mail": Option(
        lambda value: is_text(value) and "@" in cast(str, value) and " " not in cast(str, value),
        "the address that takes the helpdesk's mail",
    ),
    "ca_file": Option(is_text, "the path of a PEM file"),
    "connect_timeout_s": Option(is_number(0.1, 600), "a number of seconds from 0.1 to 600"),
    "read_timeout_s": Option(is_number(0.1, 3600), "a number of seconds from 0.1 to 3600"),
}
_PROXY: Final = ("proxy", "no_proxy", "proxy_username")


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How the helpdesk is reached. `mail` is where it takes messages, empty where that is not
    known; `without_account` the web form for whoever has no account there, empty for another
    helpdesk than EUCAIM's."""

    url: str = URL
    mail: str = ""
    ca_file: Path | None = None
    proxy: ProxyOptions = BY_ENVIRONMENT
    connect_timeout_s: float = 15.0
    read_timeout_s: float = 60.0

    @property
    def without_account(self) -> str:
        return WITHOUT_ACCOUNT if self.url == URL else ""


def load_helpdesk(config_folder: Path) -> DeskSettings:
    """The helpdesk of this home.

    Raises:
        UsageError: config.toml cannot be used.
    """
    table = read_config(config_folder / "config.toml").get("helpdesk", {})
    if not isinstance(table, dict):
        raise refused("helpdesk is not a table", f"Begin it with {_HEADING}.")
    for key, value in table.items():
        if key in _PROXY:
            continue
        option = _OPTIONS.get(key)
        if option is None:
            known = ", ".join((*_OPTIONS, *_PROXY))
            raise refused(f"{_HEADING} has a key that is not known", f"Known are: {known}.")
        if not option.accepts(value):
            raise refused(f"{key} of {_HEADING} is not usable", f"Allowed is {option.allowed}.")
    ca_file = table.get("ca_file")
    return DeskSettings(
        url=str(table.get("url", URL)).rstrip("/"),
        mail=str(table.get("mail", "")),
        ca_file=config_folder / ca_file if ca_file else None,
        proxy=read_proxy(_HEADING, table),
        connect_timeout_s=float(table.get("connect_timeout_s", 15.0)),
        read_timeout_s=float(table.get("read_timeout_s", 60.0)),
    )
