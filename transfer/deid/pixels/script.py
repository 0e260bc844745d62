"""CTP's DicomPixelAnonymizer scripts: signatures of devices, and the regions that show text there.

A script is a run of sections `{ signature } (x,y,w,h) (x,y,w,h) ...`; all that stands outside of
braces and parentheses is comment, and comments hold neither (RSNA wiki, "The CTP DICOM Pixel
Anonymizer"). **The first signature that holds decides**: its regions are blanked and no other's
(CTP, `PixelScript.getMatchingSignature`). A signature ends at the first closing brace, even within
quotes.

What CTP skips with a line in its log, or reads as zero, is an error here: a region that is not four
whole numbers, one of no width, a signature without region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from transfer.deid.model import Header
from transfer.deid.pixels.elements import text_reader
from transfer.deid.pixels.errors import PixelScriptError
from transfer.deid.pixels.expression import Expression, Misread, parse_expression
from transfer.deid.pixels.regions import Region

_REGION: Final = re.compile(r"\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*")
_SCRIPT_LIMIT_BYTES: Final = 4 << 20
_REGIONS_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class Signature:
    """One section; `line` is that of its opening brace."""

    line: int
    expression: Expression = field(repr=False)
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class PixelScript:
    """A whole script, in the order in which its signatures are tried. Can be pickled."""

    name: str
    signatures: tuple[Signature, ...]


def parse_pixel_script(data: bytes, name: str) -> PixelScript:
    """Read a script of UTF-8 text; `name` is how messages call it.

    Raises:
        PixelScriptError: anything in it cannot be honoured; the first such line is named.
    """
    if len(data) > _SCRIPT_LIMIT_BYTES:
        raise PixelScriptError(name, 1, "the file is too large for a script.")
    text = data.decode("utf-8-sig", "replace")  # comments of old scripts are often Latin-1
    return PixelScript(name, tuple(_Sections(text, name).read()))


def regions_for(script: PixelScript, header: Header) -> tuple[Region, ...]:
    """The regions of the first signature that this header, the original one, fulfils."""
    text_of = text_reader(header)
    for signature in script.signatures:
        if signature.expression.holds(text_of):
            return signature.regions
    return ()


class _Sections:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name

    def read(self) -> list[Signature]:
        sections: list[tuple[int, Expression, list[Region]]] = []
        at = 0
        while (found := re.compile(r"[{}()]").search(self._text, at)) is not None:
            sign, start = found.group(), found.start()
            if sign in "})":
                raise self._error(start, f"a {sign} without its beginning.")
            end = self._text.find("}" if sign == "{" else ")", start)
            if end < 0:
                raise self._error(start, f"this {sign} is never closed.")
            inner = self._text[start + 1 : end]
            if sign == "{":
                self._judge_regions(sections)
                sections.append((start, self._expression(inner, start + 1), []))
            elif not sections:
                raise self._error(start, "parentheses before the first signature.")
            else:
                sections[-1][2].append(self._region(inner, start))
            at = end + 1
        self._judge_regions(sections)
        if not sections:
            raise self._error(0, "the script holds no signature.")
        return [
            Signature(self._line(start), expression, tuple(regions))
            for start, expression, regions in sections
        ]

    def _judge_regions(self, sections: list[tuple[int, Expression, list[Region]]]) -> None:
        if sections and not sections[-1][2]:
            raise self._error(sections[-1][0], "this signature has no region.")
        if sections and len(sections[-1][2]) > _REGIONS_LIMIT:
            raise self._error(sections[-1][0], "this signature has too many regions.")

    def _expression(self, inner: str, start: int) -> Expression:
        if "\ufffd" in inner:
            at = start + inner.index("\ufffd")
            raise self._error(at, "this signature holds characters that are not UTF-8.")
        try:
            return parse_expression(inner)
        except Misread as problem:
            raise self._error(start + problem.at, problem.what) from None

    def _region(self, inner: str, start: int) -> Region:
        found = _REGION.fullmatch(inner)
        if found is None:
            raise self._error(
                start,
                "a region is four whole numbers, (x, y, width, height); comments may not "
                "hold parentheses.",
            )
        region = Region(*(int(part) for part in found.groups()))
        if not region.width or not region.height:
            raise self._error(start, "a region of no width or height blanks nothing.")
        return region

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _error(self, at: int, what: str) -> PixelScriptError:
        return PixelScriptError(self._name, self._line(at), what)
