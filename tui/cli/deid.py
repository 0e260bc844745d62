"""`deid IN OUT`: a folder de-identified for review, without a node."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from transfer.deid.methods import DEFAULT_PROFILE, PROFILES, MethodSpec
from transfer.errors import UsageError
from transfer.method_files import read_method_file
from tui.cli.output import answering, print_json, say, tell
from tui.figures import count, size
from tui.method import doubts_told

if TYPE_CHECKING:
    from transfer.deid.standalone.report import FolderReport

_TELL_S = 2.0
_KEY_BYTES = 4096
_ELEMENT = re.compile(r"\(?([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)?")
# What Lethe gives to a script from outside; a script that does not know the names ignores them.


def deid_command(options: argparse.Namespace) -> int:
    """De-identify a folder into an empty one."""
    from transfer.deid.standalone.folder import FolderOrder, check_folders, deidentify_folder

    source, target = options.input.absolute(), options.output.absolute()
    check_folders(source, target)
    released = _released(options)
    spec, new_key = _method(options)
    if new_key:
        _keep_key(target, spec.key)
    clock = dt.datetime.now().astimezone()
    order = FolderOrder(source, target, spec, clock, options.flat, frozenset(released))
    report = deidentify_folder(order, _teller())
    with answering():
        if options.json:
            document = report.document(identifiers=options.identifiers)
            print_json({**document, "released": list(released.values())})
        else:
            _print(report)
    return report.exit_code


def _method(options: argparse.Namespace) -> tuple[MethodSpec, bool]:
    """What de-identifies, and whether its key is a new one."""
    from transfer.deid.keys.key import new_key
    from transfer.deid.methods import build_method, build_pixel_rules, script_params

    name = options.deid or DEFAULT_PROFILE
    if name == "none":
        raise UsageError(
            "With none there is nothing to de-identify.",
            f"Take one of {', '.join(PROFILES)}, or name the file of a CTP script.",
        )
    is_profile = name in PROFILES
    if is_profile and (options.param or options.lookup):
        raise UsageError(
            "Parameters and a lookup table belong to a script; a profile has none.",
            "Name the script with --deid FILE, or leave --param and --lookup out.",
        )
    site_id = (options.site_id or "").strip()
    if is_profile and not site_id:
        raise UsageError(
            "The SITE ID is missing.",
            "Give it with --site-id; it stands in your profile on the EUCAIM dashboard.",
        )
    key = _read_key(options.secret_file) if options.secret_file else ""
    is_new = is_profile and not key
    spec = MethodSpec(
        name if is_profile else Path(name).name,
        new_key() if is_new else key,
        site_id,
        None if is_profile else read_method_file(Path(name))[1],
        () if is_profile else script_params(_params(options.param), key, site_id),
        read_method_file(options.lookup)[1] if options.lookup else None,
        read_method_file(options.pixel_script)[1] if options.pixel_script else None,
    )
    # What it cannot do is said before a key is made.
    build_method(spec)
    build_pixel_rules(spec)
    for doubt in doubts_told(spec):
        tell(doubt)
    return spec, is_new


def _released(options: argparse.Namespace) -> dict[int, dict[str, str]]:
    """The elements that a person answers for, by tag, with the person's word."""
    if not options.release:
        return {}
    by, reason = ((word or "").strip() for word in (options.by, options.reason))
    if not (by and reason):
        raise UsageError(
            "An element is released by a person who answers for it, with a reason.",
            "Add --by PERSON --reason TEXT; both stand in the --json document.",
        )
    released = {}
    for text in options.release:
        form = _ELEMENT.fullmatch(text)
        if form is None:
            raise UsageError(
                "An element is named by eight hexadecimal digits.",
                "Give it as --release GGGG,EEEE, as the finding names it.",
            )
        group, number = form.groups()
        word = {"element": f"({group},{number})".upper(), "by": by, "reason": reason}
        released[int(group + number, 16)] = word
    return released


def _params(given: list[str]) -> list[tuple[str, str]]:
    params = []
    for param in given:
        name, is_pair, value = param.partition("=")
        if not is_pair or not name:
            raise UsageError(
                "A parameter has no name or no value.", "Give it as --param NAME=VALUE."
            )
        params.append((name, value))
    return params


def _read_key(path: Path) -> str:
    from transfer.deid.keys.key import check_key

    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                tell("The key file can be read by other accounts. Close it: chmod 600 FILE")
            content = file.read(_KEY_BYTES)
    except OSError as error:
        raise UsageError(
            f"The key file cannot be read: {error.strerror}.",
            "Check the name after --secret-file, and its permissions.",
        ) from error
    return check_key(content.decode("utf-8", "replace"))


def _keep_key(target: Path, key: str) -> None:
    """The new key, in a file of its owner's beside the output and never in it."""
    from transfer.private import create_private
    from transfer.workspace import make_folder

    path = target.with_name(f"{target.name}.key")
    if os.path.lexists(path):
        raise UsageError(
            "A key from an earlier run lies beside the output folder (its name and .key).",
            "Go on with it by --secret-file FILE, so that the same patient gets the same"
            " pseudonym; or move it away to begin with a new one.",
        )
    make_folder(path.parent)
    create_private(path, f"{key}\n".encode())
    tell("A new key was made; it lies beside the output folder, its name and .key.")
    tell("Keep it safe and apart from the output: without it later data of the same patients")
    tell("cannot be linked, and whoever has it can guess who a pseudonym is.")


def _teller() -> Callable[[str, int, int], None]:
    """A line on stderr now and then."""
    last = time.monotonic()

    def on_progress(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_S:
            last = time.monotonic()
            print(f"{done} of {total} files {what}", file=sys.stderr, flush=True)

    return on_progress


def _print(report: FolderReport) -> None:
    counts = report.counts
    patients, studies, series, size_bytes = report.totals
    say(
        f"{counts['written']} of {count(report.files, 'file')} are written, {size(size_bytes)}:"
        f" {count(patients, 'patient')}, {count(studies, 'study', 'studies')},"
        f" {count(series, 'series', 'series')}."
    )
    if counts["table"]:
        say(f"{count(counts['table'], 'table')} taken along.")
    for group in report.groups:
        rows = ", ".join(map(str, group.rows[:5])) + (", …" if group.count > 5 else "")
        say(f"{group.count:>8}  {group.fate.value.replace('_', ' ')}: {group.message} ({rows})")
    for finding in report.findings:
        say(f"{finding.severity:>8}  {finding.rule}: {finding.message}")
        say(f"          what to do: {finding.remedy}")
    if report.groups:
        say("Numbers in brackets are files by the rank of their paths; --json --identifiers names")
        say("the files, whose names may hold patients' names.")
