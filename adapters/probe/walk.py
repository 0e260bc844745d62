"""From this machine to a server, one hop after the other, until one fails."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Sequence

from adapters.probe import hops
from adapters.probe.answering import Asking
from adapters.probe.certificates import chain_of
from adapters.probe.dialling import Place, dial, is_address, resolve, resolved
from adapters.probe.failing import failure
from adapters.probe.limits import rate_not_measured, size_limit
from adapters.probe.line import Line
from adapters.probe.looking import Seen, is_trusted, look
from adapters.probe.target import YOU, Stopped, Target, stop
from adapters.probe.tunnel import connect, proxy_failure
from adapters.sessions import Way, httpx_client
from adapters.tls import client_context, explain
from adapters.tunnel import Tunnel
from transfer.errors import TransferError
from transfer.node import CheckResult

_LONGEST_ANSWER_S = 30.0
_LONGEST_SIDE_LOOK_S = 3.0


async def probe(
    targets: Sequence[Target], way: Way, *, clock: Callable[[], float] = time.time
) -> AsyncGenerator[CheckResult, None]:
    """What stands between this machine and each target, in order; ends with the first failure.

    Never raises, and sends no credential but the proxy's to the proxy. Of targets at the same
    place the way is walked once. `clock` is this machine's, in seconds since 1970.
    """
    walked: set[tuple[str, int]] = set()
    for target in targets:
        is_known = (target.host, target.port) in walked
        walked.add((target.host, target.port))
        walk = _Walk(target, way, clock)
        async with contextlib.aclosing(walk.results(is_way_known=is_known)) as results:
            async for result in results:
                if result.state == "fail" and target.optional:
                    yield _later(result, target)
                    break
                yield result
                if result.state == "fail":
                    return


def _later(result: CheckResult, target: Target) -> CheckResult:
    return dataclasses.replace(
        result, state="warn", exit_code=0, message=f"{result.message} {target.optional}"
    )


class _Walk:
    """The examination of one target."""

    def __init__(self, target: Target, way: Way, clock: Callable[[], float]) -> None:
        self._target = target
        self._way = dataclasses.replace(
            way, read_timeout_s=min(way.read_timeout_s, _LONGEST_ANSWER_S)
        )
        self._clock = clock
        self._seconds = way.connect_timeout_s
        self._tunnel: Tunnel | None = None
        self._hop = Place(target.which, target.host, target.port)
        self._addresses: Sequence[str] = ()
        self._context: ssl.SSLContext | None = None

    async def results(self, *, is_way_known: bool) -> AsyncGenerator[CheckResult, None]:
        try:
            self._demand_usable()
            self._context = await asyncio.to_thread(self._new_context)
            if not is_way_known:
                async with contextlib.aclosing(self._way_there()) as results:
                    async for result in results:
                        yield result
            async with contextlib.aclosing(self._answers(is_way_known)) as results:
                async for result in results:
                    yield result
        except Stopped as stopped:
            yield stopped.result
        except TransferError as refused:
            yield failure(refused)

    def _demand_usable(self) -> None:
        tried = "Read the address in config.toml."
        if not self._target.url.lower().startswith("https:"):
            raise stop(
                "tls",
                f"The address of the {self._target.which} is not https; nothing was sent.",
                "Write the node's https address into config.toml; this program never sends data "
                "unencrypted.",
                YOU,
                tried=tried,
                answer="an address of plain http",
            )
        if not self._target.host:
            raise stop(
                "dns",
                f"What stands in the address of the {self._target.which} can be no host's name.",
                "Correct the node's address in config.toml.",
                YOU,
                tried=tried,
                answer="no name by the rules of names",
            )

    def _new_context(self) -> ssl.SSLContext:
        return client_context(self._way.ca_file, self._way.client_certificate)

    # -- the way ----------------------------------------------------------------------------

    async def _way_there(self) -> AsyncGenerator[CheckResult, None]:
        yield self._says_proxy()
        if not is_address(self._hop.host):
            self._addresses = await resolve(self._hop, self._seconds)
            yield resolved(self._hop, self._addresses)
        else:
            self._addresses = [self._hop.host]
        side_look = asyncio.create_task(self._look_past_proxy())
        line: Line | None = None
        try:
            line, taken = await dial(self._hop, self._addresses, self._seconds)
            yield taken
            if self._tunnel is not None:
                yield await self._pass_proxy(line, self._tunnel)
            for result in await self._secure(line, side_look):
                yield result
        finally:
            side_look.cancel()
            await asyncio.gather(side_look, return_exceptions=True)
            if line is not None:
                await line.close()

    def _says_proxy(self) -> CheckResult:
        target = self._target
        self._tunnel = self._way.tunnel(target.host, target.port)
        because = self._way.proxies.decide(target.host, target.port).because
        tried = f"Read the proxy settings for {target.place}."
        if self._tunnel is None:
            message = f"The {target.which} is reached without a proxy: {because}."
            return CheckResult("proxy", "ok", message, tried=tried, answer="directly")
        proxy = self._tunnel.proxy
        self._hop = Place("proxy", proxy.host, proxy.port, is_proxy=True)
        message = f"The {target.which} is reached through the proxy {self._hop}: {because}."
        return CheckResult("proxy", "ok", message, tried=tried, answer=proxy.url)

    async def _open(self) -> Line:
        """The way once more, up to where TLS with the target begins."""
        line, _ = await dial(self._hop, self._addresses, self._seconds)
        try:
            if self._tunnel is not None:
                await self._pass_proxy(line, self._tunnel)
        except BaseException:
            await line.close()
            raise
        return line

    async def _open_secure(self) -> Line:
        line = await self._open()
        assert self._context is not None
        try:
            await line.secure(self._context, self._target.host, self._seconds)
        except BaseException:
            await line.close()
            raise
        return line

    async def _pass_proxy(self, line: Line, tunnel: Tunnel) -> CheckResult:
        if tunnel.proxy.scheme == "https":
            # Our certificate is for the node alone.
            context = await asyncio.to_thread(client_context, self._way.ca_file)
            try:
                await line.secure(context, tunnel.proxy.host, self._seconds)
            except OSError as problem:
                tried = f"Shook hands by TLS with the proxy {self._hop}."
                refused = explain(problem)
                answer = refused.finding if refused else "the connection was closed"
                raise proxy_failure(tunnel.not_connected(problem), tried, answer) from problem
        return await connect(line, tunnel, self._way, self._target, self._seconds)

    async def _open_past_proxy(self) -> Line:
        hop = Place(self._target.which, self._target.host, self._target.port)
        addresses = [hop.host]
        if not is_address(hop.host):
            addresses = list(await resolve(hop, _LONGEST_SIDE_LOOK_S))
        return (await dial(hop, addresses, _LONGEST_SIDE_LOOK_S))[0]

    async def _look_past_proxy(self) -> Seen | None:
        """What the target shows on a way that the proxy is not on, where the network lets us."""
        if self._tunnel is None:
            return None
        return await look(self._open_past_proxy, self._target.host, _LONGEST_SIDE_LOOK_S)

    async def _secure(
        self, line: Line, side_look: asyncio.Task[Seen | None]
    ) -> Sequence[CheckResult]:
        assert self._context is not None
        target = self._target
        try:
            secured = await line.secure(self._context, target.host, self._seconds)
        except OSError as problem:
            here = directly = trusted = None
            if hops.is_worth_a_look(problem):
                here = await look(self._open, target.host, self._seconds)
                directly = await side_look
            if here is not None and here.is_old:
                spare = await asyncio.to_thread(self._new_context)
                trusted = await is_trusted(self._open, spare, target.host, self._seconds)
            evidence = hops.Evidence(target, self._clock(), here, directly, trusted)
            raise hops.judge(problem, evidence) from problem
        cipher = secured.cipher()
        seen = Seen(secured.version() or "", chain_of(secured))
        evidence = hops.Evidence(target, self._clock(), seen, await side_look)
        return hops.fine(evidence, cipher[0] if cipher else "")

    # -- the answer -------------------------------------------------------------------------

    async def _answers(self, is_way_known: bool) -> AsyncGenerator[CheckResult, None]:
        client = await asyncio.to_thread(httpx_client, self._way)
        async with client:
            asking = Asking(client, self._target, self._clock)
            answer, result = await asking.first()
            yield result
            if is_way_known:
                return
            clock = asking.clock(answer)
            if clock is not None:
                yield clock
            yield await asking.round_trip()
        if self._target.upload_url:
            yield await size_limit(self._open_secure, self._target)
            yield rate_not_measured(self._target)
