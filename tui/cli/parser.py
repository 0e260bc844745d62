"""Words of the command line. Nothing here imports what a command needs to run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NoReturn, TypeAlias

from transfer import __version__
from transfer.errors import UsageError

# A key typed where it does not belong must not end in a log as well.
_LIKE_A_KEY = re.compile(r"[0-9A-Fa-f]{30,}")
# Nor must the second half of a Patient ID with a blank in it.
_TOO_MUCH = re.compile(r"(?<=unrecognized arguments: ).*", re.DOTALL)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        shown = _LIKE_A_KEY.sub("(hidden)", _TOO_MUCH.sub(_options_alone, message))
        raise UsageError(
            f"The command line is not complete or not known: {shown}.",
            f"See: {self.prog} --help",
        )


def _options_alone(found: re.Match[str]) -> str:
    """Options are named, without what follows them; all else may be anything."""
    words = [word.partition("=")[0] for word in found[0].split()]
    return ", ".join(word if word.startswith("--") else "(hidden)" for word in words)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="eucaim-transfer",
        description="Takes a hospital's images from a folder to a EUCAIM reference node. "
        "Without a command it opens the terminal app.",
        epilog="Exit codes: 0 done; 2 usage or configuration; 3 findings block the step; 4 some"
        " instances failed; 5 sign-in refused; 6 network or TLS; 7 another runner holds the"
        " transfer; 130 interrupted, resumable.",
    )
    parser.add_argument("--version", action="version", version=f"eucaim-transfer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _play(commands)
    _orders(commands)
    from tui.cli.parser_steps import add_step_commands

    add_step_commands(commands)
    _runs(commands)
    from tui.cli.parser_clinical import add_clinical_command

    add_clinical_command(commands)
    from tui.cli.parser_legal import add_legal_command

    add_legal_command(commands)
    from tui.cli.parser_dataset import add_dataset_commands

    add_dataset_commands(commands)
    from tui.cli.parser_catalogue import add_catalogue_command

    add_catalogue_command(commands)
    from tui.cli.parser_report import add_report_command

    add_report_command(commands)
    from tui.cli.parser_rehearse import add_rehearse_command

    add_rehearse_command(commands)
    from tui.cli.parser_end import add_end_commands

    add_end_commands(commands)
    _keys(commands)
    _deid(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add_command(commands: Commands, name: str, text: str, *, named: bool = False) -> Parser:
    command: Parser = commands.add_parser(name, help=text, description=text)
    if named:
        command.add_argument("name", metavar="NAME", help="the transfer's name")
    return command


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def _play(commands: Commands) -> None:
    demo = add_command(commands, "demo", "stand-in nodes, synthetic cohort, and the whole way once")
    demo.add_argument("--node", choices=("upv", "health-ri"), help="one of the two nodes alone")
    demo.add_argument("--headless", action="store_true", help="no app: plain lines")
    demo.add_argument("--patients", type=int, default=3, metavar="N")
    add_json(demo)
    sandbox = add_command(commands, "sandbox", "only the stand-in nodes, until interrupted")
    sandbox.add_argument("--port", type=int, default=0, metavar="P")
    sandbox.add_argument("--home", type=Path, metavar="DIR", help="write config.toml and ca.pem")
    sandbox.add_argument("--record", type=Path, metavar="DIR", help="keep every request as files")
    sandbox.add_argument("--fault", action="append", default=[], metavar="SPEC")
    synth = add_command(commands, "synth", "write a synthetic cohort with planted identifiers")
    synth.add_argument("folder", type=Path, metavar="DIR")
    synth.add_argument("--patients", type=int, default=3, metavar="N")
    synth.add_argument("--seed", type=int, default=1, metavar="S")
    add_json(synth)


def _orders(commands: Commands) -> None:
    new = add_command(commands, "new", "make a transfer", named=True)
    new.add_argument("--node", required=True, metavar="NODE", help="name of a node profile")
    new.add_argument("--source", required=True, type=Path, metavar="DIR")
    new.add_argument("--destination", metavar="KEY", help="project to send to")
    new.add_argument("--clinical", type=Path, metavar="FILE")
    new.add_argument("--site-id", metavar="ID", help="from your EUCAIM dashboard profile")
    new.add_argument(
        "--deid",
        metavar="PROFILE|SCRIPT|none",
        help="eucaim (usual where the node asks for de-identified data), lethe, the file of a CTP"
        " script, or none: the files go as they are",
    )
    new.add_argument(
        "--param", action="append", default=[], metavar="K=V", help="a parameter of the script"
    )
    new.add_argument("--lookup", type=Path, metavar="FILE", help="lookup table of the script")
    new.add_argument("--pixel-script", type=Path, metavar="FILE", help="regions to be blanked")
    new.add_argument("--by", metavar="PERSON", help="who answers for what goes without a mark")
    new.add_argument("--reason", metavar="TEXT", help="why it may go")
    add_json(new)
    add_json(add_command(commands, "list", "all transfers and their state"))
    status = add_command(commands, "status", "how far a transfer is", named=True)
    status.add_argument("--watch", action="store_true", help="go on until the runner ends")
    status.add_argument("--identifiers", action="store_true", help="show original file names")
    add_json(status)


def _runs(commands: Commands) -> None:
    scan = add_command(commands, "scan", "look at every file of the source", named=True)
    scan.add_argument("--identifiers", action="store_true", help="show original file names")
    add_json(scan)
    check = add_command(
        commands, "check", "find what stands in the way, before anything goes", named=True
    )
    check.add_argument("--waive", metavar="RULE", help="a person answers for a finding")
    check.add_argument("--element", metavar="GGGG,EEEE", help="with DID-03: for this element alone")
    check.add_argument(
        "--answer", action="append", default=[], metavar="RULE=CHOICE", help="answer a question"
    )
    check.add_argument(
        "--key", action="append", default=[], metavar="K", help="the word is about this key alone"
    )
    check.add_argument("--by", metavar="PERSON", help="who answers for it")
    check.add_argument("--reason", metavar="TEXT", help="why")
    check.add_argument("--answers", type=Path, metavar="FILE", help="words for an unattended run")
    check.add_argument("--out", type=Path, metavar="DIR", help="write findings.csv and .json there")
    check.add_argument(
        "--pixels", action="store_true", help="also compare all pixel data (reads every byte)"
    )
    check.add_argument("--identifiers", action="store_true", help="with original identifiers")
    add_json(check)
    _select(commands)
    _gateways(commands)
    _mend(commands)
    _timepoints(commands)
    review = add_command(
        commands, "review", "headers before and after, and texts that stay", named=True
    )
    review.add_argument("--series", metavar="E1", help="the header of this series' middle slice")
    review.add_argument("--all", action="store_true", help="with --series: also what is kept")
    review.add_argument("--against", metavar="PROFILE", help="with --series: what differs there")
    review.add_argument("--identifiers", action="store_true", help="show original values")
    add_json(review)
    header = add_command(commands, "header", "one header as it lies in the source", named=True)
    header.add_argument("key", metavar="I12|E3", help="an instance, or a series' middle slice")
    header.add_argument("--find", metavar="TEXT", help="only what holds this: tag, name, value")
    header.add_argument("--identifiers", action="store_true", help="show original values")
    add_json(header)
    preview = add_command(commands, "preview", "the middle slice of a series as a PNG", named=True)
    preview.add_argument("key", nargs="?", metavar="E3|I12", help="a series, or one instance")
    preview.add_argument(
        "--clear", action="store_true", help="remove all previews of this transfer"
    )
    add_json(preview)
    upload = add_command(commands, "upload", "send, and prove that everything arrived", named=True)
    upload.add_argument("--detach", action="store_true", help="in a process of its own")
    upload.add_argument("--bwlimit", metavar="RATE", help="20 Mbit/s, 5M, 500K, none, schedule")
    upload.add_argument("--concurrency", type=int, metavar="N", help="requests at a time, at most")
    upload.add_argument("--answers", type=Path, metavar="FILE", help="words for an unattended run")
    upload.add_argument("--dry-run", type=Path, metavar="DIR", help="write the requests to DIR")
    # What starts a detached runner gives it the password here, never as an argument.
    upload.add_argument("--password-fd", type=int, help=argparse.SUPPRESS)
    upload.add_argument("--until", default="upload", help=argparse.SUPPRESS)
    upload.add_argument("--runner", action="store_true", help=argparse.SUPPRESS)
    add_json(upload)
    verify = add_command(commands, "verify", "look for everything on the node again", named=True)
    verify.add_argument("--counted", type=int, metavar="N", help="a person's count on the node")
    verify.add_argument("--by", metavar="PERSON", help="who counted")
    add_json(verify)
    for word, text in (
        ("pause", "take up no new request"),
        ("resume", "go on after a pause"),
        ("stop", "end the runner; upload goes on later"),
    ):
        add_command(commands, word, text, named=True)
    limit = add_command(commands, "limit", "limit the bandwidth, now", named=True)
    limit.add_argument("rate", metavar="RATE", help="20 Mbit/s, 5M, 500K, none, schedule")


class _Step(argparse.Action):
    """Options that mean something in their order: each adds its words to one list."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        action, _, subject = (option_string or "").removeprefix("--").partition("-")
        namespace.steps = [*namespace.steps, (action, subject or "key", values)]


