"""The account step: the home's record of the account and the transfer's own, the newer one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from transfer.accounts import Account
from transfer.journey.standing import Standing
from transfer.journey.steps import JourneyStep
from transfer.journey.waiting import since
from transfer.ledger.steps import StepRecord
from transfer.values import StepState

ASK_AGAIN = "ask the node's support, or open a ticket"
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def account_standing(
    step: JourneyStep, record: StepRecord | None, account: Account, *, wants_sign_in: str
) -> Standing:
    """How far the account is. `wants_sign_in` is when a run of the transfer found that nobody was
    signed in, empty where none did."""
    newest = account_known_at(record, account)
    login = f"eucaim-transfer login {account.node}"
    if wants_sign_in and _at(wants_sign_in) > newest and not account.is_asked_for:
        return Standing(
            step,
            StepState.WAITING,
            "waiting",
            "The sign-in has run out; the transfer waits for it.",
            "sign in again",
            since_utc=wants_sign_in,
            at_utc=wants_sign_in,
            next="Sign in again; then the upload goes on.",
            command=login,
        )
    if record is not None and _at(record.changed_at_utc) > _at(account.at_utc):
        found = Standing(
            step,
            record.state,
            detail=record.detail,
            person=record.person,
            evidence=record.evidence,
            since_utc=record.since_utc,
            at_utc=record.changed_at_utc,
            waits_for_others=record.state is StepState.WAITING and bool(record.person),
        )
    else:
        found = Standing(
            step,
            account.state,
            detail=account.detail,
            person=account.person,
            evidence=account.evidence,
            since_utc=account.since_utc,
            at_utc=account.at_utc,
            waits_for_others=account.is_asked_for,
        )
    return _with_next(found, account, login)


def account_known_at(record: StepRecord | None, account: Account) -> datetime:
    """When anything was last learnt of the account."""
    return max(_at(account.at_utc), _at(record.changed_at_utc if record else ""))


def _with_next(found: Standing, account: Account, login: str) -> Standing:
    if found.state is StepState.DONE:
        missing = [right for right in account.rights if right.is_given is False]
        if not missing:
            return replace(found, word="done")
        lacks = f"The account {missing[0]}."
        detail = f"{found.detail} {lacks}".strip()
        return replace(found, word="done", detail=detail, next=missing[0].remedy)
    if found.waits_for_others:
        return replace(
            found,
            word="waiting",
            next="Sign in as soon as the account is given.",
            command=login,
        )
    if found.state is StepState.WAITING:
        return replace(found, word="waiting", next="Sign in again.", command=login)
    words = {StepState.BLOCKED: "blocked", StepState.RUNNING: "running"}
    # Whoever signed out has an account.
    register = "Register, ask for the account, then sign in."
    first = "Sign in again." if account.is_signed_out else register
    return replace(
        found,
        word=words.get(found.state, "to do"),
        next=first,
        command=login,
    )


def _at(utc: str) -> datetime:
    return since(utc) or _BEGINNING
