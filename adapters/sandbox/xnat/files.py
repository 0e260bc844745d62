"""Resources and their files: listing, catalog, download, upload, extraction, deletion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from starlette.responses import Response

from adapters.sandbox.xnat import bodies, downloads, extraction
from adapters.sandbox.xnat.answers import Refused, text
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.model import Holder, Resource, StoredFile, md5
from adapters.sandbox.xnat.places import Place
from adapters.sandbox.xnat.tables import json_answer

_RESOURCES = (
    "xnat_abstractresource_id",
    "label",
    "element_name",
    "category",
    "cat_id",
    "cat_desc",
    "file_count",
    "file_size",
    "tags",
    "content",
    "format",
)
_FILES = (
    "Name",
    "Size",
    "URI",
    "collection",
    "file_tags",
    "file_format",
    "file_content",
    "cat_ID",
    "digest",
)


async def answer(call: Call, place: Place) -> Response:
    """One request below an object's `resources` or `files`."""
    match place.rest:
        case ["resources"]:
            return resources(call, place)
        case ["files"] if call.method in ("GET", "HEAD"):
            held = list(place.holder.resources.values())
            if place.session is not None and place.scan is None:
                held += [r for s in place.session.scans.values() for r in s.resources.values()]
            return _files(call, place, held)
        case ["files", *name]:
            # Without a resource XNAT files it under one without a label.
            return await _file(call, place, "NO LABEL", "/".join(name))
        case ["resources", key]:
            return _resource(call, place, key)
        case ["resources", key, "files"] if call.method in ("GET", "HEAD"):
            return _files(call, place, [_found(place.holder, key)])
        case ["resources", key, "files", *name]:
            return await _file(call, place, key, "/".join(name))
    raise Refused(404)


def resources(call: Call, place: Place) -> Response:
    """A listing of resources; `all=true` on a session counts those of its scans in."""
    rows = [_resource_cells(resource, "resources") for resource in place.holder.resources.values()]
    if place.session is not None and place.scan is None and call.flag("all"):
        for scan in place.session.scans.values():
            type_ = scan.fields.get("type", "")
            rows += [
                _resource_cells(resource, "scans", scan.id, type_)
                for resource in scan.resources.values()
            ]
    return call.listing("Resources", rows, _RESOURCES)


def _resource_cells(
    resource: Resource, category: str, owner: str = "", description: str = ""
) -> dict[str, str]:
    return {
        "xnat_abstractresource_id": str(resource.number),
        "label": resource.label,
        "element_name": "xnat:resourceCatalog",
        "category": category,
        "cat_id": owner,
        "cat_desc": description,
        "file_count": str(len(resource.files)),
        "file_size": str(resource.size),
        "tags": resource.tags,
        "content": resource.content,
        "format": resource.format,
    }


def many_scans(call: Call, place: Place) -> Response:
    """`scans/ALL/files` and `scans/1,2/files`, and the same for resources."""
    session = place.session
    assert session is not None, "the route names one"
    chosen = place.rest[1].split(",")
    scans = [s for s in session.scans.values() if chosen == ["ALL"] or s.id in chosen]
    if not scans or (chosen != ["ALL"] and len(scans) < len(chosen)):
        raise Refused(404)
    held = [(scan, resource) for scan in scans for resource in scan.resources.values()]
    if place.rest[2] == "files":
        return _files(call, place, [resource for _, resource in held])
    rows = [_resource_cells(r, "scans", s.id, s.fields.get("type", "")) for s, r in held]
    return call.listing("Resources", rows, _RESOURCES)


def _found(holder: Holder, key: str) -> Resource:
    resource = holder.resource(key)
    if resource is None:
        raise Refused(404, f"Unable to identify resource '{key}'")
    return resource


def _resource(call: Call, place: Place, key: str) -> Response:
    archive = call.site.archive
    resource = place.holder.resource(key)
    if call.method == "PUT":
        call.require(call.may_edit(place.project))
        if resource is not None:
            raise Refused(409, "Specified resource already exists.")
        made = archive.add_resource(place.holder, key)
        _mark_resource(call, made)
        return text("")
    resource = _found(place.holder, key)
    if call.method == "DELETE":
        call.require(call.may_delete(place.project) or place.level == "projects")
        call.require(call.may_edit(place.project))
        archive.drop_resource(place.holder, resource)
        return text("")
    if call.query.get("format") in downloads.ARCHIVES:
        return _files(call, place, [resource])
    return Response(downloads.catalog(resource, place.scan), media_type="text/xml")


def _mark_resource(call: Call, resource: Resource) -> None:
    resource.format = call.query.get("format", "")
    resource.content = call.query.get("content", "")
    resource.tags = call.query.get("tags", "")
    resource.description = call.query.get("description", "")


def _owner(place: Place, resource: Resource) -> tuple[str, str]:
    """The address of the object that has the resource, and the folder for it in archives."""
    session = place.session
    if session is None:
        label = place.subject.label if place.subject else place.project.id
        return place.uri, label
    for scan in session.scans.values():
        if scan.resources.get(resource.label) is resource:
            kind = scan.fields.get("type", "").replace(" ", "_")
            folder = f"{session.label}/scans/{scan.id}-{kind}"
            return f"/data/experiments/{session.id}/scans/{scan.id}", folder
    return f"/data/experiments/{session.id}", session.label


