"""What a person is asked before findings change: which answer, for which of them, who and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from transfer.errors import UsageError
from transfer.ledger.findings import Finding
from transfer.mending import term_of
from transfer.quality.rule import Rule
from tui.findings import Group
from tui.page import Page
from tui.screens.findings_drawing import noun_of
from tui.screens.pick import Pick
from tui.screens.question import Ask, Question
from tui.typed import refuse_empty

_OWN_WORDS = "own words"
_ONE, _ALL = "one", "all"
_SOURCE_STAYS = "Only what is sent is mended; the source stays as it is."
_MEND_QUESTIONS = {
    "IMG-06": (
        "Take that date as the day of acquisition?",
        "Acquisition Date is filled from the date that the finding names.",
    ),
    "IMG-07": (
        "Put the UID of the file meta information right?",
        "It becomes the SOP Instance UID that stands in the data set.",
    ),
}
_KEPT = "It is kept with the transfer, with name and date."


async def ask_choice(page: Page, group: Group, rule: Rule) -> str | None:
    """The answer: one of the rule's, or one's own words; None when the operator went back."""
    choices = [(choice.word, choice.text) for choice in rule.choices]
    if rule.accepts is not None:
        choices.append((_OWN_WORDS, "Another answer, in your own words"))
    word: str | None = _OWN_WORDS
    if rule.choices:
        word = await page.app.push_screen_wait(Pick(rule.title, [group.first.message], choices))
    if word != _OWN_WORDS or rule.accepts is None:
        return word
    accepts = rule.accepts
    text = await page.app.push_screen_wait(
        Ask(
            rule.title,
            [group.first.message, f"Give {rule.asks_for or 'an answer in your own words'}."],
            check=lambda given: _refuse_unless(accepts(given.strip())),
        )
    )
    return text.strip() if text else None


async def ask_keys(page: Page, group: Group, finding: Finding | None) -> Sequence[str] | None:
    """What the word is about: one key, or with none of them all that stand open; None when the
    operator went back."""
    if finding is None or group.of.findings == 1:
        return ()
    which = await page.app.push_screen_wait(
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


async def ask_by(page: Page, title: str, *, needs_reason: bool) -> tuple[str, str] | None:
    """Who says so, and why: (person, reason); None when the operator went back."""
    may = "" if needs_reason else " It may stay empty."
    reason = await page.app.push_screen_wait(
        Ask(
            title,
            [_KEPT + may],
            check=lambda text: _refuse_unless(bool(text.strip()) or not needs_reason),
        )
    )
    if reason is None:
        return None
    findings = page.owner.source.findings
    person = await page.app.push_screen_wait(
        Ask(
            "Who says so?",
            ["First and last name of the person."],
            value=findings.person,
            check=refuse_empty,
        )
    )
    if not person:
        return None
    findings.person = person.strip()
    return findings.person, reason.strip()


async def ask_value(page: Page, transfer: str, group: Group) -> str | None:
    """What to put in its place; empty where there is only one thing to do."""
    if group.of.rule != "IMG-03":
        question = _MEND_QUESTIONS[group.of.rule]
        yes = await page.app.push_screen_wait(
            Question(question[0], [question[1], _SOURCE_STAYS], no="Leave it", yes="Mend it")
        )
        return "" if yes else None
    known = await page.owner.in_thread(partial(page.owner.source.findings.body_parts, transfer))
    word = await page.app.push_screen_wait(
        Pick(
            "Which part of the body is it?",
            [_SOURCE_STAYS],
            [*((text, text) for text in known), (_OWN_WORDS, "Another one…")],
        )
    )
    if word != _OWN_WORDS:
        return word
    return await page.app.push_screen_wait(
        Ask("Which part of the body is it?", ["In capital letters, at most 16."], check=term_of)
    )


def _refuse_unless(is_good: bool) -> None:
    if not is_good:
        raise UsageError("That cannot be taken.", "Write it as asked for above, or press Esc.")
