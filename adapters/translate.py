"""Library exceptions into the operator's errors: the border that every adapter stands at.

Each public exception class of httpx, requests and retrying has its own line in `MAPPED`; a test
walks the libraries and fails on a class that has none.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping

import httpx
import requests
import retrying
import urllib3.exceptions as urllib3_errors

from adapters.tls import causes, explain
from transfer.errors import NEVER, NodeError, NodeFault, NotSupported, Unreachable

Make = Callable[[str], NodeError]


def _not_connected(node: str) -> NodeError:
    return Unreachable(
        "The node cannot be reached.",
        "Check the network, the firewall and the proxy from this machine to the node; the doctor "
        "command tells more.",
        node=node,
        reached_node=False,
    )


def _no_connection_in_time(node: str) -> NodeError:
    return Unreachable(
        "The node did not take the connection in time.",
        "Check the network, the firewall and the proxy from this machine to the node; the doctor "
        "command tells more.",
        node=node,
        reached_node=False,
    )


def _broken(node: str) -> NodeError:
    return Unreachable(
        "The connection to the node broke before its answer was whole.",
        "Try again: what the node has is looked up first, and only the rest is sent.",
        node=node,
    )


def cut_off(node: str) -> NodeError:
    """The connection ended in the TLS handshake, before a byte of ours was sent."""
    return Unreachable(
        "The connection was cut off before it was secure; nothing was sent.",
        "Try again later. If it stays so, a firewall or proxy on the way may not let TLS 1.3 "
        "through; the doctor command tells more.",
        node=node,
        reached_node=False,
    )


def _silent(node: str) -> NodeError:
    return Unreachable(
        "The node did not answer in time.",
        "Try again later. If it stays so, ask the node's support, or raise read_timeout_s in "
        "config.toml.",
        node=node,
    )


def _no_free_connection(node: str) -> NodeError:
    return Unreachable(
        "No connection became free in time.",
        "Try again later. If it stays so, lower the concurrency.",
        node=node,
        reached_node=False,
    )


def _proxy(node: str) -> NodeError:
    return Unreachable(
        "The proxy did not open the way to the node.",
        "Check HTTPS_PROXY and NO_PROXY, the secret proxy.password where the proxy asks for one, "
        "and that the proxy allows CONNECT to the node's host and port.",
        node=node,
        reached_node=False,
    )


def _garbled(node: str) -> NodeError:
    return NodeFault(
        "The node's answer cannot be read.",
        "Try again later; if it stays so, tell the node's support the time.",
        node=node,
    )


def _many_redirects(node: str) -> NodeError:
    return NodeFault(
        "The node sends us in circles from one address to the next.",
        "Check the node's addresses in config.toml; if they are right, ask the node's support.",
        node=node,
        retry=NEVER,
    )


def _bad_address(node: str) -> NodeError:
    return NotSupported(
        "An address of this node cannot be used as it is written.",
        "Correct the node's addresses in config.toml; each begins with https:// and a host.",
        node=node,
    )


def _own_mistake(node: str) -> NodeError:
    return NodeFault(
        "This program made a mistake in talking to the node.",
        "Report it with the log; the transfer's state is safe, and running again may help.",
        node=node,
        retry=NEVER,
    )


_CUT = (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError)

MAPPED: Mapping[type[BaseException], Make] = {
    # httpx
    httpx.HTTPError: _broken,
    httpx.RequestError: _broken,
    httpx.TransportError: _broken,
    httpx.TimeoutException: _silent,
    httpx.ConnectTimeout: _no_connection_in_time,
    httpx.ReadTimeout: _silent,
    httpx.WriteTimeout: _silent,
    httpx.PoolTimeout: _no_free_connection,
    httpx.NetworkError: _broken,
    httpx.ReadError: _broken,
    httpx.WriteError: _broken,
    httpx.ConnectError: _not_connected,
    httpx.CloseError: _broken,
    httpx.ProxyError: _proxy,
    httpx.UnsupportedProtocol: _bad_address,
    httpx.ProtocolError: _broken,
    httpx.LocalProtocolError: _own_mistake,
    httpx.RemoteProtocolError: _broken,
    httpx.DecodingError: _garbled,
    httpx.TooManyRedirects: _many_redirects,
    httpx.HTTPStatusError: _garbled,
    httpx.InvalidURL: _bad_address,
    httpx.CookieConflict: _own_mistake,
    httpx.StreamError: _own_mistake,
    httpx.StreamConsumed: _own_mistake,
    httpx.StreamClosed: _own_mistake,
    httpx.ResponseNotRead: _own_mistake,
    httpx.RequestNotRead: _own_mistake,
    # requests
    requests.exceptions.RequestException: _broken,
    requests.exceptions.InvalidJSONError: _garbled,
    requests.exceptions.JSONDecodeError: _garbled,
    requests.exceptions.HTTPError: _garbled,
    requests.exceptions.ConnectionError: _broken,
    requests.exceptions.ProxyError: _proxy,
    requests.exceptions.SSLError: _broken,
    requests.exceptions.Timeout: _silent,
    requests.exceptions.ConnectTimeout: _no_connection_in_time,
    requests.exceptions.ReadTimeout: _silent,
    requests.exceptions.URLRequired: _own_mistake,
    requests.exceptions.TooManyRedirects: _many_redirects,
    requests.exceptions.MissingSchema: _bad_address,
    requests.exceptions.InvalidSchema: _bad_address,
    requests.exceptions.InvalidURL: _bad_address,
    requests.exceptions.InvalidHeader: _own_mistake,
    requests.exceptions.InvalidProxyURL: _proxy,
    requests.exceptions.ChunkedEncodingError: _broken,
    requests.exceptions.ContentDecodingError: _garbled,
    requests.exceptions.StreamConsumedError: _own_mistake,
    requests.exceptions.RetryError: _broken,
    requests.exceptions.UnrewindableBodyError: _own_mistake,
    # retrying, used inside dicomweb-client
    retrying.RetryError: _broken,
    # what both let through as it is
    json.JSONDecodeError: _garbled,
    UnicodeDecodeError: _garbled,
    RecursionError: _garbled,
    ssl.SSLError: _broken,
    TimeoutError: _silent,
    OSError: _broken,
}


def translate(problem: BaseException, node: str = "") -> NodeError | None:
    """The operator's error for a library's exception; None for one that is no library's.

    A `NodeError` anywhere in the chain is given back as it is. Raise the result
    `from problem`.
    """
    for current in causes(problem):
        if isinstance(current, NodeError):
            return current
    refused = explain(problem, node)
    if refused is not None:
        return refused
    chain = list(causes(problem))
    # httpx raises one ConnectError for a refused connection and for a broken handshake.
    if isinstance(problem, httpx.ConnectError) and any(isinstance(c, _CUT) for c in chain):
        return cut_off(node)
    # requests raises one ConnectionError for a refused connection and for a broken one.
    if isinstance(problem, requests.exceptions.ConnectionError):
        if any(isinstance(c, urllib3_errors.ProxyError) for c in chain):
            return _proxy(node)
        if any(isinstance(c, urllib3_errors.NewConnectionError) for c in chain):
            return _not_connected(node)
        if any(isinstance(c, urllib3_errors.ReadTimeoutError) for c in chain):
            return _silent(node)
    for kind in type(problem).__mro__:
        make = MAPPED.get(kind)
        if make is not None:
            return make(node)
    return None
