"""The XML form of a script: the children of its root element, with their lines."""

from __future__ import annotations

from typing import NamedTuple
from xml.parsers import expat

from transfer.deid.script.model import ScriptError


class Line(NamedTuple):
    """One child of the root; `text` is that of everything in it, comments left out."""

    line: int
    kind: str
    attributes: dict[str, str]
    text: str


def read_lines(text: str) -> list[Line]:
    """The children of the root element.

    Raises:
        ScriptError: it is no well-formed XML, or it has a document type, which could make a small
            script large or read other files.
    """
    reader = _Reader()
    try:
        reader.read(text)
    except expat.ExpatError as error:
        raise ScriptError(
            error.lineno,
            f"this is no well-formed XML ({expat.ErrorString(error.code)}).",
            "Mend the script in CTP's own editor, or take it again from where it came.",
        ) from None
    return reader.lines


class _Reader:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._depth = 0
        self._text: list[str] = []
        self._child: tuple[int, str, dict[str, str]] | None = None
        # CTP reads the file as UTF-8, whatever the XML declaration says.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> None:
        self._parser.Parse(text.encode("utf-8", "replace"), True)

    def _start(self, kind: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            self._child = (self._parser.CurrentLineNumber, kind, attributes)
            self._text.clear()

    def _end(self, _kind: str) -> None:
        self._depth -= 1
        if self._depth == 1 and self._child is not None:
            line, kind, attributes = self._child
            self.lines.append(Line(line, kind, attributes, "".join(self._text)))

    def _doctype(self, *_: object) -> None:
        raise ScriptError(
            self._parser.CurrentLineNumber,
            "document types and entities are not read.",
            "Take the <!DOCTYPE …> out of the script and write what its entities stand for.",
        )
