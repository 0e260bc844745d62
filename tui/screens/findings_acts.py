"""What a person can do about findings: answer, waive, leave out, look, write them down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from transfer.errors import TransferError, UsageError
from transfer.ledger.findings import Finding
from transfer.quality.rule import Rule
from tui import figures
from tui.findings import Group, rule_of
from tui.page import Page
from tui.screens.findings_drawing import noun_of
from tui.screens.pick import Note, Pick
from tui.screens.question import Ask
from tui.text import plain

if TYPE_CHECKING:
    from transfer.preview.files import Preview

_OWN_WORDS = "own words"
_ONE, _ALL = "one", "all"
_KEPT = "It is kept with the transfer, with name and date."


class ActsPage(Page):
    """A page on findings. What is chosen is a rule, or one finding of a rule."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "answer", "Answer", id="findings.answer"),
        Binding("w", "waive", "Waive", id="findings.waive"),
        Binding("x", "exclude", "Leave out", id="findings.exclude"),
        Binding("p", "preview", "Preview", id="findings.preview"),
        Binding("e", "export", "Export", id="findings.export"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self.is_changing = False
        self.done = ""

    def chosen_group(self) -> Group | None:
        """The rule that is chosen, or that this page is about."""
        raise NotImplementedError

    def chosen_finding(self) -> Finding | None:
        """The finding that is chosen; None on a page of rules."""
        return None

    def draw(self) -> None:
        """Show what is known now."""

    def load(self) -> None:
        """Read anew what is shown."""

    # Words --------------------------------------------------------------------------------

    @work(exclusive=True, group="question")
    async def action_answer(self) -> None:
        group = self.chosen_group()
        rule = rule_of(group.of.rule) if group else None
        if group is None or rule is None:
            return
        choice = await self._ask_choice(group, rule)
        keys = await self._ask_keys(group) if choice else None
        if not choice or keys is None:
            return
        by = await self._ask_by("Is there anything to add?", needs_reason=False)
        if by is not None:
            call = partial(
                self.owner.source.findings.answer,
                self._transfer,
                rule.id,
                choice,
                keys or None,
                by,
            )
            self._change(call, "answered")

    @work(exclusive=True, group="question")
    async def action_waive(self) -> None:
        group = self.chosen_group()
        keys = await self._ask_keys(group) if group else None
        if group is None or keys is None:
            return
        by = await self._ask_by(f"Why may {group.of.rule} be set aside?", needs_reason=True)
        if by is not None:
            call = partial(
                self.owner.source.findings.waive, self._transfer, group.of.rule, keys or None, by
            )
            self._change(call, "set aside")

    @work(exclusive=True, group="question")
    async def action_exclude(self) -> None:
        group = self.chosen_group()
        keys = await self._ask_keys(group) if group else None
        if group is None or keys is None:
            return
        by = await self._ask_by("Why is it left out?", needs_reason=True)
        if by is not None:
            call = partial(
                self.owner.source.findings.exclude, self._transfer, group.of.rule, keys or None, by
            )
            self._change(call, "left out")

    async def _ask_choice(self, group: Group, rule: Rule) -> str | None:
        choices = [(choice.word, choice.text) for choice in rule.choices]
        if rule.accepts is not None:
            choices.append((_OWN_WORDS, rule.asks_for or "In your own words"))
        word: str | None = _OWN_WORDS
        if rule.choices:
            word = await self.app.push_screen_wait(
                Pick(rule.title, [group.first.message, ""], choices)
            )
        if word != _OWN_WORDS or rule.accepts is None:
            return word
        accepts = rule.accepts
        text = await self.app.push_screen_wait(
            Ask(
                rule.title,
                [group.first.message, rule.asks_for],
                check=lambda given: _refuse_unless(accepts(given.strip())),
            )
        )
        return text.strip() if text else None

    async def _ask_keys(self, group: Group) -> Sequence[str] | None:
        """What the word is about: one key, or with none of them all that stand open; None when the
        operator went back."""
        finding = self.chosen_finding()
        if finding is None or group.of.findings == 1:
            return ()
        which = await self.app.push_screen_wait(
            Pick(
                f"{group.of.rule}: which of them?",
                [group.title],
                [
                    (_ONE, f"Only {finding.key}"),
                    (
                        _ALL,
                        f"All {noun_of(finding.key, group.of.findings)} of this rule",
                    ),
                ],
            )
        )
        if which is None:
            return None
        return (finding.key,) if which == _ONE else ()

    async def _ask_by(self, title: str, *, needs_reason: bool) -> tuple[str, str] | None:
        """Who says so, and why: (person, reason); None when the operator went back."""
        may = "" if needs_reason else " It may stay empty."
        reason = await self.app.push_screen_wait(
            Ask(
                title,
                [_KEPT + may],
                check=lambda text: _refuse_unless(bool(text.strip()) or not needs_reason),
            )
        )
        if reason is None:
            return None
        findings = self.owner.source.findings
        person = await self.app.push_screen_wait(
            Ask(
                "Who says so?",
                ["First and last name of the person."],
                value=findings.person,
                check=lambda text: _refuse_unless(bool(text.strip())),
            )
        )
        if not person:
            return None
        findings.person = person.strip()
        return findings.person, reason.strip()

    def _change(self, call: partial[int], what: str) -> None:
        self.is_changing, self.done = True, ""
        self.draw()

        def changed(n: int) -> None:
            self.is_changing = False
            self.done = f"{figures.count(n, 'finding')} {what}; everything was judged again."
            self.load()
            self.draw()

        self.read("change", call, changed)

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "change":
            self.is_changing = False
            self.draw()
        super().stumbled(kind, error)

    # Looking ------------------------------------------------------------------------------

    def example(self) -> tuple[str, str] | None:
        """Key and example of what can be looked at."""
        group = self.chosen_group()
        finding = self.chosen_finding() or (group.first if group else None)
        return (finding.key, finding.example) if finding else None

    def open_header(self) -> None:
        """The header of what the chosen finding is about, at the element that the rule reads."""
        looked_at, group = self.example(), self.chosen_group()
        if looked_at is None or group is None:
            return
        rule = rule_of(group.of.rule)
        read = next((one for one in rule.reads if one.tag > 0), None) if rule else None

        def found(key: str | None) -> None:
            from tui.screens.header import OutlineScreen

            if key is None:
                self.fail(_nothing_to_show())
                return
            at = (read.tag, read.shown) if read else None
            self.app.push_screen(OutlineScreen(self._transfer, key, at))

        self.read(
            "example", partial(self.owner.source.looks.example, self._transfer, *looked_at), found
        )

    def action_preview(self) -> None:
        looked_at = self.example()
        if looked_at is None:
            return

        def write() -> Preview:
            key, example = looked_at
            looks = self.owner.source.looks
            if not key.startswith("E"):
                found = looks.example(self._transfer, key, example)
                if found is None:
                    raise _nothing_to_show()
                key = found
            return looks.preview(self._transfer, key)

        self.read("preview", write, self._tell_preview)

    def _tell_preview(self, preview: Preview) -> None:
        self.app.push_screen(preview_note(self._transfer, preview))

    def action_export(self) -> None:
        def written(paths: Sequence[object]) -> None:
            self.app.push_screen(
                Note(
                    "All findings are written",
                    [
                        *(plain(str(path)) for path in paths),
                        "",
                        "They name things by their keys. With original identifiers:",
                        f"eucaim-transfer check {self._transfer} --export DIR --identifiers",
                    ],
                )
            )

        self.read("export", partial(self.owner.source.findings.export, self._transfer), written)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset({"answer", "waive", "exclude", "preview", "export"})

    def can(self, action: str) -> bool | None:
        group = self.chosen_group()
        if group is None or self.is_changing:
            return False
        return {
            "answer": group.can_be_answered,
            "waive": group.can_be_waived,
            "exclude": group.can_be_excluded,
            "preview": self._has_example(group),
        }.get(action, True)

    def _has_example(self, group: Group) -> bool:
        finding = self.chosen_finding() or group.first
        return any(
            key[:1] in ("P", "S", "E", "I", "F") and key[1:].isdecimal()
            for key in (finding.key, finding.example)
        )


def preview_note(transfer: str, preview: Preview) -> Note:
    """Where a preview is, and how it goes away."""
    frame = f", frame {preview.frame:,} of {preview.frames:,}" if preview.frames > 1 else ""
    return Note(
        f"A picture of {preview.key} is written",
        [
            f"Instance {preview.instance_key}{frame}: {preview.columns:,} by {preview.rows:,},"
            f" {preview.how}.",
            "",
            plain(str(preview.path)),
            "",
            "Only this account can open it. It may show a face, or a name. All previews go with:",
            f"eucaim-transfer preview {transfer} --clear",
        ],
    )


def _nothing_to_show() -> UsageError:
    return UsageError(
        "There is no instance behind this finding, so there is no header and no picture.",
        "What it says stands below the list.",
    )


def _refuse_unless(is_good: bool) -> None:
    if not is_good:
        raise UsageError("That cannot be taken.", "Write it as asked for above, or press Esc.")
