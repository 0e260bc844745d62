"""Step 10: the dataset, how far it is, what stands in its way, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from transfer.errors import SignInExpired, TransferError
from transfer.journey.waiting import since
from transfer.publication.values import Dataset, Stage
from tui import words
from tui.datasets import DatasetView
from tui.page import Page
from tui.screens.clinical_reconcile_asking import ask_person_once, ask_why
from tui.screens.dataset_confirm import ConfirmScreen
from tui.screens.dataset_drawing import draw_facts, draw_stages
from tui.screens.dataset_keys import asked_every_s, offered, word_of
from tui.screens.dataset_now import confirming, dataset_now, deleting, invalidating
from tui.screens.dataset_pick import PickScreen
from tui.screens.dataset_polling import Polling
from tui.screens.pick import Pick
from tui.screens.sign_in import sign_in
from tui.screens.steps import WHOLE_SCREENS, screen_of_whole
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.painted import Painted

_LOOK_TICKS: Final = 8
_SECOND_TICKS: Final = 4


class DatasetScreen(Page):
    """What the ledger knows at once; the node is asked by a key, and by itself while it makes the
    dataset or others look at it."""

    CSS_PATH = "dataset.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sign_in", "Sign in", id="dataset.sign-in"),
        Binding("g", "guide", "Guide", id="dataset.guide"),
        Binding("p", "pick_up", "Pick up", id="dataset.pick-up"),
        Binding("c", "create", "Create", tooltip="Create from an index", id="dataset.create"),
        Binding("x", "delete", "Remove", tooltip="Remove what failed", id="dataset.delete"),
        Binding("a", "accept", "Accept", tooltip="Accept the difference", id="dataset.accept"),
        Binding("P", "publish", "Publish", key_display="P", id="dataset.publish"),
        Binding("m", "metadata", "Metadata", id="dataset.metadata"),
        Binding("o", "whole('catalogue')", "Catalogue", id="dataset.catalogue"),
        Binding("l", "whole('legal')", "Legal", tooltip="The legal record", id="dataset.legal"),
        Binding("k", "ask", "Ask node", id="dataset.ask"),
        Binding("w", "watch", "Watch", tooltip="Ask by itself, or not", id="dataset.watch"),
        Binding("e", "whole('evidence')", "Evidence", id="dataset.evidence"),
        Binding("i", "invalidate", "Invalidate", id="dataset.invalidate"),
        Binding(
            "pagedown", "read_on(1)", "Read on", key_display="PgDn", priority=True,
            id="dataset.read-on",
        ),
        Binding("pageup", "read_on(-1)", show=False, priority=True, id="dataset.read-back"),
    ]  # fmt: skip
    COMMAND_KEYS: ClassVar[Mapping[str, str]] = {
        "dataset": "k",
        "dataset --guide": "g",
        "dataset --pick-up": "p",
        "dataset --create": "c",
        "dataset --follow": "k",
        "dataset --delete": "x",
        "dataset --accept-difference": "a",
        "dataset --metadata": "m",
        "dataset --template": "m",
        "dataset --invalidate": "i",
        "publish": "P",
        "catalogue": "o",
        "legal": "l",
        "legal --record": "l",
        "report": "e",
    }

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._view: DatasetView | None = None
        self._error: TransferError | None = None
        self._doing = ""
        self._done = ""
        self._polling = Polling(None)
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="stages")
        with VerticalScroll(id="about", can_focus=False):
            yield Painted(id="facts")

    def on_mount(self) -> None:
        # Whether there is more to read is known once the text has its place.
        self.watch(self.query_one("#about"), "virtual_size", self.refresh_bindings, init=False)
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "Stages of the dataset", [
            ("✓", "behind it, or reached for good"),
            ("●", "where it is now"),
            ("○", "still to come"),
            ("✗", "it failed there, or is not to be used"),
        ]

    # Looking ------------------------------------------------------------------------------

    def look(self) -> None:
        now = self.owner.source.now()
        if self._polling.is_due(now) and not self._doing:
            self._ask()
        if self._ticks % _LOOK_TICKS == 0 and not self._doing and not self._polling.is_asking:
            standing = partial(self.owner.source.datasets.standing, self._transfer)
            self.read("standing", standing, self._take)
        elif self._ticks % _SECOND_TICKS == 0 and self._polling.is_live:
            self._tell()
        self._ticks += 1

    def _ask(self) -> None:
        self._polling.asks()
        self._tell()
        look = partial(self.owner.source.datasets.look, self._transfer)
        self.read("look", look, self._asked)

    def _asked(self, view: DatasetView) -> None:
        self._polling.answered(self.owner.source.now())
        self._error = None
        self._take(view)

    def _take(self, view: DatasetView) -> None:
        was = self._view.look.dataset if self._view else None
        made = view.look.dataset
        self._view = view
        if was and made and (was.stage, made.stage) == (Stage.CREATING, Stage.DRAFT):
            settle = partial(self.owner.source.datasets.settle, self._transfer)
            self._act("The node has made it; comparing…", "", settle)
            return
        self._polling.every_s = asked_every_s(view)
        self._polling.seen(since(view.look.seen_at_utc))
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._doing = ""
        if kind == "look":
            self._polling.failed(self.owner.source.now(), error)
        if kind == "standing" and self._view is not None:
            return
        self._error = error
        self._ticks = 0
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        view = self._view
        state = words.standing_of(word_of(view)) if view else None
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Dataset"], state)
        self.query_one(FailurePanel).say(self._trouble())
        if view is not None:
            now = self.owner.source.now()
            self.query_one("#stages", Painted).show(partial(draw_stages, view, now))
            self.query_one("#facts", Painted).show(partial(draw_facts, view))
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        view = self._view
        if self._doing:
            self.now.say(Now(self._doing, "Please wait a moment."))
        elif view is None:
            text = "Step 10 cannot be shown." if self._error else "Reading…"
            self.now.say(Now(text, "[Esc] goes back."))
        elif isinstance(self._error, SignInExpired):
            self.now.say(Now("The node wants you to sign in.", "[s] signs in, and asks it again."))
        else:
            told = self._polling.told(self.owner.source.now())
            now = dataset_now(view, told, is_live=self._polling.is_live)
            self.now.say(Now(self._done, now.press) if self._done else now)

    def _trouble(self) -> Trouble | None:
        error, view = self._error, self._view
        if error is not None:
            return self.told(error)
        if view is None:
            return None
        if view.look.way.lacking:
            return Trouble(" ".join(view.look.way.lacking), "Nothing was sent.", "")
        known = view.look.trouble
        if known is None:
            return None
        return Trouble(
            known.what, "What is on the node stays as it is.", self.remedy_here(known.remedy)
        )

    # Acting -------------------------------------------------------------------------------

    def _act(self, doing: str, done: str, call: Callable[[], DatasetView]) -> None:
        if self._doing:
            return
        self._doing, self._done, self._error = doing, "", None
        self._draw()

        def acted(view: DatasetView) -> None:
            self._doing, self._done = "", done
            self._polling.answered(self.owner.source.now())
            self._take(view)

        self.read("act", call, acted)

    def action_ask(self) -> None:
        self._done = ""
        self._ask()

    def action_watch(self) -> None:
        self._polling.is_on = not self._polling.is_on
        self._tell()

    @work(exclusive=True, group="question")
    async def action_sign_in(self) -> None:
        view = self._view
        if view is not None and await sign_in(self, view.node) is not None:
            self._error = None
            self._ask()
            self._draw()

    def action_guide(self) -> None:
        from tui.screens.dataset_guide import GuideScreen

        self.app.push_screen(GuideScreen(self._transfer))

    def action_metadata(self) -> None:
        from tui.screens.dataset_metadata import MetadataScreen

        self._done = ""
        self.app.push_screen(MetadataScreen(self._transfer))

    def action_create(self) -> None:
        from tui.screens.dataset_create import CreateScreen

        self._done = ""
        self.app.push_screen(CreateScreen(self._transfer))

    def action_whole(self, word: str) -> None:
        """Open what concerns the whole transfer."""
        self.app.push_screen(screen_of_whole(word, self._transfer))

    def action_pick_up(self) -> None:
        self._doing, self._done, self._error = "Asking the node for new drafts…", "", None
        self._draw()
        candidates = partial(self.owner.source.datasets.candidates, self._transfer)
        self.read("candidates", candidates, self._offer)

    def _offer(self, found: Sequence[Dataset]) -> None:
        self._doing = ""
        if not found:
            self._done = (
                "The node lists no new draft yet. One that it could not make is never listed."
            )
            self._draw()
            return
        self._draw()
        self._pick(found)

    @work(exclusive=True, group="question")
    async def _pick(self, found: Sequence[Dataset]) -> None:
        view = self._view
        if view is None:
            return
        id = await self.app.push_screen_wait(PickScreen(found, view.look.cohort))
        person = await ask_person_once(self) if id else None
        if id and person:
            pick_up = partial(self.owner.source.datasets.pick_up, self._transfer, id, person)
            self._act("Picking it up…", "It is this transfer's dataset from now on.", pick_up)

    @work(exclusive=True, group="question")
    async def action_accept(self) -> None:
        said = await ask_why(self, "Why may the dataset hold less than was verified?")
        if said is not None:
            accept = partial(self.owner.source.datasets.accept, self._transfer, *said)
            self._act("Recording it…", "The difference is accepted, for these very counts.", accept)

    def action_publish(self) -> None:
        """The node is asked first: what a person confirms is what it holds now."""
        self._doing, self._done, self._error = "Asking the node what it holds now…", "", None
        self._draw()
        look = partial(self.owner.source.datasets.look, self._transfer)
        self.read("look before", look, self._ask_to_publish)

    def _ask_to_publish(self, view: DatasetView) -> None:
        self._doing = ""
        self._asked(view)
        if self.can("publish"):
            self._confirm(view)

    @work(exclusive=True, group="question")
    async def _confirm(self, view: DatasetView) -> None:
        levels = view.look.way.visibilities
        chosen = levels[0] if levels else None
        if len(levels) > 1:
            key = await self.app.push_screen_wait(
                Pick(
                    "Who may see it?",
                    ["What each one gives away is told before anything happens."],
                    [(one.key, one.title) for one in levels],
                )
            )
            chosen = next((one for one in levels if one.key == key), None)
            if chosen is None:
                return
        typed = await self.app.push_screen_wait(ConfirmScreen(confirming(view, chosen)))
        if typed and chosen is not None and chosen.asks_twice:
            asked = confirming(view, chosen, again=True)
            typed = await self.app.push_screen_wait(ConfirmScreen(asked))
        person = await ask_person_once(self) if typed else None
        if typed and person:
            publish = partial(
                self.owner.source.datasets.publish,
                self._transfer,
                chosen.key if chosen else "",
                typed,
                person,
            )
            self._act("Letting others see it, and reading it back…", "", publish)

    @work(exclusive=True, group="question")
    async def action_invalidate(self) -> None:
        view = self._view
        said = await ask_why(self, "Why is it not to be used any more?") if view else None
        if view is None or said is None:
            return
        person, reason = said
        typed = await self.app.push_screen_wait(ConfirmScreen(invalidating(view, reason)))
        if typed:
            invalidate = partial(
                self.owner.source.datasets.invalidate, self._transfer, reason, person, typed
            )
            self._act("Marking it…", "It is marked as not to be used.", invalidate)

    @work(exclusive=True, group="question")
    async def action_delete(self) -> None:
        view = self._view
        if view is None:
            return
        typed = await self.app.push_screen_wait(ConfirmScreen(deleting(view)))
        if typed:
            delete = partial(self.owner.source.datasets.delete, self._transfer, typed)
            self._act("Removing it…", "It is removed; it can be made again.", delete)

    def action_read_on(self, by: int) -> None:
        about = self.query_one("#about", VerticalScroll)
        (about.scroll_page_down if by > 0 else about.scroll_page_up)(animate=False)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset(
            {
                "sign_in", "guide", "pick_up", "create", "delete", "accept", "publish", "metadata",
                "ask", "watch", "invalidate", "read_on",
            }
        )  # fmt: skip

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "whole":
            return self._has_whole(str(parameters[0]))
        return super().check_action(action, parameters)

    def _has_whole(self, word: str) -> bool:
        dataset = self._view.look.dataset if self._view else None
        if word not in WHOLE_SCREENS or self._view is None or self._doing:
            return False
        return word != "catalogue" or (dataset is not None and dataset.stage is Stage.PUBLISHED)

    def can(self, action: str) -> bool | None:
        if action == "read_on":
            return self.query_one("#about", VerticalScroll).max_scroll_y > 0
        view = self._view
        if view is None or self._doing or view.look.way.lacking:
            return False
        return {
            **offered(view),
            "sign_in": isinstance(self._error, SignInExpired),
            "ask": not self._polling.is_asking,
            "watch": self._polling.every_s is not None,
        }[action]
