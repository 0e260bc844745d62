"""`/data/prearchive/...`: listings of rows, their scans and files, and actions upon a row."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from adapters.sandbox.xnat import answers, uploads
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.archiver import Conflict, Orders
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.prearchive import (
    BUILT,
    UNASSIGNED,
    PrearchiveRow,
    PrearchiveScan,
    build,
)

_COLUMNS = (
    "project",
    "timestamp",
    "lastmod",
    "uploaded",
    "scan_date",
    "scan_time",
    "subject",
    "folderName",
    "name",
    "tag",
    "status",
    "url",
    "autoarchive",
    "prevent_anon",
    "prevent_auto_commit",
    "SOURCE",
    "visit",
    "TIMEZONE",
)
_AUTO_ARCHIVE = {4: "AutoArchive", 5: "AutoArchiveOverwrite"}


async def answer(call: Call) -> Response:
    """Dispatch below `/data/prearchive`."""
    match list(call.words[1:]):
        case [] | ["projects"]:
            found = call.site.prearchive.rows
            rows = [row for row in found if _may_see(call, row) and not row.is_direct]
            return _listing(call, rows)
        case ["projects", project]:
            if project != UNASSIGNED:
                call.project(project)
            found = call.site.prearchive.of_project(project)
            rows = [row for row in found if _may_see(call, row) and not row.is_direct]
            return _listing(call, rows)
        case ["projects", project, timestamp, folder, *rest]:
            row = call.site.prearchive.find(project, timestamp, folder)
            if row is None or not _may_see(call, row):
                raise Refused(404)
            return _row(call, row, rest)
    raise Refused(404)


def _may_see(call: Call, row: PrearchiveRow) -> bool:
    """Members and owners; whose project is unknown, everybody who may create projects."""
    if row.project is None:
        account = call.site.accounts.get(call.login or "")
        return account is not None and account.may_create
    project = call.site.archive.projects.get(row.project)
    return project is not None and call.may_edit(project)


def _row(call: Call, row: PrearchiveRow, rest: list[str]) -> Response:
    match rest:
        case [] if call.method == "DELETE":
            _refuse_locked(row, 403)
            call.site.prearchive.drop(row)
            return answers.text("")
        case [] if call.method == "POST":
            return _act(call, row)
        case []:
            return _listing(call, [row])
        case ["logs"] | ["logs", "last"]:
            entries = row.log[-1:] if rest[-1] == "last" else row.log
            return answers.text("\n".join(entries))
        case ["scans", *below]:
            _refuse_locked(row, 409)
            if row.status not in BUILT:
                raise Refused(404, "No session document: the session is still being received")
            return _scans(call, row, below)
    raise Refused(404)


def _scans(call: Call, row: PrearchiveRow, below: list[str]) -> Response:
    if not below:
        rows = [
            {
                "ID": scan.id,
                "xsiType": scan.xsi_type,
                "series_description": scan.first.series_description,
                "UID": scan.uid,
                "URI": f"/data{row.url}/scans/{scan.id}",
            }
            for scan in row.scans.values()
        ]
        return call.listing("Scans", rows, ("ID", "xsiType", "series_description"), ("UID",))
    scan = next((s for s in row.scans.values() if s.id == below[0]), None)
    if scan is None:
        raise Refused(404)
    label = "secondary" if scan.xsi_type == "xnat:scScanData" else "DICOM"
    match below[1:]:
        case ["resources"]:
            cells = {
                "label": label,
                "file_count": str(len(scan.files)),
                "file_size": str(sum(file.size for file in scan.files.values())),
                "category": "scans",
                "cat_id": scan.id,
                "URI": f"/data{row.url}/scans/{scan.id}/resources/{label}",
            }
            return call.listing("Resources", [cells], tuple(cells))
        case ["files"] | ["resources", _, "files"]:
            return _files(call, row, scan, label)
    raise Refused(404)


def _files(call: Call, row: PrearchiveRow, scan: PrearchiveScan, label: str) -> Response:
    base = f"/data{row.url}/scans/{scan.id}/resources/{label}/files"
    rows = [
        {"Name": file.name, "Size": str(file.size), "URI": f"{base}/{file.name}"}
        for file in scan.files.values()
    ]
    return call.listing("Files", rows, ("Name", "Size", "URI"))


def _act(call: Call, row: PrearchiveRow) -> Response:
    action = call.query.get("action", "")
    if action not in ("build", "commit", "move", "reset-status"):
        raise Refused(400, f"Unsupported prearchive action '{action}'")
    if action == "reset-status":
        row.locked_until = None
        row.status = "READY" if all(scan.id for scan in row.scans.values()) else "RECEIVING"
        return answers.text("")
    _refuse_locked(row, 403)
    if action == "move":
        target = call.site.archive.projects.get(call.query.get("newProject", ""))
        if target is None:
            raise Refused(404)
        call.require(call.may_edit(target))
        row.project, row.auto_archive = target.id, target.prearchive_code
        return _moved(f"/data{row.url}")
    build(row)
    archives = row.auto_archive >= 4 or call.flag("AA")
    if action == "build" or not archives or row.project is None:
        return answers.addresses([f"/data{row.url}"])
    try:
        orders = Orders(row.overwrite, row.overwrite_files)
        session = call.site.archiver.archive(row, orders)
    except Conflict as conflict:
        raise Refused(409, str(conflict)) from conflict
    return _moved(uploads.archived_uri(call, session.id))


def _moved(uri: str) -> Response:
    response = answers.text(uri, 301)
    response.headers["location"] = uri
    return response


def _refuse_locked(row: PrearchiveRow, status: int) -> None:
    if is_locked(row):
        raise Refused(status, "Operation already in progress on this prearchive entry.")


def is_locked(row: PrearchiveRow) -> bool:
    """Whether an operation holds the row."""
    return row.status not in BUILT and row.status != "RECEIVING"


def _listing(call: Call, rows: list[PrearchiveRow]) -> Response:
    return call.listing("prearchive", [_cells(row) for row in rows], _COLUMNS)


def _cells(row: PrearchiveRow) -> dict[str, str]:
    first = next(iter(row.scans.values())).first if row.scans else None
    date = first.study_date if first else ""
    time = first.study_time[:6] if first else ""
    project, timestamp, folder = row.key
    return {
        "project": project,
        "timestamp": timestamp,
        "lastmod": _moment(row.lastmod),
        "uploaded": _moment(row.uploaded),
        "scan_date": f"{date[:4]}-{date[4:6]}-{date[6:]} 00:00:00.0" if len(date) == 8 else "",
        "scan_time": f"{time[:2]}:{time[2:4]}:{time[4:]}" if len(time) == 6 else "",
        "subject": row.subject,
        "folderName": folder,
        "name": row.label,
        "tag": row.tag,
        "status": row.status,
        "url": f"/prearchive/projects/{project}/{timestamp}/{folder}",
        "autoarchive": _AUTO_ARCHIVE.get(row.auto_archive, "Manual"),
        "prevent_anon": str(row.prevent_anon).lower(),
        "prevent_auto_commit": str(row.prevent_auto_commit).lower(),
        "SOURCE": row.source,
        "visit": row.visit,
    }


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000}"
