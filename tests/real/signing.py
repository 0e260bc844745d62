"""An operator with a browser, and the process that signs them in to a running issuer."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from adapters.sessions import Way as Reach
from adapters.sessions import httpx_client
from adapters.signin import PastePrompt, SignInPrompt, Way
from adapters.upv.auth import Credential, credential
from adapters.upv.oidc import Realm
from adapters.upv.options import Settings
from tests.real.browser import Browser
from tests.real.issuers import RunningIssuer

NODE = "n"


@dataclass
class Operator:
    """A person at the keyboard with a browser elsewhere. The waiting of the program is their time:
    while it naps they do what was asked, and the clock moves."""

    browser: Browser
    way: Way = "browser"
    says_yes: bool = True
    prompts: list[SignInPrompt] = field(default_factory=list)
    pastes: list[PastePrompt] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)
    now: float = 1000.0
    open_prompts: int = 0
    is_slow: bool = False
    """Leaves every prompt where it is."""

    def show(self, prompt: SignInPrompt) -> None:
        self.prompts.append(prompt)
        self.open_prompts += 1

    def settled(self) -> None:
        self.open_prompts = 0

    async def paste(self, prompt: PastePrompt) -> str:
        self.pastes.append(prompt)
        # As a terminal of 60 columns gives it back.
        return textwrap.fill(await self._go(prompt.address), 60) + "\n"

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await self.think()
        self.now += seconds

    async def think(self) -> None:
        """What happens during a nap: the newest prompt is answered."""
        if self.open_prompts and not self.is_slow:
            self.open_prompts = 0
            await self._go(self.prompts[-1].address)

    async def _go(self, address: str) -> str:
        return await self.browser.go(address, says_yes=self.says_yes)

    def clock(self) -> float:
        return self.now


def write_config(home: Path, issuer: RunningIssuer, **table: object) -> None:
    """A home whose one node signs in there; it has a dataset-service unless told otherwise."""
    usual: dict[str, object] = {
        "kind": "upv",
        "dicomweb_url": "https://127.0.0.1:1/dicom-web",
        "issuer_url": issuer.issuer_url,
        "dataset_service_url": f"{issuer.issuer_url}/dataset-service/api",
        "paste_redirect_url": issuer.redirect_url("qpinsights"),
        "dataset_paste_redirect_url": issuer.redirect_url("dataset-explorer"),
        "auth": "oidc",
        "username": "ingester",
        "ca_file": str(issuer.ca_file),
        "destinations": ["SANDBOX|MAIN"],
    }
    lines = [f"{key} = {_toml(value)}" for key, value in (usual | table).items() if value != ""]
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text("\n".join([f"[nodes.{NODE}]", *lines, ""]))


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def store_at(home: Path, password: str = "") -> SecretStore:
    """The secrets of a home, as a process sees them that was handed this password."""
    store = SecretStore(home, environ={}, keyring=lambda: None)
    if password:
        store.hold(f"{NODE}.password", password)
    return store


@asynccontextmanager
async def process(
    home: Path, store: SecretStore, operator: Operator | None = None
) -> AsyncIterator[Credential]:
    """The credential of one process, over its own guarded connections."""
    settings = Settings.of(load_profiles(home)[NODE], home)
    client = httpx_client(Reach(node=NODE, ca_file=settings.ca_file))
    async with client:
        yield credential(
            settings,
            store,
            lambda: Realm(client, settings.issuer_url, node=NODE),
            person=operator,
            sleep=operator.sleep if operator else asyncio.sleep,
            clock=operator.clock if operator else lambda: 1000.0,
        )
