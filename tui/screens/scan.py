"""The scan: what the source folder holds, and what of it will not go, and why."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.ledger.census import LeftOut
from transfer.members import spelled
from transfer.status import Status
from tui import figures, words
from tui.screens.transfer_page import TransferPage, runner_line
from tui.source import Launch
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, wrapped
from tui.widgets.ink import cell, ink, line, share_and_bar
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_PAGE = 100
_MORE, _LESS = "more", "less"


class ScanScreen(TransferPage):
    """Counts as they grow; below them every file that is left out, with its reason."""

    CSS_PATH = "scan.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Go on", id="scan.go-on"),
        Binding("c", "findings", "Findings", id="scan.findings"),
        Binding("i", "names", "Original names", id="scan.names"),
    ]
    until = "scan"

    def __init__(self, transfer: str) -> None:
        super().__init__(transfer)
        self._left_out: list[LeftOut] = []
        self._offset = 0
        self._shows_names = False
        self._saw_scanning = False

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="counts")
        yield Painted(id="left-heading", classes="heading")
        yield Rows(id="left-out", empty=[""], pick=None)
        yield Painted(id="one")

    def on_mount(self) -> None:
        self.draw()

    def look_closer(self) -> None:
        self.read(
            "left-out",
            partial(self.owner.source.left_out, self.transfer, _PAGE, self._offset),
            self._take_left_out,
        )

    def _take_left_out(self, left_out: list[LeftOut]) -> None:
        if bool(left_out) != bool(self._left_out):
            self.call_after_refresh(self.refresh_bindings)
        self._left_out = left_out
        self._draw_left_out()

    def draw(self) -> None:
        status = self.status
        state = words.state_of(self.glance.state) if self.glance else None
        self.crumbs.say(["eucaim-transfer", plain(self.transfer), "Source folder"], state)
        self.query_one(FailurePanel).say(self.trouble())
        if status is None:
            self.now.say(Now("Reading the transfer…", "[Esc] goes back."))
            return
        if self._has_moved_on(status):
            self._show_upload()
            return
        self.query_one("#counts", Painted).show(partial(_counts, status, self.launched))
        self._draw_left_out()
        starting = Now("Starting to read…", "Please wait a moment.")
        self.now.say(starting if self.is_starting else words.scan_now(status))

    def _draw_left_out(self) -> None:
        rows = [
            Row(entry.key, partial(_draw_left_out, entry, self._shows_names))
            for entry in self._left_out
        ]
        if self._offset:
            rows.insert(0, Row(_LESS, partial(_say, f"↑ before {self._offset + 1:,}: Enter")))
        if len(self._left_out) == _PAGE:
            rows.append(Row(_MORE, partial(_say, "↓ more: Enter")))
        self.query_one("#left-out", Rows).show(rows)
        self._tell()
        files = self.status.census.files if self.status else None
        total = files.rejected + files.duplicates + files.missing if files else 0
        masked = "names hidden, i shows them" if not self._shows_names else "i hides the names"
        heading = f"{figures.count(total, 'file')} left out" if total else ""
        self.query_one("#left-heading", Painted).show(
            lambda width: [
                line(
                    cell(heading, max(0, width - 27), "$muted"),
                    cell(masked if total else "", 27, "$muted", align="right"),
                )
            ]
        )

    @on(Rows.Reached)
    def _tell(self) -> None:
        key = self.query_one("#left-out", Rows).key
        entry = next((one for one in self._left_out if one.key == key), None)
        self.query_one("#one", Painted).show(partial(_draw_whole, entry))

    def _turn(self, key: str | None) -> bool:
        if key not in (_MORE, _LESS):
            return False
        self._offset = max(0, self._offset + (_PAGE if key == _MORE else -_PAGE))
        self.query_one("#left-out", Rows).action_edge(0)
        self.look_closer()
        return True

    def action_names(self) -> None:
        self._shows_names = not self._shows_names
        self._draw_left_out()

    @work(exclusive=True, group="question")
    async def action_go_on(self) -> None:
        status = self.status
        if status is None or self._turn(self.query_one("#left-out", Rows).key):
            return
        unread = status.runner.epoch == 0 or status.census.files.unread
        if not status.is_running and unread:
            await self.start()
        elif words.stands_in_the_way(status):
            self.action_findings()
        elif status.census.instances.ready:
            self._show_upload()

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(self.transfer))

    def _has_moved_on(self, status: Status) -> bool:
        """Whoever watched the reading wants to see the sending that follows it."""
        if status.is_running and status.progress.phase == "scan":
            self._saw_scanning = True
            return False
        if status.is_running:
            return self._saw_scanning
        return self._saw_scanning and status.census.instances.sent > 0

    def _show_upload(self) -> None:
        from tui.screens.upload import UploadScreen

        if isinstance(self.app.screen_stack[-2], UploadScreen):
            self.app.pop_screen()
        else:
            self.app.switch_screen(UploadScreen(self.transfer))

    def live_actions(self) -> frozenset[str]:
        return super().live_actions() | {"names", "go_on", "findings"}

    def can(self, action: str) -> bool | None:
        if action == "names":
            return bool(self._left_out)
        if action == "findings":
            return bool(self.status and self.status.census.files.seen)
        if action == "go_on":
            scanning = bool(
                self.status and self.status.is_running and self.status.progress.phase == "scan"
            )
            return self.status is not None and not scanning and not self.is_starting
        if action == "start":
            return False
        return super().can(action)


def _counts(status: Status, launched: Launch | None, width: int) -> list[Content]:
    census, progress = status.census, status.progress
    files, counts, goes = census.files, census.instances, status.goes
    scanning = status.is_running and progress.phase == "scan"
    lines: list[Content] = []
    if scanning and progress.total:
        part = figures.share(progress.done, progress.total)
        lines.append(share_and_bar(part, width))
        lines.append(line(f"{progress.done:,}", (f" of {progress.total:,} files read", "$muted")))
    elif scanning:
        lines.append(line(f"{max(progress.done, files.seen):,}", (" files found so far", "$muted")))
        lines.append(line(("How many there are is not known yet.", "$muted")))
    else:
        source = shorten_path(plain(status.order.source), width - 8)
        lines.append(line(("Folder  ", "$muted"), source))
    if scanning:
        lines.append(line((runner_line(status, launched), "$muted")))
    if not files.seen:
        return lines
    lines.append(Content(""))
    pairs = [
        (f"{files.seen:,}", "files", f"{counts.ready:,}", "instances that can go"),
        (f"{files.unread:,}", "not read yet", f"{goes.patients:,}", "patients"),
        (f"{files.duplicates:,}", "duplicates", f"{goes.studies:,}", "studies"),
        (f"{files.rejected:,}", "left out", f"{goes.series:,}", "series"),
    ]
    if counts.excluded:
        pairs.append((f"{counts.excluded:,}", "instances not chosen", "", ""))
    if files.companions:
        what = "other file" if files.companions == 1 else "other files"
        pairs.append((f"{files.companions:,}", what, "", ""))
    if files.missing:
        pairs.append((f"{files.missing:,}", "vanished since", "", ""))
    for a, what_a, b, what_b in pairs:
        lines.append(
            line(
                cell(a, 11, "bold", align="right"),
                cell(f"  {what_a}", 22, "$muted"),
                cell(b, 11, "bold", align="right"),
                cell(f"  {what_b}", max(0, width - 44), "$muted"),
            )
        )
    return lines


_VERDICTS = {"duplicate": "= duplicate", "rejected": "✗ left out", "missing": "! vanished"}


def _draw_left_out(entry: LeftOut, shows_names: bool, width: int) -> list[Content]:
    what = cell(_VERDICTS.get(entry.verdict, entry.verdict), 13, "$warn")
    told = (why(entry.reasons), "$muted")
    if shows_names:
        told = (shorten_path(plain(spelled(entry.path)), max(10, width - 22)), "")
    return [line(cell(entry.key, 9), what, cell(told[0], max(0, width - 22), told[1]))]


def _draw_whole(entry: LeftOut | None, width: int) -> list[Content]:
    if entry is None:
        return []
    twin = f" The other one is {entry.twin_key}." if entry.twin_key else ""
    return [Content(""), *wrapped(ink(why(entry.reasons) + twin), width)][:5]


def why(reasons: tuple[str, ...]) -> str:
    """The operator's sentence for the first reason; the code itself where there is none."""
    from transfer.scan.reasons import explain

    for reason in reasons:
        try:
            return plain(explain(reason))
        except KeyError:
            return plain(reason)
    return ""


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]