def _select(commands: Commands) -> None:
    select = add_command(
        commands,
        "select",
        "what goes: rules in their order, the last that fits decides",
        named=True,
    )
    select.set_defaults(steps=[])
    subjects = (
        ("", "KEYS", "P1,S2,E3,I4,F5: patients, studies, series, instances, files"),
        ("-modality", "CODES", "CT,MR"),
        ("-body-part", "TERMS", "CHEST,BREAST"),
        ("-study-date", "RANGE", "YYYYMMDD-YYYYMMDD, one end may be open"),
        ("-description", "TEXT", "where the study's or series' description holds it"),
        ("-patients", "FILE", "Patient IDs, one a line"),
        ("-part", "K/N", "for one of N hosts: 1/2 takes every second patient, 2/2 the others"),
        ("-studies", "FILE", "Study Instance UIDs, one a line"),
        ("-finding", "RULE", "what this rule found, or * for all that stands in the way"),
    )
    for action in ("include", "exclude", "only"):
        for subject, value, text in subjects:
            if (action, subject) != ("only", "-finding"):
                select.add_argument(f"--{action}{subject}", action=_Step, metavar=value, help=text)
    select.add_argument("--remove", type=int, action="append", default=[], metavar="ID")
    select.add_argument("--clear", action="store_true", help="take all rules back")
    select.add_argument("--by", metavar="PERSON", help="who chose")
    select.add_argument("--reason", metavar="TEXT", help="why")
    add_json(select)


