"""New transfer, step 4: how the images are de-identified on their way."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input

from transfer.errors import TransferError
from tui.page import Page
from tui.screens.draft import SCRIPT, Draft
from tui.screens.walk import PathInput, PathSuggester
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble, wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_STEP = "4 of 6"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to de-identify, as the list shows it."""

    key: str
    title: str
    meaning: str


def ways(*, required: bool) -> list[Way]:
    """All ways, and what each means for a node that requires de-identified images or not."""
    as_is = (
        "Only files that say they are de-identified go, or a named person answers."
        if required
        else "This node takes images as they are."
    )
    return [
        Way(
            "eucaim",
            "EUCAIM profile",
            "Pseudonyms from your key; names and private data go, nested ones too.",
        ),
        Way(
            "lethe",
            "The same as Lethe",
            "Tag for tag like Lethe 0.9.16, leaks included: to match earlier data.",
        ),
        Way(
            SCRIPT,
            "A CTP script of yours",
            "The file that a node or project handed you; it is checked at once.",
        ),
        Way("none", "Not here", as_is),
    ]


class DeidScreen(Page):
    """Profile, script, or none; one line says what each means."""

    CSS_PATH = "new.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def body(self) -> ComposeResult:
        yield Painted(
            lambda width: [line(("How are the images de-identified?", "bold")), Content("")]
        )
        yield Rows(id="ways", lines_per_row=2, gap=1, pick="Take it")

    def on_mount(self) -> None:
        self.crumbs.say(
            ["eucaim-transfer", "New transfer", "De-identification"], line((_STEP, "$muted"))
        )
        required = self._draft.node.wants_deidentified
        usual = "eucaim" if required else "none"
        rows = self.query_one(Rows)
        rows.show(
            [
                Row(way.key, partial(_draw_way, way, way.key == usual))
                for way in ways(required=required)
            ]
        )
        rows.go_to(usual)
        rows.focus()
        self.now.say(
            Now(
                "What it changes can be looked at before anything is sent.",
                "[↑ ↓] moves, [Enter] takes it.   [Esc] goes back.",
            )
        )

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        if event.key == "none":
            go_on(self, replace(self._draft, deid="none", site_id="", script=None, doubts=()))
        elif event.key == SCRIPT:
            self.app.push_screen(ScriptScreen(self._draft))
        else:
            draft = replace(self._draft, deid=event.key, script=None, waiver=None, doubts=())
            self.app.push_screen(SiteIdScreen(draft))


class SiteIdScreen(Page):
    """The SITE ID, which the profiles need; the one of the last transfer is suggested.

    Source: DID-10 of EUCAIM's transfer rules.
    """

    CSS_PATH = "new.tcss"

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def body(self) -> ComposeResult:
        yield Painted(
            lambda width: [
                line(("What is your SITE ID?", "bold")),
                *wrapped(ink(" ".join(_SITE_ID), "$muted"), width),
                Content(""),
            ]
        )
        with Container(classes="field"):
            entry = Input(id="site-id", max_length=64)
            entry.cursor_blink = False
            yield entry
        yield Painted(id="refusal")

    def on_mount(self) -> None:
        self.crumbs.say(
            ["eucaim-transfer", "New transfer", "De-identification", "SITE ID"],
            line((_STEP, "$muted")),
        )
        self.now.say(Now("Type the SITE ID.", "[Enter] takes it.   [Esc] goes back."))
        self.read("site-id", self.owner.source.last_site_id, self._suggest)

    def _suggest(self, before: str) -> None:
        entry = self.query_one(Input)
        if before and not entry.value:
            entry.value = before
            # Typing replaces it: two SITE IDs one after the other would be a third one.
            entry.select_all()
            self.now.say(
                Now(
                    "The SITE ID of your last transfer is suggested.",
                    "[Enter] takes it.   [Esc] goes back.",
                )
            )

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        site_id = event.value.strip()
        if not site_id:
            self.query_one("#refusal", Painted).show(
                lambda width: wrapped(
                    ink(
                        "SITE ID missing: see your profile on the EUCAIM dashboard. Esc goes back"
                        " to the other ways.",
                        "$bad",
                    ),
                    width,
                )
            )
            return
        go_on(self, replace(self._draft, site_id=site_id))


_SITE_ID = (
    "It stands in your profile on the EUCAIM dashboard and names the data holder. Is it empty",
    'there? Write a ticket to the group "dashboard" with your organisation and your LS-AAI',
    "account. Only its SHA-256 leaves this machine, as Institution Name.",
)


class ScriptScreen(Page):
    """The path of a CTP script, which is compiled at once: what it cannot do is said now."""

    CSS_PATH = "new.tcss"

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._is_reading = False

    def body(self) -> ComposeResult:
        yield Painted(
            lambda width: [
                line(("Which CTP script?", "bold")),
                *wrapped(
                    ink(
                        "An anonymizer script, XML or properties. It is read whole now: anything"
                        " in it that cannot be honoured is refused, with its line.",
                        "$muted",
                    ),
                    width,
                ),
                Content(""),
            ]
        )
        with Container(classes="field"):
            entry = PathInput(
                id="script",
                suggester=PathSuggester(self, files=True),
                placeholder="/path/to/anonymizer.script",
            )
            entry.cursor_blink = False
            yield entry
        yield FailurePanel()

    def on_mount(self) -> None:
        self.crumbs.say(
            ["eucaim-transfer", "New transfer", "De-identification", "Script"],
            line((_STEP, "$muted")),
        )
        self._ask()

    def _ask(self) -> None:
        self.now.say(
            Now(
                "Type or paste the path of the script.",
                "[Tab] completes it.   [Enter] reads it.   [Esc] goes back.",
            )
        )

    @on(Input.Changed)
    def _typing(self) -> None:
        self.query_one(FailurePanel).say(None)
        self._ask()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if self._is_reading:
            return
        self._is_reading = True
        self.now.say(Now("Reading the script…", "[Esc] goes back."))
        text = event.value.strip().strip("'\"")
        path = Path(os.path.abspath(os.path.expanduser(text or "/")))
        self.read(
            "script", partial(self.owner.source.check_script, path), partial(self._take, path)
        )

    def _take(self, path: Path, doubts: tuple[str, ...]) -> None:
        self._is_reading = False
        self._ask()
        draft = replace(self._draft, deid=SCRIPT, site_id="", script=path, waiver=None)
        go_on(self, replace(draft, doubts=doubts))

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_reading = False
        self.query_one(FailurePanel).say(
            Trouble(error.what, "Nothing was changed or sent.", error.remedy)
        )
        self.now.say(
            Now("That script cannot be used.", "Mend it or name another one, then [Enter].")
        )


def go_on(page: Page, draft: Draft) -> None:
    """To the next step of the flow."""
    from tui.screens.new_details import NameScreen

    page.app.push_screen(NameScreen(draft))


def _draw_way(way: Way, is_usual: bool, width: int) -> list[Content]:
    usual = line(("usual here", "$good")) if is_usual else Content("")
    word = "" if way.key == SCRIPT else way.key
    return [
        line(
            cell(line((way.title, "bold"), "  ", (word, "$muted")), width - 14),
            cell(usual, 14, align="right"),
        ),
        line((plain(way.meaning), "$muted")),
    ]