def _files(call: Call, place: Place, held: Sequence[Resource]) -> Response:
    form = call.query.get("format", "")
    if form in downloads.ARCHIVES:
        entries = [
            (f"{_owner(place, resource)[1]}/resources/{resource.label}/files/{file.name}", file)
            for resource in held
            for file in resource.files.values()
        ]
        return downloads.archive(entries, form, call.site.spool)
    rows = [
        {
            "Name": PurePosixPath(file.name).name,
            "Size": str(file.size),
            "URI": f"{_owner(place, resource)[0]}/resources/{resource.number}/files/{file.name}",
            "collection": resource.label,
            "file_tags": file.tags,
            "file_format": file.format,
            "file_content": file.content,
            "cat_ID": str(resource.number),
            "digest": file.md5 if call.site.options.has_checksums else "",
        }
        for resource in held
        for file in resource.files.values()
    ]
    return call.listing("Files", rows, _FILES)


async def _file(call: Call, place: Place, key: str, name: str) -> Response:
    if call.method in ("PUT", "POST"):
        return await _put(call, place, key, name)
    resource = _found(place.holder, key)
    file = resource.files.get(name) or next(
        (f for f in resource.files.values() if PurePosixPath(f.name).name == name), None
    )
    if file is None:
        raise Refused(404)
    if call.method == "DELETE":
        call.require(call.may_edit(place.project))
        file.path.unlink(missing_ok=True)
        del resource.files[file.name]
        return text("")
    return downloads.content_of(file.path, "application/octet-stream")


async def _put(call: Call, place: Place, key: str, name: str) -> Response:
    subject = place.subject.label if place.subject else ""
    kinds = ("silent-refusal", "catalog-500", "expire-session", "refuse-file", "lose-file-answer")
    drawn = call.draw(*kinds, subject=subject)
    if "silent-refusal" in drawn or "refuse-file" in drawn:
        (await call.site.spool.take(call.request)).path.unlink()
        if "refuse-file" in drawn:
            raise Refused(400, "The file was refused by the site's rules")
        return text("")
    call.require(call.may_edit(place.project))
    begun_at = _revision(place.holder, key)
    upload = await _take(call)
    if "expire-session" in drawn and call.session is not None:
        call.site.accounts.close(call.session)
        if drawn["expire-session"].options.get("answer", 401) == 401:
            upload.path.unlink()
            raise Refused(401)
    try:
        if not upload.is_whole:
            raise Refused(400, "unexpected end of the body")
        if upload.path.stat().st_size == 0:
            raise Refused(400, "Empty files cannot be uploaded")
        name = name or upload.name
        if not name:
            raise Refused(400, "No file name")
        incoming = [(name, upload.path)]
        if call.flag("extract"):
            incoming = extraction.unpack(upload.path, name, call.site.spool)
        is_overtaken = begun_at != _revision(place.holder, key)
        resource = place.holder.resource(key)
        if resource is None:
            resource = call.site.archive.add_resource(place.holder, key)
        duplicates = [
            entry
            for entry, path in incoming
            if not _keep(call, place.holder, resource, entry, path)
        ]
    finally:
        upload.path.unlink(missing_ok=True)
    if "catalog-500" in drawn or is_overtaken:
        # The file is on disk and in no catalog: another one was put since this request began.
        for entry, _ in incoming:
            if entry not in duplicates:
                place.holder.lost_files.append((resource, resource.files.pop(entry)))
        raise Refused(500, "Catalog has been modified by another user or process")
    resource.revision += len(incoming) - len(duplicates)
    if "lose-file-answer" in drawn:
        call.request.scope["sandbox.cut"]()
    if duplicates:
        return json_answer({"duplicates": duplicates})
    return text("")


def _revision(holder: Holder, key: str) -> int:
    resource = holder.resource(key)
    return resource.revision if resource else 0


def _keep(call: Call, holder: Holder, resource: Resource, name: str, source: Path) -> bool:
    """Store one file; False when it is there already, in the catalog or not, and stays so."""
    held = resource.files.get(name)
    lost = [pair for pair in holder.lost_files if pair[0] is resource and pair[1].name == name]
    if (held is not None or lost) and not call.flag("overwrite"):
        source.unlink(missing_ok=True)
        return False
    holder.lost_files = [pair for pair in holder.lost_files if pair not in lost]
    target = call.site.archive.file_path()
    source.rename(target)
    if held is not None:
        held.path.unlink(missing_ok=True)
    query = call.query
    resource.files[name] = StoredFile(
        name,
        target,
        target.stat().st_size,
        md5(target),
        query.get("format", ""),
        query.get("content", ""),
        query.get("tags", ""),
    )
    return True


async def _take(call: Call) -> bodies.Upload:
    request = call.request
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type.startswith("multipart/"):
        bodies.refuse_length(request, media_type)
        return await call.site.spool.take(request)
    if call.flag("inbody"):
        raise Refused(406, "inbody uploads cannot be multipart")
    upload = await call.site.spool.take(request)
    return bodies.unwrap(upload, content_type, call.site.spool)
