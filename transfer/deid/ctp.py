"""A CTP script as a method: the insertion pass, the processing pass, and what follows Pixel Data
(reference, sections 2, 6 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transfer.deid.byteorder import CannotTurn, little_endian
from transfer.deid.charset import LATIN_1, LATIN_1_TERM, CharacterSet
from transfer.deid.model import (
    DataSet,
    Element,
    Header,
    Label,
    Moment,
    Outcome,
    Quarantined,
    Rewritten,
    Skipped,
)
from transfer.deid.names import is_newer
from transfer.deid.script.codes import METHOD_CODES, with_codes
from transfer.deid.script.model import Script, Switch, Warned
from transfer.deid.script.ruleset import (
    Applied,
    Decision,
    Does,
    Rules,
    RuleSet,
    decide,
    vr_to_insert,
)
from transfer.deid.script.scene import (
    CHARSET,
    Level,
    Quarantine,
    Scene,
    Skip,
    Stop,
    charset_in,
    told,
)
from transfer.deid.values import Refused, is_text, read_text, values_of, write_text
from transfer.deid.vrs import vr_of
from transfer.scan.elements import Encoding

_EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
_GROUP_LENGTH: Final = 0x00020000
_TRANSFER_SYNTAX: Final = 0x00020010
_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
_WITH_ITEMS: Final = frozenset(("SQ", "OB", "OF", "OW", "UN"))
_KEPT_UIDS: Final = frozenset((0x00080016, 0x00080018, 0x0020000D))
_KEPT_GROUPS: Final = frozenset((0x0002, 0x0028, 0x7FE0))
_FIRST_GROUP: Final = 0x0004
_LONGEST_LO: Final = 64


class ScriptMethod:
    """A script with its parameters and its lookup table, compiled once for any number of files.

    Parameters given here replace the script's own. `warnings` are those of the script and of its
    rules, in the order of its lines.

    Raises:
        ScriptError: a rule says something that cannot be honoured.
    """

    def __init__(
        self,
        script: Script,
        params: Mapping[str, str],
        lookup: Mapping[str, str] | None,
        label: Label,
    ) -> None:
        self.label = label
        self._rules = Rules(script, params, lookup)
        self.warnings: tuple[Warned, ...] = tuple(
            sorted({*script.warnings, *self._rules.warnings}, key=lambda warned: warned.line)
        )
        self._script = script
        self._keep_groups = script.keep_groups | _KEPT_GROUPS
        self._removes_private = Switch.PRIVATE_GROUPS in script.switches
        self._removes_unspecified = Switch.UNSPECIFIED in script.switches
        self._removes_overlays = Switch.OVERLAYS in script.switches
        self._removes_curves = Switch.CURVES in script.switches
        self._keeps_safe = script.is_keeping_safe_private
        self._why = {rule.tag: rule for rule in script.rules if rule.tag is not None}

    def why(self, tag: int) -> str:
        """The rule of an element as written, with its line; or the switch or group it falls to."""
        rule = self._why.get(tag)
        group = tag >> 16
        if self._removes_overlays and group & 0xFF00 == 0x6000:
            return "removed with all overlays"
        if rule is not None:
            return f"{rule.text or '(empty rule)'} (line {rule.line})"
        if self._is_protected(tag, None):
            return "no rule; its group or the element is kept"
        if self._removes_private and group & 1:
            return "no rule; removed with all private groups"
        if self._removes_unspecified:
            return "no rule; removed with all unspecified elements"
        return "no rule; left as it is"

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """Make the header that leaves, see `Method`."""
        work = _Work(self, header, moment)
        try:
            return work.run()
        except Skip as stop:
            return Skipped(work.told(stop))
        except Stop as stop:
            return Quarantined(work.told(stop))
        except CannotTurn:
            return Quarantined(
                "The file is big endian, has no file meta information, and holds values too large "
                "to be turned. Export it again with its file meta information."
            )

    def _is_protected(self, tag: int, level: Level | None) -> bool:
        """Whether an element without a rule is left where private or unspecified ones go."""
        group = tag >> 16
        if group in self._keep_groups or tag in _KEPT_UIDS:
            return True
        is_private = bool(group & 1)
        if group & 0xFF00 in (0x5000, 0x6000):
            is_removed = (
                self._removes_overlays if group & 0xFF00 == 0x6000 else self._removes_curves
            )
            if not is_removed and not (is_private and self._removes_private):
                return True
        if not (is_private and self._keeps_safe):
            return False
        if tag & 0xFF00 == 0:
            return True
        return level is not None and is_safe(level.creator_of(tag), tag)


def is_safe(creator: str, tag: int) -> bool:
    """Whether CTP's dictionary calls a private element safe (code K)."""
    return (tag >> 16, creator.upper(), tag & 0xFF) in _SAFE


