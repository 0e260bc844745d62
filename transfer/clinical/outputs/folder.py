"""All outputs of a transfer in one folder, with a manifest of their digests.

The clinical tables as they leave, the table of studies, the timepoints, the draft of the CDM
template and the series descriptions. Nothing is sent. The same ledger gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.clinical.outgoing.table import Outgoing, open_outgoing
from transfer.clinical.outputs import readme, studies
from transfer.clinical.outputs.place import (
    DRAFT,
    KIND,
    MANIFEST,
    earlier,
    refuse_among_sources,
    refuse_foreign,
    unwritable,
)
from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import open_keys
from transfer.ledger.order import read_order
from transfer.ledger.timepoints import has_begun
from transfer.sentences import listed
from transfer.workspace import make_private_folder, private_opener, sync_folder

if TYPE_CHECKING:
    from transfer.prepare.method import OpenMethod

_PIECE_BYTES: Final = 1024 * 1024
_TEXTS_RULE: Final = "DID-06"
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that was written: what it is, how many rows (0 where rows are not what it has).
    Size in bytes, digest in hex."""

    name: str
    what: str
    rows: int
    size_bytes: int
    sha256: str


@dataclass(slots=True)
class Outputs:
    """What was written, and of what was not, by a word for it, why not; a sentence each."""

    files: list[OutputFile] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def left_out(self) -> list[str]:
        return list(self.missing.values())


def write_outputs(ledger: Ledger, method: OpenMethod | None, folder: Path) -> Outputs:
    """Write everything into a folder that is new, empty, or holds earlier outputs of this
    transfer. It becomes its owner's alone. Blocking; killed at any moment it leaves what was there.

    Raises:
        UsageError: the folder is another's or cannot be written, studies have no timepoint yet, or
            something has no new name yet.
        StepBlocked: an identifier would leave, or the tables do not agree with the images.
    """
    transfer = read_order(ledger).name
    refuse_among_sources(ledger, folder)
    refuse_foreign(folder, transfer)
    out = open_outgoing(ledger, method)
    _refuse_problems(out)
    make_private_folder(folder)
    draft = folder / DRAFT
    try:
        _clear(draft)
        draft.mkdir(mode=0o700)
        made = _Maker(out, transfer, draft)
        made.everything()
        _put(draft / MANIFEST, _manifest(transfer, made.outputs))
        _take_over(folder, draft, transfer, made.outputs)
        shutil.rmtree(draft)
        sync_folder(folder)
    except OSError as error:
        raise unwritable(error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return made.outputs


def _refuse_problems(out: Outgoing) -> None:
    problems = out.problems()
    if problems:
        rules = ", ".join(sorted({problem.rule for problem in problems}))
        rows = listed(list(dict.fromkeys(problem.key for problem in problems)), _NAMED)
        raise StepBlocked(
            f"What would leave of the clinical table was refused ({rules}, {rows}); nothing was"
            " written.",
            "See each one, and what to do about it, with: eucaim-transfer check NAME",
        )


class _Maker:
    def __init__(self, out: Outgoing, transfer: str, folder: Path) -> None:
        self.out = out
        self.transfer = transfer
        self.folder = folder
        self.outputs = Outputs()

    def everything(self) -> None:
        self._tables()
        self._studies()
        self._timepoints()
        self._template()
        self._series()
        told = {file.name: file.what for file in self.outputs.files}
        _put(self.folder / readme.README, readme.readme(self.out, told, self.outputs.missing))
        self._add(readme.README, "What these files are, and what to do with them.", 0)

    def _tables(self) -> None:
        from transfer.clinical.outgoing.proof import prove
        from transfer.clinical.outgoing.writing import write_csv

        for table in self.out.tables:
            path = self.folder / table.name
            with open(path, "xb", opener=private_opener) as file:
                rows = write_csv(self.out, table, file).rows
                file.flush()
                os.fsync(file.fileno())
            with path.open("rb") as file:
                prove(self.out, table, file)
            self._add(table.name, readme.CLINICAL, rows)
        if not self.out.tables:
            self._without("clinical", "This transfer has no clinical table that was read.")

    def _studies(self) -> None:
        rows = studies.write_studies(self.out.ledger, self.folder / studies.NAME)
        self._add(studies.NAME, readme.STUDIES, rows)

    def _timepoints(self) -> None:
        from transfer.clinical.timepoint_table import export_timepoints

        if not has_begun(self.out.ledger):
            self._without(
                "timepoints",
                "No study has an episode yet, so there is no table of timepoints. Give them with:"
                " eucaim-transfer timepoints NAME",
            )
            return
        name = f"{self.out.dataset}_timepoints.csv"
        rows = export_timepoints(self.out.ledger, self.folder / name, as_it_leaves=True)
        self._add(name, readme.TIMEPOINTS, rows)

    def _template(self) -> None:
        from transfer.clinical.outputs.template import write_template

        if not self.out.tables:
            return
        name = f"{self.out.dataset}_cdm_draft.xlsx"
        with open(self.folder / name, "xb", opener=private_opener) as file:
            write_template(self.out, file)
            file.flush()
            os.fsync(file.fileno())
        self._add(name, readme.TEMPLATE, 0)

    def _series(self) -> None:
        from transfer.clinical.outputs.series import write_series_descriptions

        if open_keys(self.out.ledger, _TEXTS_RULE, 1):
            self._without(
                "series",
                "The texts that stay in the images were not looked at yet (DID-06), so there is no"
                " list of series descriptions. See them with: eucaim-transfer review NAME",
            )
            return
        name = f"{self.out.dataset}_series_descriptions.csv"
        rows = write_series_descriptions(
            self.out.ledger, self.folder / name, is_method=self.out.method is not None
        )
        self._add(name, readme.SERIES, rows)

    def _add(self, name: str, what: str, rows: int) -> None:
        path = self.folder / name
        self.outputs.files.append(OutputFile(name, what, rows, path.stat().st_size, _digest(path)))

    def _without(self, what: str, why: str) -> None:
        self.outputs.missing[what] = why.replace("NAME", self.transfer)


def _manifest(transfer: str, outputs: Outputs) -> str:
    files = [
        {"name": f.name, "what": f.what, "size_bytes": f.size_bytes, "sha256": f.sha256}
        for f in sorted(outputs.files, key=lambda f: f.name)
    ]
    return json.dumps({"kind": KIND, "transfer": transfer, "files": files}, indent=1) + "\n"


def _take_over(folder: Path, draft: Path, transfer: str, outputs: Outputs) -> None:
    """Put the new files in the place of the earlier ones. The manifest comes before what it lists,
    so that a run that was killed between leaves nothing that the next one takes for foreign."""
    names = [MANIFEST, *(f.name for f in outputs.files)]
    for name in earlier(folder, transfer) - set(names):
        (folder / name).unlink(missing_ok=True)
    for name in names:
        (draft / name).replace(folder / name)


def _put(path: Path, text: str) -> None:
    with open(path, "x", encoding="utf-8", newline="", opener=private_opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _clear(draft: Path) -> None:
    """Take away what a killed run left."""
    if draft.is_symlink():
        draft.unlink()
    elif draft.exists():
        shutil.rmtree(draft)
