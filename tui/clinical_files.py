"""Files that come of the clinical data without anything being sent. Everything here blocks."""

from __future__ import annotations

from pathlib import Path

from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.order import read_order
from transfer.workspace import Home, Workspace, make_folders


class ClinicalFiles:
    """What the transfers of a home can write out."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def write_outputs(self, name: str, folder: Path) -> list[str]:
        """Write the tables as they leave, and what goes with them; the lines that tell of it.

        Raises:
            UsageError: the folder is another's, or something is missing.
            StepBlocked: what would leave was refused.
            RunnerHeld: a runner is at work.
        """
        from transfer.clinical.outputs.folder import write_outputs
        from transfer.prepare.method import open_method
        from tui.method import method_of

        workspace = self._workspace(name)
        # To open the method may forget what an earlier one made: never beside a runner.
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            spec = method_of(self._home, workspace, ledger)
            method = open_method(ledger, spec) if spec is not None else None
            written = write_outputs(ledger, method, folder)
        left_out = [f"Not written: {why}" for why in written.left_out]
        return [str(folder), "", *(file.name for file in written.files), *left_out]

    def write_errors(self, name: str, folder: Path) -> list[str]:
        """Write the error report as CSV and as JSON; the lines that tell of it.

        Raises:
            UsageError: it is there already, or cannot be written.
        """
        from transfer.clinical.outputs.report import write_errors
        from transfer.errors import UsageError
        from transfer.quality.circumstances import circumstances_of
        from tui.nodes import choose_node

        paths = [folder / f"{name}_errors{ending}" for ending in (".csv", ".json")]
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            profile = choose_node(self._home, read_order(ledger).node).profile
            now = circumstances_of(
                ledger, profile.gate, requires_deidentified=profile.deidentified == "required"
            )
            try:
                make_folders(folder)
            except OSError as error:
                raise UsageError(
                    f"The folder cannot be made: {error.strerror}.", "Name another one."
                ) from None
            for path in paths:
                write_errors(ledger, now, path, name)
        return [*map(str, paths), "", "They name things by row and column, and hold no value."]

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)