def _gateways(commands: Commands) -> None:
    gateways = add_command(
        commands,
        "gateways",
        "whether several hosts that send one cohort agree, and who goes from which",
        named=True,
    )
    gateways.add_argument("--out", type=Path, metavar="FILE", help="this host's sheet, for others")
    gateways.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="the sheets of all other hosts",
    )
    gateways.add_argument(
        "--secret-file", type=Path, metavar="F", help="holds the passphrase of the key"
    )
    add_json(gateways)


def _mend(commands: Commands) -> None:
    mend = add_command(
        commands, "mend", "put right in what is sent; the source stays as it is", named=True
    )
    mend.add_argument("--series", metavar="E1,E2", help="of these series")
    mend.add_argument("--body-part", metavar="TERM", help="Body Part Examined: CHEST, BREAST")
    mend.add_argument(
        "--acquisition-date-from",
        metavar="GGGG,EEEE",
        help="where there is no Acquisition Date: 0008,002A, 0008,0023, 0008,0021 or 0008,0020",
    )
    mend.add_argument(
        "--file-meta-uid", action="store_true", help="the UID in the file meta information"
    )
    mend.add_argument("--undo", type=int, metavar="ID", help="take a mend back")
    mend.add_argument("--by", metavar="PERSON", help="who asks for it")
    mend.add_argument("--reason", metavar="TEXT", help="why")
    add_json(mend)


