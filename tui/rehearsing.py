"""A rehearsal put together: copies, the stand-in, and the journey, each in a process of its own.

For commands and screens alike. The journey's process has no secret of a real node and no proxy in
its environment, and a configuration in which there is no address but the stand-in's.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from adapters.inherited import PASSWORD_VARIABLE, without_secrets
from transfer.errors import TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.programs import this_program
from transfer.rehearsing.beginning import (
    Needs,
    bind,
    copy_transfer,
    needs_of,
    refuse_begun,
    refuse_too_much,
)
from transfer.rehearsing.decisions import decisions
from transfer.rehearsing.place import Place, held
from transfer.rehearsing.record import Summary, read_summary, write_record
from transfer.values import ExitCode
from transfer.workspace import HOME_VARIABLE, Home, private_opener
from tui.method import method_of
from tui.nodes import choose_node

_END_S: Final = 30.0
_LOOK_S: Final = 0.25
_PASSPHRASE: Final = "key.passphrase"  # noqa: S105 - the name of the secret, not the secret
# Of the real node, of its proxy, or a way to a keyring: none of it is for a rehearsal.
_NOT_HERE: Final = (PASSWORD_VARIABLE, "CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a rehearsal ended. `code` is the exit code that the real run would have ended with at
    this point; `stopped_at` the step where it ended, empty where it came to its end. `kept` is the
    folder that was to be kept."""

    code: int
    stopped_at: str = ""
    message: str = ""
    remedy: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)
    summary: Summary | None = None
    kept: Path | None = None


def needs(home: Home, name: str, patients: int = 0) -> Needs:
    """What a rehearsal takes of this machine, to be told before.

    Raises:
        UsageError: there is no such transfer.
        StepBlocked: something of it has gone already. RunnerHeld: a runner has it.
    """
    workspace = home.workspace(name)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        refuse_begun(workspace, ledger)
        return needs_of(workspace, ledger, patients)


def last_rehearsal(home: Home, name: str) -> Summary | None:
    """What the last whole rehearsal came to; None where there was none.

    Raises:
        UsageError: there is no such transfer.
        LedgerDamaged: its record cannot be read.
    """
    return read_summary(Place(home.workspace(name)).record)


def rehearse(
    home: Home,
    name: str,
    told: Callable[[str], None],
    *,
    keep: bool = False,
    patients: int = 0,
    stop: threading.Event | None = None,
) -> Rehearsed:
    """Carry the copy of a transfer through its whole journey; blocks, `told` takes lines of
    progress, from another thread. The transfer itself is only read, but that the cohort's key is
    made where there is none yet. With `patients` so many of them take part. Once `stop` is set the
    journey is ended and what it made removed.

    Raises:
        UsageError: there is no such transfer, or its key cannot be opened.
        StepBlocked: something has gone already, or disk or memory are too small.
        RunnerHeld: a runner has the transfer, or another rehearsal runs.
        TransferError: the stand-in did not start.
    """
    workspace = home.workspace(name)
    place = Place(workspace)
    with held(place) as lock:
        place.clear()
        try:
            with Ledger.open(workspace.ledger) as ledger:
                refuse_begun(workspace, ledger)
                refuse_too_much(needs_of(workspace, ledger, patients))
                order = read_order(ledger)
                # Opened, or made, as the real run would: with another key other bytes would go.
                method_of(home, workspace, ledger)
                copy_transfer(home, place, ledger)
                decided = decisions(ledger)
            real = choose_node(home, order.node)
            standing_in = {
                "home": str(place.home.root),
                "kind": real.profile.kind,
                "destination": order.destination,
            }
            with _process("stand-in", name, place, lock, standing_in) as stand_in:
                facts = _facts(stand_in)
                _configure(real.profile, place, facts)
                with Ledger.open(place.copy.ledger) as copy:
                    bind(copy, str(facts["destination"]))
                asked = {
                    "control_url": facts["control_url"],
                    "password": facts["password"],
                    "patients": patients,
                    "secrets": _handed(real.secrets.get(_PASSPHRASE)),
                }
                found = _journey(name, place, lock, asked, told, stop)
                _keep_crash(place, home)
            summary = None
            if found.code == ExitCode.DONE:
                summary = _record(place, real.profile.kind, decided, found.status, patients)
            if keep:
                place.keep()
            return Rehearsed(
                found.code,
                found.stopped_at,
                found.message,
                found.remedy,
                found.status,
                summary,
                place.kept if keep else None,
            )
        finally:
            place.clear()


