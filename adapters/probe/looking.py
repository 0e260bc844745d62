"""A look at a server that our TLS policy refuses, to say what stands there.

The only place in the program where a certificate is looked at that is not trusted. It shakes
hands, notes version and chain, and hangs up: no request, no credential and no byte of data goes
over such a connection, and what it saw is told to the operator and never acted upon.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from adapters.probe.certificates import Certificate, chain_of
from adapters.probe.line import Line
from adapters.probe.target import Stopped

Open = Callable[[], Awaitable[Line]]
"""Opens a line to the server once more, up to where TLS begins."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What answered: the TLS version it took (`TLSv1.2`), and the chain it sent."""

    version: str
    chain: Sequence[Certificate]

    @property
    def is_old(self) -> bool:
        """Whether it offers less than our policy asks for."""
        return self.version != "TLSv1.3"

    @property
    def issuer(self) -> str:
        return self.chain[0].issuer if self.chain else "nobody that can be told"


async def look(open_line: Open, host: str, seconds: float) -> Seen | None:
    """What stands there; None where even this handshake fails."""
    try:
        async with await open_line() as line:
            secured = await line.secure(_any_context(), host, seconds)
            return Seen(secured.version() or "", chain_of(secured))
    except (OSError, Stopped):
        return None


async def is_trusted(
    open_line: Open, context: ssl.SSLContext, host: str, seconds: float
) -> bool | None:
    """Whether the certificate would be trusted if an older TLS were good enough; None where
    that cannot be told. `context` is a policy's own, and is used up: its minimum is lowered."""
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    try:
        async with await open_line() as line:
            await line.secure(context, host, seconds)
    except ssl.SSLCertVerificationError:
        return False
    except (OSError, Stopped):
        return None
    return True


def _any_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the purpose of this module: see its first line
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    # Servers that are old enough to be refused sign with what level 1 forbids.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["http/1.1"])
    return context
