"""`key make|show|import|export|protect|open`: the key of a transfer's cohort."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.values import ExitCode
from tui.cli.desk import PASSPHRASE, Desk, explanation
from tui.cli.hidden import ask_passphrase, new_passphrase, read_key, read_passphrase_file
from tui.cli.output import print_json, say, tell
from tui.figures import count

_KEY_PLAIN = "key-plain"


def key_command(options: argparse.Namespace) -> int:
    """Carry out one of the commands below `key`."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "make": _make,
        "show": _show,
        "import": _import,
        "export": _export,
        "protect": _protect,
        "open": _open,
    }
    return actions[options.action](options)


def _make(options: argparse.Namespace) -> int:
    from transfer.deid.keys.cohort import make_or_find, notice_of_new_key

    desk = Desk.of(options.name)
    wanted = desk.wanted_passphrase(is_asked=options.passphrase, secret_file=options.secret_file)
    key, is_new = make_or_find(desk.home, desk.cohort, wanted)
    if not is_new:
        raise UsageError(
            f"This cohort has a key already (fingerprint {key.fingerprint}); none was made.",
            "Look at it with: eucaim-transfer key show NAME",
        )
    desk.record(f"The cohort's key {key.fingerprint} was made.")
    if options.json:
        print_json(desk.describe(key.facts))
    for line in notice_of_new_key(key):
        (tell if options.json else say)(line.replace("NAME", desk.workspace.name))
    return ExitCode.DONE


def _show(options: argparse.Namespace) -> int:
    from transfer.deid.keys.keyring import look_up

    desk = Desk.of(options.name)
    entry = desk.entry()
    facts = look_up(desk.home, entry.fingerprint)
    # Opening the key proves its check digit and its fingerprint.
    is_opened = options.reveal or options.secret_file or not facts.is_protected
    key = desk.key(options.secret_file) if is_opened else None
    document = desk.describe(facts) | {
        "check_digit": "right" if key else "not looked at",
        "since_utc": entry.since_utc,
        "earlier": [asdict(change) for change in entry.earlier],
    }
    if key is not None and options.reveal:
        tell("Whoever knows this key can find out which patient is behind a pseudonym.")
        tell("Clear the screen and what can be scrolled back when you are done.")
        document["key"] = key.text
    if options.json:
        print_json(document)
        return ExitCode.DONE
    say(f"fingerprint  {facts.fingerprint}")
    say(f"{facts.origin:<11}  {facts.made_at_utc}")
    say(f"check digit  {document['check_digit']}")
    say(f"protected    {'by a passphrase' if facts.is_protected else 'no: plain, file mode 0600'}")
    say(f"place        {document['place']}")
    for change in entry.earlier:
        say(f"before       {change.fingerprint} until {change.until_utc}")
        say(f"             {change.person}: {change.reason}")
    if "key" in document:
        say(f"key          {document['key']}")
    return ExitCode.DONE


def _import(options: argparse.Namespace) -> int:
    from transfer.deid.keys.cohort import SECOND_KEY, import_document, import_key, refuse_second_key
    from transfer.deid.keys.key import check_key, fingerprint, has_upper_case
    from transfer.deid.keys.keyring import parse_document, read_facts

    desk = Desk.of(options.name)
    explained = explanation(options)
    given = read_key(options.file)
    is_document = given.lstrip().startswith(b"{")
    if is_document:
        document = parse_document(given)
        passphrase = desk.present_passphrase(document, options.secret_file)
        mark = read_facts(document).fingerprint
    else:
        text = check_key(given.decode("ascii", "replace"))
        passphrase = desk.wanted_passphrase(
            is_asked=options.passphrase, secret_file=options.secret_file
        )
        mark = fingerprint(text)
    is_second = refuse_second_key(desk.home, desk.cohort, mark, explained)
    if is_second and explained is not None:
        desk.record_word(SECOND_KEY, mark, explained)
    if is_document:
        key = import_document(desk.home, desk.cohort, document, passphrase, explained)
    else:
        key = import_key(desk.home, desk.cohort, text, passphrase, explained)
    desk.record(f"The cohort's key {mark} was imported.")
    if has_upper_case(key.text):
        tell("The key has capitals and is used as given: in small letters it is another key.")
    if options.json:
        print_json(desk.describe(key.facts) | {"is_second": is_second})
    else:
        say(f"The cohort has its key (fingerprint {mark}); the check digit is right.")
        if options.file is not None:
            say("The file it came from was left as it is: delete it if it is not your backup.")
    return ExitCode.DONE


def _export(options: argparse.Namespace) -> int:
    return _export_crosswalk(options) if options.crosswalk else _export_key(options)


