"""Each way by which the program sends a secret or a patient's data out of the house.

All of them are the program's own code as a command would run it, with a secret and, where the way
carries any, a body; `KEPT` is what nobody may ever see who is not the node.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from adapters.bulk_transport import with_body
from adapters.helpdesk.options import TOKEN, load_helpdesk
from adapters.helpdesk.zammad import Attachment, Helpdesk
from adapters.profiles import load_profiles
from adapters.proxies import rules_from
from adapters.registry import open_node
from adapters.secrets import SecretStore
from adapters.sessions import Way, httpx_client, requests_session
from adapters.translate import translate
from tests.conformance.made import fresh_series, made
from transfer.errors import NodeError
from transfer.node import Batch, Node
from transfer.tickets import TicketText

PASSWORD: Final = "do-not-lose-me"
BODY: Final = b"bytes of a patient"


@dataclass(frozen=True)
class Target:
    """What config.toml says of the other side."""

    url: str
    folder: Path
    ca_file: Path
    more: str = ""

    def write(self, table: str, lines: str = "") -> Path:
        """A home whose config.toml has this table."""
        head = f'[{table}]\nca_file = "{self.ca_file}"\nconnect_timeout_s = 5\nread_timeout_s = 5\n'
        (self.folder / "config.toml").write_text(f"{head}{self.more}\n{lines}\n")
        return self.folder


async def bulk(target: Target) -> None:
    """The client of bulk bytes, with a body that a thread draws."""

    def pieces() -> Iterator[bytes]:
        yield BODY

    way = _way(target)
    async with _told(), httpx_client(way) as client:
        headers = {"Authorization": f"Bearer {PASSWORD}", "Content-Length": str(len(BODY))}
        request = client.build_request("POST", f"{target.url}/studies", headers=headers)
        response = await client.send(with_body(request, (piece for piece in pieces())))
        await response.aread()


async def library(target: Target) -> None:
    """The session that dicomweb-client and xnatpy are given."""

    def post() -> None:
        way = _way(target)
        with requests_session(target.url, way, lambda: f"Bearer {PASSWORD}") as session:
            session.post(f"{target.url}/studies", data=BODY)

    async with _told():
        await asyncio.to_thread(post)


async def stow(target: Target) -> None:
    """A batch to a DICOMweb node, with name and password in its head."""
    lines = (
        f'kind = "upv"\nauth = "basic"\nusername = "us"\ndicomweb_url = "{target.url}/dicom-web"'
    )
    async with _node(target, lines) as node:
        await node.send(Batch(1, "", [made(fresh_series())]), lambda _: None)


async def oidc(target: Target) -> None:
    """The sign-in at a realm, with name and password."""
    lines = f'kind = "upv"\nauth = "password"\nusername = "us"\nissuer_url = "{target.url}/realm"\n'
    async with _node(target, f'{lines}dicomweb_url = "{target.url}/dicom-web"') as node:
        await node.sign_in()


async def xnat(target: Target) -> None:
    """The sign-in at XNAT, with name and password."""
    async with _node(target, f'kind = "xnat"\nurl = "{target.url}"\nusername = "us"') as node:
        await node.sign_in()


async def helpdesk(target: Target) -> None:
    """A ticket with an attachment, and the token that signs it."""
    home = target.write("helpdesk", f'url = "{target.url}"')
    secrets = SecretStore(home, environ={}, keeps=False)
    secrets.hold(TOKEN, PASSWORD)
    desk = Helpdesk(load_helpdesk(home), secrets, environ={})
    text = TicketText("project", "A title", "A group", "Another", "Words", "ET-AAAAAAAAAA")
    try:
        await desk.open_ticket(text, [Attachment("a.txt", "text/plain", BODY)])
    finally:
        await desk.aclose()


WAYS: Final[tuple[Callable[[Target], Awaitable[None]], ...]] = (
    bulk,
    library,
    stow,
    oidc,
    xnat,
    helpdesk,
)


@asynccontextmanager
async def _node(target: Target, lines: str) -> AsyncIterator[Node]:
    home = target.write("nodes.n", lines)
    secrets = SecretStore(home, environ={}, keeps=False)
    secrets.hold("n.password", PASSWORD)
    node = open_node(load_profiles(home)["n"], secrets, home=home)
    try:
        yield node
    finally:
        await node.aclose()


def _way(target: Target) -> Way:
    home = target.write("nodes.n", f'kind = "xnat"\nurl = "{target.url}"')
    profile = load_profiles(home)["n"]
    rules = rules_from({}, None, profile.proxy, node="n")
    way = Way("n", target.ca_file, proxies=rules, connect_timeout_s=5, read_timeout_s=5)
    return replace(way, longest_answer_s=20)


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """As an adapter does: a library's exception leaves as an error for the operator."""
    try:
        yield
    except NodeError:
        raise
    except Exception as problem:
        raise translate(problem, "n") or problem from problem
