"""A session of xnatpy's as its connect() would make it, over a requests session of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import requests

from adapters.sessions import GuardedSession, Way

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

LONGEST_WAIT_S = 120.0
_VERBOSE = 15


def session_over(
    interface: GuardedSession, url: str, way: Way, *, username: str, session_id: str | None
) -> BaseXNATSession:
    """Asks the node once, for its session's time-out."""
    from xnat.session import BaseXNATSession

    return BaseXNATSession(
        server=url,
        logger=_quiet_logger(),
        interface=interface,
        original_uri=url,
        logged_in_user=username,
        default_timeout=(way.connect_timeout_s, min(way.read_timeout_s, LONGEST_WAIT_S)),
        jsession=session_id,
        # Its thread has no error handling; the session has a heartbeat of its own.
        keepalive=False,
    )


class SharedSession(requests.auth.AuthBase):
    """Puts the one session id into each request, whatever cookies came before; an auth object
    also keeps requests from a netrc file."""

    def __init__(self, current: Callable[[], str | None]) -> None:
        self._current = current

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Cookie", None)
        session_id = self._current()
        if session_id is not None:
            request.headers["Cookie"] = f"JSESSIONID={session_id}"
        return request


class _XnatLogger(logging.Logger):
    """xnatpy calls a method that only its connect() gives to loggers."""

    def verbose(self, message: str, *arguments: object) -> None:
        self.log(_VERBOSE, message, *arguments)


def _quiet_logger() -> logging.Logger:
    # It would name addresses with labels in them.
    logger = _XnatLogger("adapters.xnat.xnatpy", logging.CRITICAL)
    logger.addHandler(logging.NullHandler())
    return logger