def _timepoints(commands: Commands) -> None:
    board = add_command(
        commands, "timepoints", "to which episode and timepoint each study belongs", named=True
    )
    board.add_argument("--assign", metavar="EPISODE", help="Diagnosis, Treatment, Progression …")
    board.add_argument("--studies", metavar="S1,S2", help="with --assign: these studies")
    board.add_argument("--patient", metavar="P1", help="this patient's studies alone")
    board.add_argument("--all", action="store_true", help="with --assign: all that have none yet")
    board.add_argument(
        "--number", action="append", default=[], metavar="S1=2", help="of studies of one day"
    )
    board.add_argument("--clear", metavar="S1,S2", help="take studies off their episodes")
    board.add_argument("--renumber", action="store_true", help="number all by date once more")
    board.add_argument(
        "--project-name",
        action="append",
        default=[],
        metavar="EPISODE N=NAME",
        help="what the node's project calls a timepoint",
    )
    board.add_argument(
        "--import", dest="import_", type=Path, metavar="FILE", help="take a table over"
    )
    board.add_argument("--template", type=Path, metavar="FILE", help="write a table to fill in")
    board.add_argument("--export", type=Path, metavar="FILE", help="write dcm_studies_metadata.csv")
    board.add_argument(
        "--as-it-leaves", action="store_true", help="with --export: under the new names"
    )
    board.add_argument("--identifiers", action="store_true", help="show original values")
    add_json(board)


def _deid(commands: Commands) -> None:
    deid = add_command(commands, "deid", "de-identify a folder into an empty one, for review")
    deid.add_argument("input", type=Path, metavar="IN")
    deid.add_argument("output", type=Path, metavar="OUT", help="empty, or not there yet")
    deid.add_argument("--site-id", metavar="ID", help="from your EUCAIM dashboard profile")
    deid.add_argument("--deid", metavar="PROFILE|SCRIPT", help="eucaim, lethe, or a script's file")
    deid.add_argument(
        "--param", action="append", default=[], metavar="K=V", help="a parameter of the script"
    )
    deid.add_argument("--secret-file", type=Path, metavar="F", help="holds the key; else a new one")
    deid.add_argument("--lookup", type=Path, metavar="FILE", help="lookup table of the script")
    deid.add_argument("--pixel-script", type=Path, metavar="FILE", help="regions to be blanked")
    deid.add_argument("--flat", action="store_true", help="keep folders and file names")
    deid.add_argument("--identifiers", action="store_true", help="show original file names")
    deid.add_argument(
        "--release", action="append", default=[], metavar="GGGG,EEEE", help="with DID-03: pass over"
    )
    deid.add_argument("--by", metavar="PERSON", help="who answers for what is released")
    deid.add_argument("--reason", metavar="TEXT", help="why")
    add_json(deid)


def _keys(commands: Commands) -> None:
    key = add_command(commands, "key", "the cohort's pseudonymisation key")
    actions: Commands = key.add_subparsers(
        dest="action", metavar="ACTION", parser_class=Parser, required=True
    )
    make = add_command(actions, "make", "make the cohort's key, once", named=True)
    show = add_command(actions, "show", "fingerprint, place and protection", named=True)
    show.add_argument("--reveal", action="store_true", help="print the key itself")
    takes = add_command(actions, "import", "take a key that was made elsewhere", named=True)
    takes.add_argument("--file", type=Path, metavar="FILE", help="else from stdin, or typed")
    gives = add_command(actions, "export", "write the key, or the crosswalk, to a file", named=True)
    gives.add_argument("--out", type=Path, metavar="FILE", help="where the key goes")
    gives.add_argument("--crosswalk", type=Path, metavar="FILE", help="the crosswalk, not the key")
    gives.add_argument("--plain", action="store_true", help="not locked; needs --by and --reason")
    protect = add_command(actions, "protect", "lock the key with a passphrase", named=True)
    protect.add_argument("--off", action="store_true", help="keep it without a passphrase")
    protect.add_argument("--remember", action="store_true", help="store the passphrase")
    opens = add_command(actions, "open", "open a locked crosswalk")
    opens.add_argument("file", type=Path, metavar="FILE")
    opens.add_argument("--out", type=Path, required=True, metavar="TABLE")
    for command in (make, takes):
        command.add_argument("--passphrase", action="store_true", help="ask for one and lock it")
    for command in (gives, protect):
        command.add_argument("--present-file", type=Path, metavar="F", help="opens the key itself")
    for command in (takes, gives):
        command.add_argument("--by", metavar="PERSON", help="who answers for it")
        command.add_argument("--reason", metavar="TEXT", help="why")
    for command in (make, show, takes, gives, protect, opens):
        command.add_argument("--secret-file", type=Path, metavar="F", help="holds the passphrase")
        add_json(command)
