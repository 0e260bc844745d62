"""`POST /data/services/import`: parameters, body rules, and what becomes of the rows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.sandbox.front import apply
from adapters.sandbox.xnat import answers, bodies
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.archiver import Conflict, Orders
from adapters.sandbox.xnat.bodies import Upload
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.importer import OVERWRITES, ImportOrder, Route
from adapters.sandbox.xnat.prearchive import PrearchiveRow, build

_HANDLERS = ("DICOM-zip", "gradual-DICOM", "SI")
_TRANSIENT = {
    "processing": "session processing in progress",
    "concurrent": "concurrent modification is discouraged",
}


async def answer(call: Call) -> Response:
    """Carry out one import."""
    if call.method not in ("POST", "PUT"):
        raise Refused(405)
    fallback = call.site.options.default_handler if call.site.options.is_new else "SI"
    handler = call.query.get("import-handler", fallback)
    if handler not in _HANDLERS:
        raise Refused(404, f"Unsupported import handler '{handler}'")
    _check_overwrite(call)
    call.require(call.login is not None)
    refusal = await _refusal(call)
    if refusal is not None:
        return refusal
    upload = await _take(call)
    order = _order(call, handler)
    rows: list[PrearchiveRow] = []
    try:
        rows = await call.site.importer.take(upload, order)
    finally:
        upload.path.unlink(missing_ok=True)
        _note_progress(call, f"{len(rows)} sessions")
    uris = [_settle(call, row, handler) for row in rows]
    drawn = call.draw("cut-answer")
    if "cut-answer" in drawn:
        call.request.scope["sandbox.cut"]()
    if "text/plain" in call.request.headers.get("accept", ""):
        return answers.text(uris[0] if uris else "")
    return answers.addresses(uris)


async def _refusal(call: Call) -> Response | None:
    """The answer to an import that a fault refuses before its body is read."""
    drawn = call.draw("processing", "concurrent", "import-status")
    for kind, reason in _TRANSIENT.items():
        if kind in drawn:
            raise Refused(400, reason)
    return await apply({"status": drawn["import-status"]}) if "import-status" in drawn else None


async def _take(call: Call) -> Upload:
    """The uploaded file, after the rules about bodies.

    Raises:
        Refused: 400 or 406.
    """
    request = call.request
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    is_form = media_type.startswith("multipart/")
    if is_form and call.flag("inbody"):
        raise Refused(406, "inbody uploads cannot be multipart")
    if not is_form:
        if not (call.flag("inbody") or bodies.is_known(media_type)):
            raise Refused(400, "No file was sent: use inbody=true or a multipart form")
        bodies.refuse_length(request, media_type)
        if not bodies.is_known(media_type):
            raise Refused(400, "Unsupported format UNKNOWN")
    upload = await _receive(call, request)
    return bodies.unwrap(upload, content_type, call.site.spool) if is_form else upload


async def _receive(call: Call, request: Request) -> Upload:
    """Read the body, unless a fault ends it."""
    drawn = call.draw("cut-before-store", "cut-after-store", "expire-session")
    spool, length = call.site.spool, int(request.headers.get("content-length", 0))
    if "cut-before-store" in drawn:
        limit = int(drawn["cut-before-store"].number(length // 2))
        (await spool.take(request, limit)).path.unlink()
        request.scope["sandbox.cut"]()
    if "cut-after-store" in drawn:
        limit = int(drawn["cut-after-store"].number(length // 2))
        await _store_part(call, await spool.take(request, limit))
        request.scope["sandbox.cut"]()
    if "expire-session" in drawn and call.session is not None:
        call.site.accounts.close(call.session)
        if drawn["expire-session"].options.get("answer", 401) == 401:
            await _store_part(call, await spool.take(request, length // 2))
            raise Refused(401)
    return await spool.take(request)


async def _store_part(call: Call, upload: Upload) -> None:
    """Store the whole entries of what has come, as a reader of the stream has done by then."""
    try:
        await call.site.importer.take(upload, _order(call, "DICOM-zip"))
    except Refused:
        return
    finally:
        upload.path.unlink(missing_ok=True)


def _order(call: Call, handler: str) -> ImportOrder:
    query, is_new = call.query, call.site.options.is_new
    understands_short = handler == "SI" or (is_new and handler == "DICOM-zip")
    short = query if understands_short else {}
    project = query.get("PROJECT_ID") or short.get("project") or _part(call, "projects")
    subject = query.get("SUBJECT_ID") or short.get("subject") or ""
    session = query.get("EXPT_LABEL") or short.get("session") or ""
    if understands_short:
        subject = subject or _part(call, "subjects")
        session = session or _part(call, "experiments")
    marks: dict[str, object] = {"overwrite": query.get("overwrite", "")}
    marks["overwrite_files"] = call.flag("overwrite_files")
    for name, mark in (("SOURCE", "source"), ("VISIT", "visit")):
        if query.get(name):
            marks[mark] = query[name]
    for name in ("prevent_auto_commit", "prevent_anon"):
        if call.flag(name):
            marks[name] = True
    drawn = call.draw("drop", "unassigned", "second-row")
    login = call.login
    assert login is not None, "guests were refused"
    return ImportOrder(
        login,
        Route(project, subject, session),
        handler,
        # The names that gradual-DICOM gives are always XNAT's own.
        rename=call.flag("rename") or handler == "gradual-DICOM",
        ignores_unparsable=call.flag("Ignore-Unparsable"),
        marks=marks,
        auto_archive=call.flag("AA") or call.flag("auto-archive"),
        is_direct=call.flag("Direct-Archive"),
        drops=int(drawn["drop"].number(1)) if "drop" in drawn else 0,
        goes_unassigned="unassigned" in drawn,
        second_row_s=drawn["second-row"].number(1) if "second-row" in drawn else None,
    )


def _settle(call: Call, row: PrearchiveRow, handler: str) -> str:
    """Build and archive as far as this request asks for it; the address to answer.

    Raises:
        Refused: 409; it conflicts, or another request has taken the row away meanwhile.
    """
    if not any(held is row for held in call.site.prearchive.rows):
        raise Refused(409, "Session processing may already be in progress")
    target = _dest(call)[:1]
    is_at_once = handler == "SI" or (call.site.options.is_new and handler == "DICOM-zip")
    to_archive = is_at_once and target == ["archive"]
    commits = call.query.get("action") == "commit"
    if handler == "SI" and not target and row.project is not None:
        to_archive = row.auto_archive >= 4
    if commits and row.auto_archive >= 4 and (call.flag("AA") or call.flag("auto-archive")):
        to_archive = True
    if to_archive or commits or handler == "SI" or (is_at_once and target == ["prearchive"]):
        build(row)
    if not to_archive or row.project is None:
        return row.url if row.is_direct else f"/data{row.url}"
    overwrite = call.query.get("overwrite", "")
    orders = Orders(overwrite, call.flag("overwrite_files"))
    drawn = call.draw("gateway-timeout")
    if "gateway-timeout" in drawn:
        call.site.archive_later(row, orders, drawn["gateway-timeout"].number(2000) / 1000)
        raise Refused(504, "Gateway Time-out")
    try:
        session = call.site.archiver.archive(row, orders)
    except Conflict as conflict:
        raise Refused(409, str(conflict)) from conflict
    return archived_uri(call, session.id)


def archived_uri(call: Call, session_id: str) -> str:
    """The address that the services give for an archived session."""
    session = call.site.archive.sessions[session_id]
    subject = call.site.archive.subjects[session.subject]
    return (
        f"/data/archive/projects/{session.project}/subjects/{subject.label}"
        f"/experiments/{session.label}"
    )


def _check_overwrite(call: Call) -> None:
    value = call.query.get("overwrite", "")
    # The last is the server's own defect.
    if value and (value not in OVERWRITES or call.query.get("prearchive_code") == "1"):
        raise Refused(400, f"Unsupported overwrite value '{value}'")


def _part(call: Call, level: str) -> str:
    """What `dest` names at this level; empty without it."""
    parts = _dest(call)
    return parts[parts.index(level) + 1] if level in parts[:-1] else ""


def _dest(call: Call) -> list[str]:
    """The words of `dest`, with or without `/data` before them."""
    words = [word for word in call.query.get("dest", "").split("/") if word]
    return words[1:] if words[:1] == ["data"] else words


def _note_progress(call: Call, message: str) -> None:
    listener = call.query.get("http-session-listener")
    if listener:
        call.site.progress[listener] = [("PROCESSING", "importing"), ("COMPLETED", message)]
