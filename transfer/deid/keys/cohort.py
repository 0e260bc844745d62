"""The key of a cohort: found, made once, imported, protected; a second one needs a person."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from transfer.clock import utc_now
from transfer.deid.keys.key import check_key, fingerprint, new_key
from transfer.deid.keys.keyring import (
    CohortKey,
    KeyFacts,
    KeyMissing,
    Origin,
    keep_document,
    keep_key,
    look_up,
    make_document,
    open_document,
    open_key,
)
from transfer.deid.keys.register import (
    Change,
    Cohort,
    Entry,
    find_entry,
    read_entries,
    register,
    write_entries,
)
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, read_order
from transfer.ledger.selection import is_part
from transfer.workspace import Home

SECOND_KEY: Final = "second-key"
"""Subject of the word by which a person answers for a second key."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a person gives a known cohort a second key."""

    person: str
    reason: str


class NoKeyYet(UsageError):
    """The cohort has no key."""

    def __init__(self) -> None:
        super().__init__(
            "This cohort has no key yet.",
            "If patients of this cohort were sent before, import the key that was used then:"
            " eucaim-transfer key import NAME; else make one: eucaim-transfer key make NAME",
        )


class PartWithoutKey(UsageError):
    """One of several gateways has no key, and making one would give it another than the others."""

    def __init__(self) -> None:
        super().__init__(
            "This transfer sends one part of a cohort, and there is no key here: a key of its own"
            " would give pseudonyms that do not fit those of the other hosts.",
            "Bring the key of the other host: eucaim-transfer key import NAME --file FILE. On the"
            " first host make it: eucaim-transfer key make NAME",
        )


class SecondKey(UsageError):
    """A known cohort is to get another key, and nobody explained it (DID-11)."""

    def __init__(self, known: str, offered: str) -> None:
        super().__init__(
            f"This cohort has a key already (fingerprint {known}); with another one ({offered})"
            " patients already sent would get a second identity.",
            "Take the cohort's own key. If it has to be another, a named person answers for it:"
            " add --by PERSON --reason TEXT.",
        )


def cohort_of(order: Order) -> Cohort:
    """The cohort that a transfer belongs to."""
    return Cohort(order.node, order.destination, order.site_id or "")


def require_site_id(order: Order) -> str:
    """The SITE ID of a transfer whose method writes it into every instance.

    Raises:
        UsageError: it is not known (DID-10).
    """
    if order.site_id and order.site_id.strip():
        return order.site_id
    raise UsageError(
        "SITE ID missing: see your dashboard profile.",
        "It is in your user profile on the EUCAIM dashboard. If the field is empty there, open a"
        ' ticket at https://help.cancerimage.eu for the group dashboard: "Please enter our SITE'
        ' ID in my profile." Then make the transfer with: eucaim-transfer new … --site-id ID',
    )


def key_for(home: Home, cohort: Cohort, passphrase: str | None = None) -> CohortKey:
    """The key of a cohort that has one.

    Raises:
        NoKeyYet: it has none.
        PassphraseNeeded, WrongPassphrase: it is protected.
        UsageError: the key or the register is missing, damaged, or open to others (DID-13).
    """
    entry = find_entry(home, cohort)
    if entry is None:
        raise NoKeyYet
    return open_key(home, entry.fingerprint, passphrase)


def make_or_find(
    home: Home,
    cohort: Cohort,
    passphrase: str | None = None,
    *,
    clock: Callable[[], float] = time.time,
) -> tuple[CohortKey, bool]:
    """The key of a cohort, and whether it was made just now (see `notice_of_new_key`).

    A new key is locked if there is a passphrase.

    Raises:
        UsageError: as `key_for`, or the home cannot be written to.
    """
    with register(home) as path:
        if find_entry(home, cohort) is not None:
            return key_for(home, cohort, passphrase), False
        key = keep_key(home, _fresh(new_key(clock), "made"), passphrase)
        write_entries(path, [*read_entries(home), Entry(cohort, key.fingerprint, utc_now())])
        return key, True


