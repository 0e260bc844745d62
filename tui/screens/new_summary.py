"""New transfer, step 6: everything once more, then it is made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from transfer.ledger.order import Word
from transfer.orders import DEID_WAIVER
from tui.page import Page
from tui.screens.draft import SCRIPT, Draft
from tui.screens.transfer_page import ask_waiver
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted

_REQUIRED = (
    "This node takes de-identified images only. Files that do not say they are "
    "(Patient Identity Removed, 0012,0062) are not sent. If yours are de-identified and only "
    "lack that mark, a named person can answer for it: press a."
)


_NEW_KEY = (
    "! This cohort has no key yet; the first review, check or upload makes one. If it is lost,"
    " later deliveries can never be linked to these patients again: keep a copy (eucaim-transfer"
    " key export).",
    "Were patients of this cohort sent before, by this or another program? Then bring the key that"
    " was used before anything else: eucaim-transfer key import NAME",
)


class SummaryScreen(Page):
    """The order in plain words; Enter makes the transfer and sends nothing."""

    CSS_PATH = "new.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "make", "Make it", id="new.make"),
        Binding("a", "answer", "Answer for it", id="new.answer"),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._is_making = False
        self._key: str | None = ""

    def body(self) -> ComposeResult:
        yield Painted(id="summary")

    def on_mount(self) -> None:
        self.crumbs.say(["eucaim-transfer", "New transfer", "Summary"], line(("6 of 6", "$muted")))
        self._draw()
        if self._draft.uses_key:
            self.read(
                "key", partial(self.owner.source.known_key, self._draft.order()), self._take_key
            )

    def _take_key(self, fingerprint: str | None) -> None:
        self._key = fingerprint
        self._draw()

    def _draw(self) -> None:
        self.query_one("#summary", Painted).show(partial(_draw_summary, self._draft, self._key))
        self.now.say(
            Now(
                "Making the transfer sends nothing yet.",
                "[Enter] makes it.   [Esc] goes back and changes something.",
            )
        )

    def action_make(self) -> None:
        if self._is_making:
            return
        self._is_making = True
        self.now.say(Now("Making the transfer…"))
        draft = self._draft
        self.read(
            "make", partial(self.owner.source.create, draft.order(), draft.waiver), self._made
        )

    def _made(self, name: str) -> None:
        self.owner.show_new(name)

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_making = False
        self._draw()
        self.fail(error, "Nothing was made or sent.")

    @work(exclusive=True, group="question")
    async def action_answer(self) -> None:
        answer = await ask_waiver(self.owner)
        if answer is not None:
            self._draft = replace(self._draft, waiver=Word(DEID_WAIVER, "none", *answer))
            self._draw()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"answer"})

    def can(self, action: str) -> bool | None:
        return self._draft.node.wants_deidentified and self._draft.deid == "none"


def _draw_summary(draft: Draft, key: str | None, width: int) -> list[Content]:
    room = max(20, width - 16)
    facts = [
        ("Name", plain(draft.name)),
        ("Node", plain(draft.node.name)),
        ("Destination", plain(draft.destination) or "the only one"),
        ("Folder", shorten_path(plain(draft.source), room)),
        ("De-identified", _way(draft, room)),
    ]
    if draft.site_id:
        facts.append(("SITE ID", plain(draft.site_id)))
    if draft.uses_key and key:
        facts.append(("Key", f"the cohort's own, fingerprint {key}"))
    lines = [line(cell(label, 16, "$muted"), cell(value, room, "bold")) for label, value in facts]
    for doubt in draft.doubts:
        lines += [Content(""), *wrapped(ink(f"! {plain(doubt)}", "$warn"), width)]
    if draft.uses_key and key is None:
        lines.append(Content(""))
        for text in _NEW_KEY:
            lines += wrapped(ink(text, "$warn"), width)
    if draft.node.wants_deidentified and draft.deid == "none":
        lines.append(Content(""))
        if draft.waiver:
            lines.append(
                line(
                    cell("Sent as they are", 18, "$warn"),
                    f"{plain(draft.waiver.person)}: {plain(draft.waiver.reason)}",
                )
            )
        else:
            lines += wrapped(ink(_REQUIRED, "$muted"), width)
    return lines


def _way(draft: Draft, room: int) -> str:
    if draft.deid == "none":
        return "not here: the files go as they are"
    if draft.deid == SCRIPT:
        return f"by the CTP script {shorten_path(plain(draft.script or ''), max(8, room - 18))}"
    return f"by the profile {draft.deid}"