def _handed(passphrase: str | None) -> Mapping[str, str]:
    return {} if passphrase is None else {_PASSPHRASE: passphrase}


def _record(
    place: Place, kind: str, decided: Mapping[str, str], status: Mapping[str, Any], patients: int
) -> Summary:
    published = status.get("publication") or {}
    told = {key: str(published.get(key) or "") for key in ("stage", "visibility")}
    # Of the copy as it is at the end: what the scan proposes by itself is no decision that was
    # changed since. Where the copy was given others, those of the transfer count.
    given = {"node and destination", *(("selection",) if patients else ())}
    with Ledger.open(place.copy.ledger, read_only=True) as copy:
        made = decisions(copy) | {name: decided[name] for name in given}
        return write_record(place.record, copy, kind, made, told, patients)


def _configure(real: Any, place: Place, facts: Mapping[str, Any]) -> None:
    from adapters.likeness import table_like
    from adapters.sandbox.tables import table_text

    table = table_like(real, facts["table"], str(facts["clinical_url"]))
    with open(
        place.home.config_folder / "config.toml", "x", encoding="utf-8", opener=private_opener
    ) as file:
        file.write(table_text(f"nodes.{real.name}", table))


def _environment(place: Place) -> dict[str, str]:
    kept = {
        name: value
        for name, value in without_secrets(os.environ).items()
        if name not in _NOT_HERE and not name.lower().endswith("_proxy")
    }
    return {**kept, HOME_VARIABLE: str(place.home.root)}


@contextmanager
def _process(
    part: str, name: str, place: Place, lock: int, asked: Mapping[str, Any], **streams: int
) -> Iterator[subprocess.Popen[bytes]]:
    """One process of the rehearsal, ended with the block. Its standard input stays open: it ends
    when this process does, however that ends. It holds the place until it has ended."""
    environment = _environment(place)
    if part == "stand-in":
        spool = place.home.root / "stand-in-store"
        spool.mkdir(mode=0o700)
        environment["TMPDIR"] = str(spool)
    process = subprocess.Popen(
        this_program("rehearse", name, "--part", part),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(lock,),
        env=environment,
        cwd="/",
        **streams,  # type: ignore[call-overload]
    )
    try:
        assert process.stdin is not None, "it was asked for"
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError as error:
            raise _not_started(part) from error
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _facts(stand_in: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    assert stand_in.stdout is not None, "it was asked for"
    line = stand_in.stdout.readline()
    if not line:
        raise _not_started("stand-in")
    facts: Mapping[str, Any] = json.loads(line)
    return facts


def _journey(
    name: str,
    place: Place,
    lock: int,
    asked: Mapping[str, Any],
    told: Callable[[str], None],
    stop: threading.Event | None,
) -> Rehearsed:
    with _process("journey", name, place, lock, asked, stderr=subprocess.PIPE) as journey:
        assert journey.stdout is not None, "it was asked for"
        assert journey.stderr is not None, "it was asked for"
        teller = threading.Thread(target=_tell, args=(journey.stderr, told), daemon=True)
        teller.start()
        if stop is not None:
            threading.Thread(target=_end_at, args=(stop, journey), daemon=True).start()
        said = journey.stdout.read()
        code = journey.wait()
        teller.join()
    try:
        found: Mapping[str, Any] = json.loads(said)
    except ValueError:
        return Rehearsed(
            code or ExitCode.INTERNAL,
            "rehearsal",
            "The rehearsal ended before it could say how it went.",
            "Rehearse again. If it happens again, tell the makers.",
        )
    return Rehearsed(
        int(found["code"]),
        str(found["stopped_at"]),
        str(found["message"]),
        str(found["remedy"]),
        found["status"],
    )


def _end_at(stop: threading.Event, journey: subprocess.Popen[bytes]) -> None:
    while journey.poll() is None:
        if stop.wait(_LOOK_S):
            journey.terminate()
            return


def _keep_crash(place: Place, home: Home) -> None:
    """Where a fault of the program happened is told in the home that stays."""
    log = place.home.root / "crash.log"
    if log.is_file():
        with open(home.root / log.name, "a", opener=private_opener, encoding="utf-8") as file:
            file.write(log.read_text("utf-8", "replace"))


def _tell(stream: IO[bytes], told: Callable[[str], None]) -> None:
    for line in stream:
        told(line.decode("utf-8", "replace").rstrip())


def _not_started(part: str) -> TransferError:
    return TransferError(
        f"The {part} of the rehearsal did not start; the transfer is as it was.",
        'The program needs its extra for that: pip install "eucaim-transfer[sandbox]"',
    )