def key_of_transfer(
    home: Home,
    ledger: Ledger,
    passphrase: str | None = None,
    *,
    clock: Callable[[], float] = time.time,
) -> tuple[CohortKey, bool]:
    """As `make_or_find`, for the cohort of a transfer that may have used a key before.

    Raises:
        KeyMissing: it has, and the register knows nothing of it any more.
        SecondKey: it has, and the cohort's key is another since, without anybody's word.
        PartWithoutKey: it is one of several gateways, and the key is at another one.
        UsageError: as `make_or_find`.
    """
    cohort = cohort_of(read_order(ledger))
    row = ledger.row("SELECT key_fingerprint FROM deid_run ORDER BY id DESC LIMIT 1")
    # A script may have needed no key; then none is named.
    used = row[0] if row else ""
    if used:
        entry = find_entry(home, cohort)
        if entry is None:
            raise KeyMissing
        known = {entry.fingerprint, *(change.fingerprint for change in entry.earlier)}
        if used not in known:
            raise SecondKey(used, entry.fingerprint)
    if is_part(ledger) and find_entry(home, cohort) is None:
        raise PartWithoutKey
    return make_or_find(home, cohort, passphrase, clock=clock)


def refuse_second_key(
    home: Home, cohort: Cohort, mark: str, explained: Explanation | None = None
) -> bool:
    """Whether the key of this fingerprint would be a second one, which a person explained.

    Raises:
        SecondKey: it would, and nobody explained it.
    """
    entry = find_entry(home, cohort)
    if entry is None or entry.fingerprint == mark:
        return False
    if explained is None:
        raise SecondKey(entry.fingerprint, mark)
    return True


def import_key(
    home: Home,
    cohort: Cohort,
    text: str,
    passphrase: str | None = None,
    explained: Explanation | None = None,
) -> CohortKey:
    """Give a cohort a key that was made elsewhere, or bring its own back; locked if there is a
    passphrase.

    Raises:
        SecondKey: the cohort has another key, and it was not explained.
        UsageError: the text is no key, or the home cannot be written to.
    """
    key = _fresh(check_key(text), "imported")
    return _adopt(home, cohort, make_document(key, passphrase), passphrase, explained)


def import_document(
    home: Home,
    cohort: Cohort,
    document: dict[str, object],
    passphrase: str | None = None,
    explained: Explanation | None = None,
) -> CohortKey:
    """The same for a key in the form of a key's file; a locked one stays as it is locked.

    Raises:
        PassphraseNeeded, WrongPassphrase: it cannot be opened, so it is not taken.
        SecondKey, UsageError: as `import_key`.
    """
    return _adopt(home, cohort, document, passphrase, explained)


def protect_key(home: Home, cohort: Cohort, present: str | None, wanted: str | None) -> CohortKey:
    """Lock the cohort's key with another passphrase; None leaves it without one.

    Raises:
        UsageError: as `key_for`, or the new passphrase is too short.
    """
    with register(home):
        return keep_key(home, key_for(home, cohort, present), wanted)


def notice_of_new_key(key: CohortKey) -> tuple[str, str]:
    """The two lines that the operator is told when a key is made."""
    return (
        f"A new key was made for this cohort (fingerprint {key.fingerprint}). If it is lost, later"
        " deliveries cannot be linked to these patients any more, and nobody can make it again.",
        "Put a copy where your backups lie: eucaim-transfer key export NAME --out FILE",
    )


def _fresh(text: str, origin: Origin) -> CohortKey:
    return CohortKey(text, KeyFacts(fingerprint(text), utc_now(), origin, False))


def _adopt(
    home: Home,
    cohort: Cohort,
    document: dict[str, object],
    passphrase: str | None,
    explained: Explanation | None,
) -> CohortKey:
    key = open_document(document, passphrase)
    mark = key.fingerprint
    with register(home) as path:
        is_second = refuse_second_key(home, cohort, mark, explained)
        if _is_worse(home, key.facts):
            key = CohortKey(key.text, look_up(home, mark))
        else:
            keep_document(home, document)
        entries = read_entries(home)
        before = next((e for e in entries if e.cohort == cohort), None)
        now = utc_now()
        if before is None:
            write_entries(path, [*entries, Entry(cohort, mark, now)])
        elif is_second and explained is not None:
            change = Change(before.fingerprint, explained.person, explained.reason, now)
            after = Entry(cohort, mark, now, (*before.earlier, change))
            write_entries(path, [after if e == before else e for e in entries])
    return key


def _is_worse(home: Home, offered: KeyFacts) -> bool:
    """Whether the key lies here already in good order, and not less protected than offered."""
    try:
        present = look_up(home, offered.fingerprint)
    except UsageError:
        return False
    return present.is_protected or not offered.is_protected
