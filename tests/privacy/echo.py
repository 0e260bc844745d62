"""A node that repeats what nobody should: its refusals are full of names from the hospital."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox.front import Recorder

_STATUSES: Final = (400, 409, 500, 403)
_CARRIES: Final = (b"application/dicom", b"/import", b"eform", b"/resources/", b"/datasets")


class EchoingRecorder(Recorder):
    """The recorder; while `left`, it refuses what carries data, in the `words` of the hospital."""

    left = 0
    words: Sequence[str] = ()
    answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = type(self)
        head = dict(scope["headers"]).get(b"content-type", b"") + scope["raw_path"]
        is_meant = scope["method"] in ("POST", "PUT") and any(part in head for part in _CARRIES)
        if not (kind.left and is_meant):
            await super().__call__(scope, receive, send)
            return
        kind.left -= 1
        number, kind.answered = kind.answered, kind.answered + 1

        async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive()).get("more_body"):
                pass
            told = " and ".join(kind.words)
            forms = (
                ("text/plain", f"Patient {told} is there already"),
                ("application/json", f'{{"detail": "duplicate {told}", "message": "{told}"}}'),
                ("text/html", f"<html><title>{told}</title><body><h1>{told}</h1></body></html>"),
            )
            media, text = forms[number % len(forms)]
            headers = {
                "x-told": told.encode().decode("latin-1"),
                "warning": f'299 "{kind.words[0]}"',
            }
            answer = Response(text, _STATUSES[number % len(_STATUSES)], headers, media)
            await answer(scope, receive, send)

        # Requests come at the same time: only this one is to be refused.
        refusing = copy(self)
        refusing._app = refuse
        await Recorder.__call__(refusing, scope, receive, send)