_SAFE: Final = frozenset((0x0013, "CTP", offset) for offset in (0x10, 0x11, 0x12, 0x13))


class _Work:
    """One file under a script."""

    def __init__(self, method: ScriptMethod, header: Header, moment: Moment) -> None:
        self._method = method
        self._header = header
        source = _ordered(header.dataset)
        if charset_in(source) is None:
            source = _ordered(source | {CHARSET: Element(CHARSET, "CS", LATIN_1_TERM)})
        self._root = Level(source, dict(source), None)
        self._rules: RuleSet = method._rules.for_file(self._root)
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
        unreadable = _unreadable(self._header)
        if unreadable:
            return Quarantined(f"CTP cannot read such a file: {unreadable}")
        self._insert()
        self._walk(self._root)
        out = self._root.out
        if len(out) > 1:
            out = _sorted(out)
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
        return Header(
            meta=header.meta,
            transfer_syntax_uid=syntax,
            encoding=encoding,
            dataset=out,
            pixels=pixels,
            after=after,
            inflated=header.inflated,
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
        method = self._method
        out = level.out
        rules = self._rules.by_tag
        removes_private, removes_unspecified = method._removes_private, method._removes_unspecified
        removes_overlays = method._removes_overlays
        for tag, element in level.source.items():
            applied = rules.get(tag)
            if (
                applied is None
                and (removes_unspecified or (removes_private and tag & 0x10000))
                and not method._is_protected(tag, level)
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
                if vr == "UN":
                    raise Refused
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
        # Group lengths, and groups that have no place in a data set, are never put into one.
        if tag & 0xFFFF and tag >> 16 >= _FIRST_GROUP:
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
            items = [dict(_ordered(item)) for item in element.value]
        changed = present is not element
        for item, out in zip(element.value, items, strict=False):
            scene.level = Level(_ordered(item), out, level)
            try:
                self._walk(scene.level)
            finally:
                scene.level = level
            changed = changed or not _is_same(item, out)
        if changed and present is element:
            level.out[tag] = Element(tag, element.vr, [_sorted(item) for item in items])

    def _after(self) -> list[Element]:
        """What follows Pixel Data: copied, or dropped by the beginning of its rule."""
        kept = []
        creators: dict[int, str] = {}
        method = self._method
        for element in self._header.after:
            tag = element.tag
            group, is_private = tag >> 16, bool(tag & 0x10000)
            if is_private and tag & 0xFF00 == 0:
                text = self._root.first_value({tag: element}, tag) or ""
                creators[group] = text.strip()
                if not method._removes_private or method._keeps_safe:
                    kept.append(element)
                continue
            safe = is_private and method._keeps_safe and is_safe(creators.get(group, ""), tag)
            if is_private and method._removes_private and not safe:
                continue
            applied = self._rules.by_tag.get(tag)
            if applied is None and method._removes_unspecified:
                continue
            if applied is not None and applied.rule.text.startswith("@remove()"):
                continue
            kept.append(element)
        return kept


def _unreadable(header: Header) -> str:
    """Why CTP's library does not get through a file; "": it does."""
    if header.meta:
        if _GROUP_LENGTH not in header.meta:
            return "its file meta information does not tell its length."
        if _TRANSFER_SYNTAX not in header.meta:
            return "its file meta information names no transfer syntax."
    if header.encoding.is_implicit and _has_odd_sequence(header.dataset):
        return "an element that is no sequence has items."
    return ""


def _has_odd_sequence(dataset: DataSet) -> bool:
    """Whether an implicit data set has items where CTP's library expects a value."""
    for tag, element in dataset.items():
        if isinstance(element.value, list):
            if tag & 0x10000:
                is_expected = tag & 0xFF00 != 0
            else:
                is_expected = is_newer(tag) or vr_of(tag) in _WITH_ITEMS
            if not is_expected or any(map(_has_odd_sequence, element.value)):
                return True
    return False


def _ordered(dataset: DataSet) -> DataSet:
    """A data set in the order of tags, without what CTP's library never keeps in one."""
    if all(tag & 0xFFFF and tag >> 16 >= _FIRST_GROUP for tag in dataset):
        return _sorted(dataset)
    return {
        tag: dataset[tag] for tag in sorted(dataset) if tag & 0xFFFF and tag >> 16 >= _FIRST_GROUP
    }


def _sorted(dataset: DataSet) -> DataSet:
    tags = list(dataset)
    ordered = sorted(tags)
    return dataset if tags == ordered else {tag: dataset[tag] for tag in ordered}


def _is_same(item: DataSet, out: DataSet) -> bool:
    return len(item) == len(out) and all(out.get(tag) is item[tag] for tag in item)
