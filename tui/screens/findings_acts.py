"""What a person can do about findings: answer, waive, leave out, look, write them down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from transfer.errors import TransferError, UsageError
from transfer.ledger.findings import Finding
from transfer.quality.answers import USE, needs_a_reason
from transfer.quality.attributes import SOP_CLASS, Attribute
from transfer.quality.rule import Rule
from tui import figures
from tui.findings import MENDS, Group, rule_of
from tui.page import Page
from tui.screens.findings_asking import ask_by, ask_choice, ask_keys, ask_value
from tui.screens.findings_drawing import legend
from tui.screens.pick import Note
from tui.text import plain
from tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from transfer.preview.files import Preview


class ActsPage(Page):
    """A page on findings. What is chosen is a rule, or one finding of a rule."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, action, text, tooltip=tooltip, id=f"findings.{action}")
        for key, action, text, tooltip in (
            ("a", "answer", "Answer", "Answer the question, by name"),
            ("w", "waive", "Waive", "Set it aside, by name and with a reason"),
            ("x", "exclude", "Leave out", "Leave out what was found"),
            ("m", "mend", "Mend", "Mend it in what is sent"),
            ("p", "preview", "Preview", "Write a picture of the series"),
            ("e", "export", "Export", "Write all findings as CSV and JSON"),
        )
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self.is_changing = False
        self.done = ""
        self.drawn_at: str | None = None

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

    def show(self, rows: Sequence[Row], empty: Sequence[str]) -> None:
        """Show these rows. What was done is told until the operator moves on, not until the cursor
        does because its row is gone."""
        shown = self.query_one("#rows", Rows)
        shown.show(rows, empty)
        self.drawn_at = shown.key

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "State of a finding", legend()

    # Words --------------------------------------------------------------------------------

    @work(exclusive=True, group="question")
    async def action_answer(self) -> None:
        group = self.chosen_group()
        rule = rule_of(group.of.rule) if group else None
        if group is None or rule is None:
            return
        choice = await ask_choice(self, group, rule)
        keys = await ask_keys(self, group, self.chosen_finding()) if choice else None
        if not choice or keys is None:
            return
        needs_reason = needs_a_reason(rule, choice)
        why = "Why is that so?" if needs_reason else "Is there anything to add?"
        by = await ask_by(self, why, needs_reason=needs_reason)
        if by is not None:
            call = partial(
                self.owner.source.findings.answer,
                self._transfer,
                rule.id,
                choice,
                keys or None,
                by,
            )
            if rule.id in MENDS and choice == USE:
                self._mend(call)
            else:
                self._change(call, "answered")

    @work(exclusive=True, group="question")
    async def action_waive(self) -> None:
        group = self.chosen_group()
        keys = await ask_keys(self, group, self.chosen_finding()) if group else None
        if group is None or keys is None:
            return
        by = await ask_by(self, f"Why may {group.of.rule} be set aside?", needs_reason=True)
        if by is not None:
            call = partial(
                self.owner.source.findings.waive, self._transfer, group.of.rule, keys or None, by
            )
            self._change(call, "set aside")

    @work(exclusive=True, group="question")
    async def action_exclude(self) -> None:
        group = self.chosen_group()
        keys = await ask_keys(self, group, self.chosen_finding()) if group else None
        if group is None or keys is None:
            return
        by = await ask_by(self, "Why is it left out?", needs_reason=True)
        if by is not None:
            call = partial(
                self.owner.source.findings.exclude, self._transfer, group.of.rule, keys or None, by
            )
            self._change(call, "left out")

    @work(exclusive=True, group="question")
    async def action_mend(self) -> None:
        group = self.chosen_group()
        value = await ask_value(self, self._transfer, group) if group else None
        keys = (
            await ask_keys(self, group, self.chosen_finding())
            if group and value is not None
            else None
        )
        if group is None or value is None or keys is None:
            return
        by = await ask_by(self, "Is there anything to add?", needs_reason=False)
        if by is None:
            return
        findings = self.owner.source.findings
        if group.of.rule == "IMG-06":
            self._mend(
                partial(findings.answer, self._transfer, group.of.rule, USE, keys or None, by)
            )
        else:
            self._mend(partial(findings.mend, self._transfer, group, value, keys or None, by))

    def _mend(self, call: Callable[[], int]) -> None:
        def mend() -> int:
            n = call()
            # What leaves is made anew by a runner, with all that is mended in the Series; its
            # findings are judged there.
            self.owner.source.launch(self._transfer, "check", None)
            return n

        self._change(mend, "mended in what is sent", then="it is made and judged anew now")

    def _change(
        self, call: Callable[[], int], what: str, then: str = "everything was judged again"
    ) -> None:
        self.is_changing, self.done = True, ""
        self.draw()

        def changed(n: int) -> None:
            self.is_changing = False
            self.done = f"{figures.count(n, 'finding')} {what}; {then}."
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
        finding = self.chosen_finding() or group.first
        read = element_of(rule_of(group.of.rule), finding.message)

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
                        f"eucaim-transfer check {self._transfer} --out DIR --identifiers",
                    ],
                )
            )

        self.read("export", partial(self.owner.source.findings.export, self._transfer), written)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset({"answer", "waive", "exclude", "mend", "preview", "export"})

    def can(self, action: str) -> bool | None:
        group = self.chosen_group()
        if group is None or self.is_changing:
            return False
        return {
            "answer": group.can_be_answered,
            "waive": group.can_be_waived,
            "exclude": group.can_be_excluded,
            "mend": group.can_be_mended,
            "preview": self._has_example(group),
        }.get(action, True)

    def _has_example(self, group: Group) -> bool:
        finding = self.chosen_finding() or group.first
        return any(
            key[:1] in ("P", "S", "E", "I", "F") and key[1:].isdecimal()
            for key in (finding.key, finding.example)
        )


def element_of(rule: Rule | None, message: str) -> Attribute | None:
    """The element that a finding is about: the one that it names, else the first that its rule
    reads, for which the class of the object only says whether the rule holds."""
    read = [one for one in rule.reads if one.tag > 0] if rule else []
    named = [one for one in read if one.name in message]
    others = [one for one in read if one is not SOP_CLASS]
    return next(iter([*named, *others, *read]), None)


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
