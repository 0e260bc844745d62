"""Recording one thing of the legal record: who, when, which document, which ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from textual import on, work
from textual.content import Content
from textual.widgets import Input

from transfer.errors import TransferError
from transfer.legal import texts
from transfer.legal.digest import NoDocument
from transfer.legal.entries import TITLES, Declaration, LegalEntry, State
from tui.screens.form import Field, FormPage
from tui.screens.question import Question
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink

_WHO: Final = {
    Declaration.CLEARANCE: ("Declared by", "The responsible member of EUCAIM's legal team"),
    Declaration.INSTITUTION: ("Signed by", "Your institution's legal representative"),
    Declaration.EUCAIM: ("Signed by", "EUCAIM's Scientific Director"),
}
_ABOUT: Final = {
    State.THERE: "The document is read for its digest and is not copied: keep it where it is.",
    State.NOT_APPLICABLE: "The reason stands in place of the paper.",
    State.MISSING: "What was recorded of it before is kept in the history.",
}


class LegalFormPage(FormPage):
    """The form of one declaration, or of one paper in a state."""

    def __init__(
        self,
        transfer: str,
        entry: LegalEntry,
        state: State,
        person: str,
        day_now: Callable[[str], object],
    ) -> None:
        super().__init__(list(_fields(entry, state, person, day_now)))
        self._transfer, self._what, self._state = transfer, entry.what, state
        self._put_by = ""

    def trail(self) -> list[str]:
        return ["eucaim-transfer", plain(self._transfer), "Legal record", "Record"]

    def about(self, width: int) -> list[Content]:
        title = ink(TITLES[self._what], "bold")
        return [*wrapped(title, width), *wrapped(ink(_ABOUT[self._state], "$muted"), width)]

    def does(self) -> str:
        return "records it"

    def left(self, field: Field, value: str) -> None:
        if field.key == "document" and value:
            self.note("document", "Reading it for its digest…")
            engine = self.owner.source.legal
            self.read("digest", partial(_digest_or_why, engine.digest, value), self._digested,
                      anew=True)  # fmt: skip

    @on(Input.Changed, "#document")
    def _named(self, event: Input.Changed) -> None:
        """A digest that stands there is another document's. It comes back with no document."""
        digest = self._input("sha256")
        if event.value.strip():
            if digest.value:
                self._put_by, digest.value = digest.value, ""
                self.note("sha256", "Empty now: it was not of the document named above.", "$warn")
        elif self._put_by and not digest.value:
            digest.value, self._put_by = self._put_by, ""
            self.note("sha256", "")

    def _digested(self, found: tuple[str, str]) -> None:
        sha256, why = found
        text, style = (f"✗ {why}", "$bad") if why else (f"SHA-256 {sha256}", "$good")
        self.note("document", text, style)

    def take(self, values: Mapping[str, str]) -> None:
        lacks = self._lacks(values)
        if lacks:
            self._ask(lacks, values)
        else:
            self._record(values)

    def _lacks(self, values: Mapping[str, str]) -> list[str]:
        if self._state is State.MISSING or self._what not in list(Declaration):
            return []
        labels = {field.key: field.label.lower() for field in self._fields}
        lacks = [labels[key] for key in ("person", "date", "ticket") if not values[key]]
        return lacks if values["document"] or values["sha256"] else [*lacks, "document or digest"]

    @work(exclusive=True, group="question")
    async def _ask(self, lacks: list[str], values: Mapping[str, str]) -> None:
        if await self.app.push_screen_wait(
            Question(
                "Record it without all of it?",
                [f"Missing: {', '.join(lacks)}.", "Publishing stays locked until it is whole."],
                no="Fill it in",
                yes="Record as it is",
            )
        ):
            self._record(values)

    def _record(self, values: Mapping[str, str]) -> None:
        said = {key: text for key, text in values.items() if key != "entered_by"}
        if self._what not in list(Declaration):
            said["state"] = self._state.value
        engine = self.owner.source.legal
        self.begin(
            "Reading the document and recording it…",
            partial(engine.record, self._transfer, self._what, said, values["entered_by"]),
        )

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "digest":
            self.note("document", f"✗ {error.what}", "$bad")
            return
        super().stumbled(kind, error)


def _digest_or_why(digest: Callable[[Path], str], text: str) -> tuple[str, str]:
    try:
        return digest(Path(text)), ""
    except NoDocument as error:
        return "", error.what


def _fields(
    entry: LegalEntry, state: State, person: str, day: Callable[[str], object]
) -> list[Field]:
    is_declared = entry.what in list(Declaration)
    found: list[Field] = []
    if is_declared:
        label, hint = _WHO[Declaration(entry.what)]
        found.append(Field("person", label, hint, entry.person, texts.person))
    if state is State.THERE:
        found += [
            Field("date", "Date", "Like 2026-03-12, as the document says", entry.day, day),
            Field("document", "Document", "Its path; Tab completes it", "", is_path=True),
            Field("sha256", "Or its digest", "SHA-256, for a document that is elsewhere",
                  entry.sha256, texts.sha256),
            Field("ticket", "Ticket", "Its number, or what else finds it", entry.ticket,
                  texts.ticket),
        ]  # fmt: skip
    if state is State.NOT_APPLICABLE:
        found.append(Field("reason", "Reason", "Why it does not apply", entry.reason, _reason))
    found.append(Field("entered_by", "Entered by", "First and last name of who types this",
                       person, _somebody))  # fmt: skip
    return found


def _somebody(text: str) -> None:
    if not texts.person(text):
        raise ValueError("is missing: a record needs a name")


def _reason(text: str) -> None:
    if not texts.reason(text):
        raise ValueError("is missing: a reason stands in place of the paper")
