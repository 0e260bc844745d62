"""The journey of a rehearsal, in a process of its own: every step as the real run takes it, up to
a published dataset, the catalogue's entry and the report.

What the operator has entered is taken: answers, selection, metadata, the catalogue's entry. Where a
node asks for more, words stand in that say of themselves that they are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from adapters.inherited import accept_named
from transfer.clinical.standing import image_only_word
from transfer.clinical.table_word import record_image_only
from transfer.errors import TransferError
from transfer.journey.clinical import clinical_record, waits_for_hands
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.runner.clinical_handover import record_handed_over
from transfer.runner.run import Until
from transfer.status import read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.check import check_with
from tui.cli.demo_dataset import publish_there, record_sandbox
from tui.cli.demo_steps import PERSON, describe_in_catalogue, look_up_in_catalogue
from tui.cli.output import tell
from tui.cli.report import make_report, open_names
from tui.cli.runs import run_telling
from tui.cli.status import status_document

_NO_TABLE: Final = "No clinical table was named before the rehearsal."
_ALL_BUT: Final = "all but those of the rehearsal"
_Step = Callable[[], int]


def go_through(home: Home, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Take every step until one is refused; how it ended, as a document."""
    from adapters.secrets import SecretStore

    accept_named(asked["secrets"])
    workspace = home.workspace(name)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        node = read_order(ledger).node
    SecretStore(home.root).put(f"{node}.password", asked["password"])
    for title, step in _steps(home, workspace, asked):
        tell(f"Rehearsal: {title}")
        try:
            code = step()
        except TransferError as error:
            return _ended(home, workspace, error.exit_code, title, error.what, error.remedy)
        if code:
            runner = read_status(workspace).runner
            return _ended(home, workspace, code, title, runner.message, runner.remedy)
    return _ended(home, workspace, ExitCode.DONE, "", "", "")


def _ended(
    home: Home, workspace: Workspace, code: int, stopped_at: str, message: str, remedy: str
) -> dict[str, Any]:
    return {
        "code": int(code),
        "stopped_at": stopped_at,
        "message": message,
        "remedy": remedy,
        "status": status_document(home, workspace, read_status(workspace)),
    }


def _steps(
    home: Home, workspace: Workspace, asked: Mapping[str, Any]
) -> Iterator[tuple[str, _Step]]:
    def run(until: Until) -> _Step:
        return lambda: run_telling(home, workspace, until)

    yield "scan", run(Until.SCAN)
    if asked["patients"]:
        yield "selection", lambda: _choose(workspace, asked["patients"])
    yield "check", lambda: check_with(home, workspace, [])
    yield "upload", run(Until.UPLOAD)
    yield "verify", run(Until.VERIFY)
    yield "clinical data", lambda: _clinical(home, workspace)
    yield "legal record (made up)", lambda: _legal(workspace)
    yield "dataset", lambda: _publish(home, workspace, str(asked["control_url"]))
    yield "catalogue", lambda: _catalogue(workspace)
    yield "report", lambda: _report(home, workspace)


def _choose(workspace: Workspace, patients: int) -> int:
    from transfer.ledger.selection import add_rule
    from transfer.selecting import select_anew

    with Ledger.open(workspace.ledger) as ledger:
        rest = [
            str(original)
            for (original,) in ledger.rows(
                "SELECT original_id FROM patient ORDER BY id LIMIT -1 OFFSET ?", patients
            )
        ]
        if rest:
            add_rule(ledger, "exclude", "patients", _ALL_BUT, items=rest)
            select_anew(ledger)
    return ExitCode.DONE


def _clinical(home: Home, workspace: Workspace) -> int:
    """Step 9, and what a person does by hand there."""
    with Ledger.open(workspace.ledger) as ledger:
        order = read_order(ledger)
        if order.clinical is None and image_only_word(ledger, order) is None:
            tell("  No clinical table was named: the real dataset waits for one, or for the word")
            tell(f"  that there is none (eucaim-transfer clinical {workspace.name} --image-only).")
            record_image_only(ledger, PERSON, _NO_TABLE)
    code = run_telling(home, workspace, Until.CLINICAL)
    status = read_status(workspace)
    if not code and waits_for_hands(status, clinical_record(status)):
        tell("  Clinical files are handed over: a person would upload them by hand now.")
        with Ledger.open(workspace.ledger) as ledger:
            record_handed_over(ledger, PERSON)
    return code


def _legal(workspace: Workspace) -> int:
    record_sandbox(workspace)
    return ExitCode.DONE


def _publish(home: Home, workspace: Workspace, control_url: str) -> int:
    from adapters.sandbox.hands import Hands
    from transfer.publication.metadata import kept_metadata

    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        entered = kept_metadata(ledger)
    with Hands(control_url, home.root / "ca.pem") as hands:
        publish_there(home, workspace, hands, entered)
    return ExitCode.DONE


def _catalogue(workspace: Workspace) -> int:
    describe_in_catalogue(workspace, over_others=False)
    look_up_in_catalogue(workspace)
    return ExitCode.DONE


def _report(home: Home, workspace: Workspace) -> int:
    make_report(
        home,
        workspace,
        workspace.folder / "report",
        lambda ledger: open_names(home, workspace, ledger),
    )
    return ExitCode.DONE