def _export_key(options: argparse.Namespace) -> int:
    from transfer.deid.keys.keyring import export_form, look_up
    from transfer.private import create_private

    desk = Desk.of(options.name)
    mark = desk.entry().fingerprint
    facts = look_up(desk.home, mark)
    explained = explanation(options, is_needed=options.plain and facts.is_protected)
    key = desk.key(options.present_file or options.secret_file) if options.plain else None
    content = export_form(desk.home, mark, key)
    if explained is not None:
        desk.record_word(_KEY_PLAIN, mark, explained)
    out: Path = options.out or Path(f"eucaim-transfer-{mark}.key")
    create_private(out, content)
    is_plain = options.plain or not facts.is_protected
    form = "in plain text" if is_plain else "locked as it is here"
    desk.record(f"The cohort's key {mark} was exported, {form}.")
    if options.json:
        print_json(desk.describe(facts) | {"file": str(out), "is_plain": is_plain})
    else:
        say(f"The key lies in {out}, {form}.")
    if is_plain:
        tell("Whoever reads that file can find out which patient is behind a pseudonym.")
    return ExitCode.DONE


def _export_crosswalk(options: argparse.Namespace) -> int:
    from transfer.deid.keys.crosswalk import PLAIN_WORD, lock_crosswalk, make_crosswalk
    from transfer.private import create_private

    desk = Desk.of(options.name)
    explained = explanation(options, is_needed=options.plain)
    # The secret file locks the crosswalk; the key has a passphrase of its own.
    key = desk.key(options.present_file)
    with Ledger.open(desk.workspace.ledger, read_only=True) as ledger:
        crosswalk = make_crosswalk(ledger, key.text)
    patients = count(crosswalk.patients, "patient")
    if options.plain:
        assert explained is not None, "it is needed"
        desk.record_word(PLAIN_WORD, patients, explained)
        content = crosswalk.table
    else:
        passphrase = new_passphrase("the crosswalk", options.secret_file)
        content = lock_crosswalk(crosswalk.table, passphrase)
    create_private(options.crosswalk, content)
    form = "in plain text" if options.plain else "locked"
    desk.record(f"A crosswalk of {patients} was exported, {form}.")
    if options.json:
        print_json(
            {
                "transfer": desk.workspace.name,
                "file": str(options.crosswalk),
                "patients": crosswalk.patients,
                "without_pseudonym": crosswalk.unknown,
                "is_plain": options.plain,
            }
        )
    else:
        say(f"The crosswalk of {patients} lies in {options.crosswalk}, {form}.")
        if not options.plain:
            say("Open it with: eucaim-transfer key open FILE --out TABLE")
    if crosswalk.unknown:
        unknown = count(crosswalk.unknown, "patient")
        tell(f"The pseudonym of {unknown} is not known yet; it is left empty.")
    return ExitCode.DONE


def _protect(options: argparse.Namespace) -> int:
    from transfer.deid.keys.cohort import protect_key
    from transfer.deid.keys.keyring import load_document

    desk = Desk.of(options.name)
    document = load_document(desk.home, desk.entry().fingerprint)
    present = desk.present_passphrase(document, options.present_file)
    wanted = None if options.off else new_passphrase("the key", options.secret_file)
    key = protect_key(desk.home, desk.cohort, present, wanted)
    if options.remember and wanted is not None:
        desk.secrets.put(PASSPHRASE, wanted)
    state = "is protected by a passphrase" if wanted else "is not protected by a passphrase"
    desk.record(f"The cohort's key {key.fingerprint} {state}.")
    if options.json:
        print_json(desk.describe(key.facts))
    else:
        say(f"The key {key.fingerprint} {state}.")
        if wanted and options.remember:
            say("It is stored for this account: it protects copies of the key, not this account.")
        if wanted and not options.remember and desk.secrets.get(PASSPHRASE) != wanted:
            say("The runner needs it too: store it with --remember, or as systemd credential.")
    return ExitCode.DONE


def _open(options: argparse.Namespace) -> int:
    from transfer.deid.keys.crosswalk import LARGEST_BYTES, open_crosswalk
    from transfer.private import create_private, read_private

    try:
        content = read_private(options.file, "crosswalk", LARGEST_BYTES)
    except FileNotFoundError:
        raise UsageError("The crosswalk does not exist.", "Check the name of the file.") from None
    if options.secret_file is not None:
        passphrase = read_passphrase_file(options.secret_file)
    else:
        typed = ask_passphrase("the crosswalk")
        if typed is None:
            raise UsageError(
                "A passphrase is needed, and there is no terminal to ask for it.",
                "Write it into a file of mode 0600 and name that with --secret-file.",
            )
        passphrase = typed
    table = open_crosswalk(content, passphrase)
    create_private(options.out, table)
    patients = table.count(b"\r\n") - 1
    if options.json:
        print_json({"file": str(options.out), "patients": patients})
    else:
        say(f"The crosswalk of {count(patients, 'patient')} lies in {options.out}, in plain text.")
    return ExitCode.DONE
