"""Proving a copy of a report by the digest that stands elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from transfer.errors import UsageError
from transfer.evidence.manifest import check_digest
from transfer.evidence.verify import Verified
from tui.figures import count
from tui.page import Page
from tui.screens.evidence_drawing import draw_difference, draw_verdict
from tui.screens.form import Field, FormPage
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class VerifyPage(FormPage):
    """Which folder, and the digest out of the ticket. Nothing but the folder is read."""

    def __init__(self, folder: Path) -> None:
        shown = str(folder) if folder.is_absolute() else ""
        super().__init__(
            [
                Field("folder", "Folder", "Where the copy lies; Tab completes it", shown,
                      _somewhere, is_path=True),
                Field("digest", "Digest", "From the ticket; blanks do not matter", "", _digest),
            ]
        )  # fmt: skip

    def trail(self) -> list[str]:
        return ["eucaim-transfer", "Evidence", "Prove a copy"]

    def about(self, width: int) -> list[Content]:
        text = (
            "Every byte of the copy is compared, offline. Take the digest from the ticket or from"
            " the screen on which the report was made, not from the copy."
        )
        return [ink("Is this folder the report?", "bold"), *wrapped(ink(text, "$muted"), width)]

    def does(self) -> str:
        return "compares every file"

    def take(self, values: Mapping[str, str]) -> None:
        folder = Path(os.path.expanduser(values["folder"]))
        verify = partial(self.owner.source.evidence.verify, folder, values["digest"])
        self.begin("Comparing every file…", verify)

    def taken(self, done: object) -> None:
        assert isinstance(done, Verified), "what `take` began"
        digest = check_digest(self.values()["digest"])
        self.dismiss()
        self.owner.push_screen(VerifiedScreen(done, digest))


class VerifiedScreen(Page):
    """What came of it, each file that is not as it was by its name."""

    CSS_PATH = "evidence.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, verified: Verified, digest: str) -> None:
        super().__init__()
        self._verified, self._digest = verified, digest

    def body(self) -> ComposeResult:
        found = self._verified
        yield Painted(
            partial(draw_verdict, found.is_whole, found.files, self._digest, found.digest),
            id="verdict",
        )
        yield Rows(id="differences", pick=None, empty=[""])

    def on_mount(self) -> None:
        found = self._verified
        state = ink("✓ whole", "$good") if found.is_whole else ink("✗ not whole", "$bad")
        self.crumbs.say(["eucaim-transfer", "Evidence", "Prove a copy"], state)
        self.query_one("#differences", Rows).show(
            [
                Row(str(n), partial(draw_difference, one), opens=False)
                for n, one in enumerate(found.differences)
            ]
        )
        if found.is_whole:
            self.now.say(Now("No byte of this copy was altered.", "[Esc] goes back."))
            return
        differ = count(len(found.differences), "file")
        self.now.say(
            Now(
                f"{differ} not as it was. Get the report anew from whoever made it.",
                "[↑ ↓] each of them.   [Esc] goes back.",
                "bold $bad",
            )
        )


def _somewhere(text: str) -> None:
    if not os.path.isabs(os.path.expanduser(text)):
        raise ValueError("is no whole path: begin it with / or ~")


def _digest(text: str) -> None:
    try:
        check_digest(text)
    except UsageError:
        raise ValueError("is none: it has 64 characters, 0 to 9 and a to f") from None
