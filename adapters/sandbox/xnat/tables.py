"""Listings and single items as XNAT renders them: JSON, CSV, XML and HTML.

Every cell of a listing is a string, and a null is an empty one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

Row = Mapping[str, str]
_NAMESPACES = (
    'xmlns:xnat="http://nrg.wustl.edu/xnat" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


@dataclass(frozen=True, slots=True)
class Item:
    """One object of the data model; `children` by the name of the field that holds them."""

    xsi_type: str
    fields: Mapping[str, str]
    children: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    started: str = ""


def render_listing(
    rows: Sequence[Row], columns: Sequence[str], form: str, title: str = ""
) -> Response:
    """A listing in `form`: json, csv, xml or html; cells that a row lacks are empty."""
    cells = [{column: _cell(row, column) for column in columns} for row in rows]
    if form == "csv":
        buffer = io.StringIO()
        buffer.write(",".join(columns) + "\n")
        writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([list(row.values()) for row in cells])
        return Response(buffer.getvalue(), media_type="text/csv")
    if form == "xml":
        return Response(_xml_table(cells, columns, title), media_type="text/xml")
    if form == "html":
        return Response(_html_table(cells, columns), media_type="text/html")
    results: dict[str, object] = {"Result": cells, "totalRecords": str(len(cells))}
    if title:
        results["title"] = title
    return json_answer({"ResultSet": results})


def chosen_columns(wanted: str, known: Sequence[str], default: Sequence[str]) -> list[str]:
    """The columns of a listing: those asked for that exist, in that order, and `URI`."""
    asked = [name.strip() for name in wanted.split(",")] if wanted else ["DEFAULT"]
    names = [name for a in asked for name in (default if a == "DEFAULT" else [a])]
    known_names = {name.lower() for name in known}
    chosen = [name for name in names if _field(name).lower() in known_names]
    # A path such as `xnat:subjectData/label` comes back in lower case.
    shown = [name.lower() if ":" in name else name for name in chosen]
    return list(dict.fromkeys([*shown, "URI"]))


def _field(column: str) -> str:
    """The field that a column shows; the column may be a path from its type on."""
    return column.partition("/")[2] if ":" in column else column


def _cell(row: Row, column: str) -> str:
    name = _field(column)
    if name in row:
        return row[name]
    return next((cell for key, cell in row.items() if key.lower() == name.lower()), "")


def render_item(item: Item, form: str) -> Response:
    """One item as JSON or XML."""
    if form == "xml":
        return Response(_xml_item(item), media_type="text/xml")
    return json_answer({"items": [_json_item(item)]})


def json_answer(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status, media_type="application/json")


def _json_item(item: Item) -> dict[str, object]:
    children = [
        {"field": name, "items": [_json_item(child) for child in below]}
        for name, below in item.children.items()
        if below
    ]
    meta: dict[str, object] = {"xsi:type": item.xsi_type, "isHistory": False}
    if item.started:
        meta["start_date"] = item.started
    fields = {name: value for name, value in item.fields.items() if value != ""}
    return {"children": children, "meta": meta, "data_fields": fields}


def _xml_item(item: Item) -> str:
    name = item.xsi_type.removeprefix("xnat:").removesuffix("Data")
    tag = "xnat:" + name[:1].upper() + name[1:]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_xml_element(tag, item, _NAMESPACES)}\n'


_ATTRIBUTES = frozenset(
    {"ID", "label", "project", "UID", "type", "modality", "URI", "format", "content", "name"}
    | {"secondary_ID", "file_count", "file_size", "visit_id"}
)


def _xml_element(tag: str, item: Item, namespaces: str = "") -> str:
    fields = {name: value for name, value in item.fields.items() if value != ""}
    attributes = "".join(f" {n}={quoteattr(v)}" for n, v in fields.items() if n in _ATTRIBUTES)
    if not namespaces:
        attributes += f" xsi:type={quoteattr(item.xsi_type)}"
    inner = "".join(
        f"<xnat:{name}>{escape(value)}</xnat:{name}>"
        for name, value in fields.items()
        if name not in _ATTRIBUTES and "/" not in name
    )
    for name, below in item.children.items():
        holder, _, leaf = name.partition("/")
        parts = "".join(_xml_element(f"xnat:{leaf or holder}", child) for child in below)
        inner += f"<xnat:{holder}>{parts}</xnat:{holder}>" if leaf else parts
    return f"<{tag} {namespaces}{attributes}>{inner}</{tag}>"


def _xml_table(rows: Sequence[Row], columns: Sequence[str], title: str) -> str:
    head = "".join(f"<column>{escape(name)}</column>" for name in columns)
    body = "".join(
        "<row>" + "".join(f"<cell>{escape(cell)}</cell>" for cell in row.values()) + "</row>"
        for row in rows
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ResultSet title={quoteattr(title)} '
        f'totalRecords="{len(rows)}"><results><columns>{head}</columns><rows>{body}</rows>'
        "</results></ResultSet>\n"
    )


def _html_table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>\n"
