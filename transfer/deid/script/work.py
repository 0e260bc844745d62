"""One file under a script: the insertion pass, the processing pass, and what follows Pixel Data
(reference, sections 2, 6 and 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from transfer.deid.header.byteorder import little_endian
from transfer.deid.model import DataSet, Element, Header, Moment, Outcome, Quarantined, Rewritten
from transfer.deid.script.codes import METHOD_CODES, with_codes
from transfer.deid.script.protection import Protection, is_safe
from transfer.deid.script.readable import (
    in_order,
    is_kept,
    ordered,
    split_at_pixels,
    why_unreadable,
)
from transfer.deid.script.ruleset import (
    Applied,
    Decision,
    Does,
    Rules,
    RuleSet,
    decide,
    vr_to_insert,
)
from transfer.deid.script.scene import CHARSET, Level, Quarantine, Scene, Stop, charset_in, told
from transfer.deid.text.charset import LATIN_1, LATIN_1_TERM, CharacterSet
from transfer.deid.text.values import Refused, is_text, read_text, values_of, write_text
from transfer.scan.elements import Encoding

_EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
# Digital Signatures Sequence, which no longer fits what leaves, and padding.
_ENDS: Final = frozenset((0xFFFAFFFA, 0xFFFCFFFC))
_LONGEST_LO: Final = 64


class Work:
    """One file under a script."""

    def __init__(
        self, rules: Rules, protection: Protection, header: Header, moment: Moment
    ) -> None:
        self._protection = protection
        self._header = header
        source, self._tail = split_at_pixels(ordered(header.dataset))
        self._tail += header.after
        if charset_in(source) is None:
            source = ordered(source | {CHARSET: Element(CHARSET, "CS", LATIN_1_TERM)})
        self._root = Level(source, dict(source), None)
        self._rules: RuleSet = rules.for_file(self._root)
        self._scene = Scene(
            self._root,
            header.meta,
            is_little=header.encoding.is_little,
            is_implicit=header.encoding.is_implicit,
            clock=moment.clock,
            number=moment.number,
        )
        self._scene.render_rule = self._render_rule
        self._scene.process = self._process
        self._is_little = header.encoding.is_little
        self._at: tuple[int, int] = (0, 0)

    def told(self, stop: Stop) -> str:
        tag, line = self._at
        where = f"{told(tag)}, line {line}" if line else told(tag)
        return f"Rule of {where}: {stop.words}."

    def run(self) -> Outcome:
        unreadable = why_unreadable(self._header)
        if unreadable:
            return Quarantined(f"CTP cannot read such a file: {unreadable}.")
        self._insert()
        self._walk(self._root)
        out = self._root.out
        if len(out) > 1:
            out = in_order(out)
        return Rewritten(self._written(out))

    def _written(self, out: DataSet) -> Header:
        header = self._header
        syntax, encoding = header.transfer_syntax_uid, header.encoding
        pixels, after = header.pixels, self._after()
        if not header.meta:
            # CTP writes a file that does not say how it is encoded in this one way.
            if not encoding.is_little:
                out = little_endian(out)
                tail = little_endian({e.tag: e for e in (pixels, *after) if e is not None})
                pixels = None if pixels is None else tail.pop(pixels.tag)
                after = list(tail.values())
            syntax, encoding = _EXPLICIT_LITTLE, Encoding(is_implicit=False, is_little=True)
        return replace(
            header,
            transfer_syntax_uid=syntax,
            encoding=encoding,
            dataset=out,
            pixels=pixels,
            after=after,
            media_uids=(self._media_uid(out, _SOP_CLASS), self._media_uid(out, _SOP_INSTANCE)),
        )

    def _media_uid(self, out: DataSet, tag: int) -> str:
        """A UID for the file meta, as CTP's library reads it from what leaves: of an UN the bytes
        in hexadecimal digits."""
        element = out.get(tag)
        if element is None or not isinstance(element.value, bytes):
            return ""
        vr = self._scene.vr_of(element)
        text = read_text(vr, element.value, LATIN_1, is_little=self._is_little)
        return text.partition("\\")[0] if is_text(vr) else text

    def _insert(self) -> None:
        """The insertion pass, at the root only."""
        root = self._root
        for tag, applied in self._rules.inserting:
            if tag in root.out:
                continue
            self._at = (tag, applied.rule.line)
            vr = vr_to_insert(tag, applied.rule.text)
            if vr is None:
                if tag == METHOD_CODES:
                    self._add_codes(root, applied)
                continue
            if vr == "SQ":
                self._put(root, tag, Element(tag, vr, []))
                continue
            text = applied.render(self._scene, tag)
            if text in ("@keep()", "@remove()"):
                continue
            if text.startswith("@blank(") or text == "@empty()":
                text = ""
            self._write(root, tag, vr, text)

    def _walk(self, level: Level) -> None:
        """The processing pass over one data set."""
        protection = self._protection
        out = level.out
        rules = self._rules.by_tag
        removes_private = protection.removes_private
        removes_unspecified = protection.removes_unspecified
        removes_overlays = protection.removes_overlays
        spares = protection.spares
        for tag, element in level.source.items():
            applied = rules.get(tag)
            if (
                applied is None
                and (removes_unspecified or (removes_private and tag & 0x10000))
                and not spares(tag, level)
            ):
                out.pop(tag, None)
                continue
            if removes_overlays and tag >> 24 == 0x60:
                out.pop(tag, None)
                continue
            if applied is None:
                continue
            if tag == METHOD_CODES:
                self._at = (tag, applied.rule.line)
                self._add_codes(level, applied)
                continue
            decision = applied.decision
            if decision is None:
                self._at = (tag, applied.rule.line)
                decision = decide(applied.render(self._scene, tag))
            if decision.does is Does.REMOVE:
                out.pop(tag, None)
            elif decision.does is not Does.KEEP:
                self._decided(level, tag, element, decision)

    def _decided(self, level: Level, tag: int, element: Element, decision: Decision) -> None:
        text = decision.text if decision.does is Does.WRITE else ""
        self._write(level, tag, self._scene.vr_of(element), text, element.vr)

    def _write(self, level: Level, tag: int, vr: str, text: str, own_vr: str = "") -> None:
        """Write a text into an element; what its VR refuses changes nothing.

        `own_vr` is that of the file, where CTP's library knows it by another.
        """
        try:
            if tag & 0x10000:
                vr, value = self._private(level, tag, text)
            elif text:
                value = self._bytes(level, vr, values_of(text))
            elif vr == "SQ":
                if tag in level.out:
                    return
                self._put(level, tag, Element(tag, vr, []))
                return
            else:
                # A blank, because CTP's library takes an empty name for something else.
                value = b"  " if vr == "PN" else b""
                vr = own_vr or vr
        except Refused:
            return
        self._put(level, tag, Element(tag, vr, value))

    def _private(self, level: Level, tag: int, text: str) -> tuple[str, bytes]:
        vr = "LO" if tag & 0xFF00 == 0 or len(text) <= _LONGEST_LO else "LT"
        return vr, self._bytes(level, vr, [text] if text else [])

    def _bytes(self, level: Level, vr: str, values: list[str]) -> bytes:
        charset: CharacterSet = level.out_charset
        return write_text(vr, values, charset, is_little=self._is_little)

    def _put(self, level: Level, tag: int, element: Element) -> None:
        if is_kept(tag):
            level.out[tag] = element

    def _add_codes(self, level: Level, applied: Applied) -> None:
        text = applied.rule.text
        if not text.strip() or text in ("@remove()", "@keep()"):
            if text == "@remove()":
                level.out.pop(METHOD_CODES, None)
            return
        codes = applied.render(self._scene, METHOD_CODES).strip()
        present = level.out.get(METHOD_CODES)
        items = [] if present is None else present.value
        if isinstance(items, list):
            added = with_codes(items, codes, level.out_charset)
            self._put(level, METHOD_CODES, Element(METHOD_CODES, "SQ", added))

    def _render_rule(self, scene: Scene, tag: int) -> str | None:
        applied = self._rules.by_tag.get(tag)
        return None if applied is None else applied.render(scene, tag)

    def _process(self, scene: Scene, tag: int) -> None:
        """Walk the items of a sequence; of anything else nothing."""
        level = scene.level
        element, present = level.source.get(tag), level.out.get(tag)
        if element is None or present is None:
            raise Quarantine("@process() on an element that is not there")
        if not isinstance(element.value, list) or not isinstance(present.value, list):
            return
        if element.vr != "SQ":
            return
        items = present.value
        if present is element:
            items = [dict(ordered(item)) for item in element.value]
        changed = present is not element
        for item, out in zip(element.value, items, strict=False):
            scene.level = Level(ordered(item), out, level)
            try:
                self._walk(scene.level)
            finally:
                scene.level = level
            changed = changed or not _is_same(item, out)
        if changed and present is element:
            level.out[tag] = Element(tag, element.vr, [in_order(item) for item in items])

    def _after(self) -> list[Element]:
        """What follows Pixel Data: copied, or dropped by the beginning of its rule."""
        kept = []
        creators: dict[int, str] = {}
        protection = self._protection
        for element in self._tail:
            tag = element.tag
            if tag in _ENDS:
                break
            group, is_private = tag >> 16, bool(tag & 0x10000)
            if is_private and tag & 0xFF00 == 0:
                text = self._root.first_value({tag: element}, tag) or ""
                creators[group] = text.strip()
                if not protection.removes_private or protection.keeps_safe:
                    kept.append(element)
                continue
            safe = is_private and protection.keeps_safe and is_safe(creators.get(group, ""), tag)
            if is_private and protection.removes_private and not safe:
                continue
            applied = self._rules.by_tag.get(tag)
            if applied is None and protection.removes_unspecified:
                continue
            if applied is not None and applied.rule.text.startswith("@remove()"):
                continue
            kept.append(element)
        return kept


def _is_same(item: DataSet, out: DataSet) -> bool:
    return len(item) == len(out) and all(out.get(tag) is item[tag] for tag in item)
