"""How the account is drawn: its state, what there is to do, and its links."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from transfer.values import StepState
from tui import figures
from tui.accounts import AccountView, Link, reminder
from tui.screens.account_link import numbered
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now, with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.link import linked

_WHAT = 26


def draw_account(view: AccountView, now: datetime, width: int) -> list[Content]:
    """The state on top, then what to do, in order."""
    found = [
        piece for text, style in _state(view, now) for piece in wrapped(ink(text, style), width)
    ]
    if view.wants_site_id:
        missing = ink("Your institution's SITE ID is missing: see the dashboard. ", "$warn")
        found += wrapped(line(missing, with_keys("[t] asks for it.")), width)
    if view.lacks:
        found += wrapped(ink(f"Before the first upload: {plain(view.lacks)}", "$warn"), width)
    found.append(Content(""))
    for number, text in enumerate(view.lines, 1):
        found += numbered(number, ink(plain(text)), width)
    return [*found, Content("")]


def draw_link(link: Link, width: int) -> list[Content]:
    """What is there, and the address; the terminal opens all of it, however much is shown."""
    room = max(8, width - _WHAT)
    shown = shorten_path(link.address, room)
    return [line(cell(plain(link.what), _WHAT - 2), "  ", linked(shown, link.address))]


def account_now(view: AccountView, now: datetime, *, waits: bool) -> Now:
    """What now."""
    account = view.account
    if not view.ways:
        return Now("This node asks nobody for a name or a password.", "[Esc] goes back.")
    if account.state is StepState.DONE:
        if waits:
            return Now("The upload waits for a sign-in.", "[i] signs in again and goes on.")
        if any(right.is_given is False for right in account.rights):
            press = "[v] what, and what to do about it.   [o] signs out."
            return Now("The account lacks a right.", press)
        return Now("The account is there.", "[v] what it may do.   [o] signs out.   [Esc] back.")
    if account.is_asked_for:
        late = reminder(account, now)
        return Now(late or "Others have to act: an answer takes up to 48 hours.", "[i] signs in.")
    if account.state is StepState.WAITING:
        return Now("The sign-in has run out. Nothing is lost.", "[i] signs in again.")
    return Now(
        "Nobody is signed in on this node.",
        "[i] signs in.   [a] once you have asked for an account.",
    )


def _state(view: AccountView, now: datetime) -> list[tuple[str, str]]:
    account = view.account
    when = figures.since(account.since_utc, now)
    if account.state is StepState.DONE:
        who = plain(account.username) or "an account without a name"
        kept = [(view.kept_in, "$muted")] if view.kept_in else []
        return [(f"✓ Signed in as {who} {when}.", "bold $good"), *kept]
    if account.is_asked_for:
        late = reminder(account, now)
        asked = (f"… Asked for by {plain(account.person)} {when}.", "bold $warn")
        return [asked, (late, "$warn")] if late else [asked]
    if account.state is StepState.WAITING:
        return [(f"… {plain(account.detail)} Waiting {when}.", "bold $warn")]
    if account.is_signed_out:
        return [(f"○ {plain(account.detail)}", "bold")]
    return [("○ No account is known here yet.", "bold")]
