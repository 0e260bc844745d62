"""The method behind `eucaim`: one table, applied at every depth.

What happens to an element is settled once for its tag, VR and place (root or item) and kept; most
elements of an instance then cost one look-up and leave as the objects they came in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from transfer.deid import recipe
from transfer.deid.header.tree import TOO_DEEP
from transfer.deid.header.vrs import public_vrs, vr_of
from transfer.deid.model import (
    DataSet,
    Element,
    Header,
    Label,
    Moment,
    Outcome,
    Quarantined,
    Rewritten,
)
from transfer.deid.profiles import treat
from transfer.deid.profiles.actions import Action
from transfer.deid.profiles.numbers import numbers
from transfer.deid.profiles.private import SafePrivate
from transfer.deid.profiles.table import Group, Profile
from transfer.deid.profiles.treat import Held, Patient
from transfer.deid.profiles.unknown import is_long, named
from transfer.deid.profiles.vrpolicy import (
    NUMBER_BYTES,
    TEXT,
    treated_as,
)
from transfer.deid.text.charset import Undecodable
from transfer.scan.elements import MAX_DEPTH

_CHARACTER_SET: Final = 0x00080005
_PATIENT_ID: Final = 0x00100020
_PLANS_HELD: Final = 20_000
"""More different elements than the dictionary has; a file that goes on making them up costs time,
not memory."""

Plan = Callable[[Patient, Element], Element | None]

NO_PATIENT_ID: Final = (
    "Patient ID (0010,0020) is missing or empty, so this instance cannot be given a pseudonym. "
    "Add the ID in the archive and export again."
)
UNREADABLE_ID: Final = (
    "A Patient ID or another number that needs a pseudonym cannot be read in the character set "
    "that the instance names. "
    "Correct it in the archive and export again."
)


class ProfileMethod:
    """A profile with a key and a site, ready for instances."""

    def __init__(self, profile: Profile, key: str, site_id: str) -> None:
        self.label = Label(profile.name, profile.version, profile.sha256)
        self._profile = profile
        self._key = key
        self._texts = {
            "site": recipe.site_value(site_id),
            "profile": profile.name,
            "version": profile.version,
        }
        self._safe = SafePrivate(profile.private)
        self._root: dict[tuple[int, str], Plan | None] = {}
        self._items: dict[tuple[int, str], Plan | None] = {}
        self._inserted = self._insertions()

    def why(self, tag: int) -> str:
        """What the profile does with an element of the root, and the reason."""
        return self._profile.why(tag)

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """Make the header that leaves. The clock is not looked at: every run gives the same."""
        patient = Patient(header.encoding.is_little, header.dataset.get(_CHARACTER_SET), self._key)
        try:
            original = self._patient_id(patient, header.dataset)
            if not recipe.trimmed(original):
                return Quarantined(NO_PATIENT_ID)
            patient.pseudonym = recipe.pseudonym(self._key, original)
            dataset = self._walk(patient, header.dataset, self._root)
            dataset[_PATIENT_ID] = Element(_PATIENT_ID, "LO", patient.pseudonym.encode("ascii"))
            for tag, insert in self._inserted:
                dataset[tag] = insert(header.dataset.get(tag), dataset.get(tag))
            pixels = header.pixels
            if pixels is not None and self._profile.ruling(pixels.tag).action is not Action.KEEP:
                pixels = None
            after = list(self._walk(patient, {e.tag: e for e in header.after}, self._root).values())
        except Held as held:
            return Quarantined(held.reason)
        except Undecodable:
            return Quarantined(UNREADABLE_ID)
        out = Header(
            header.meta,
            header.transfer_syntax_uid,
            header.encoding,
            dict(sorted(dataset.items())),
            pixels,
            after,
            header.inflated,
        )
        return Rewritten(out, tuple(patient.lists))

    def _patient_id(self, patient: Patient, dataset: DataSet) -> str:
        element = dataset.get(_PATIENT_ID)
        if element is None or not isinstance(element.value, bytes):
            return ""
        return treat.text_of(patient, element.value)

    def _walk(
        self, patient: Patient, dataset: DataSet, plans: dict[tuple[int, str], Plan | None]
    ) -> DataSet:
        out: DataSet = {}
        private = False
        for tag, element in dataset.items():
            if tag & 0x10000:
                private = True
                continue
            key = (tag, element.vr)
            try:
                plan = plans[key]
            except KeyError:
                plan = self._settle(key, plans)
            if plan is None:
                continue
            if plan is treat.keep:
                out[tag] = element
                continue
            treated = plan(patient, element)
            if treated is not None:
                out[tag] = treated
        if private and self._safe:
            kept = self._safe.kept(patient, dataset)
            if kept:
                out.update(kept)
                out = dict(sorted(out.items()))
        return out

    def _settle(
        self, key: tuple[int, str], plans: dict[tuple[int, str], Plan | None]
    ) -> Plan | None:
        if len(plans) >= _PLANS_HELD:
            plans.clear()
        tag, vr = key
        plan = self._plan(tag, vr, is_item=plans is self._items)
        plans[key] = plan
        return plan

    def _plan(self, tag: int, vr: str, *, is_item: bool) -> Plan | None:
        group = self._profile.ruling(tag)
        if group.action is Action.QUARANTINE:
            return treat.held(tag, group.reason)
        if group.action is Action.REMOVE or not tag & 0xFFFF:
            return None
        known = treated_as(tag, vr)
        if known is None:
            return None
        if vr == "UN":
            return self._of_unknown(tag, known, is_item)
        if tag not in self._profile.elements and tag not in public_vrs():
            return None  # a class means the elements that the dictionary knows
        return self._of(tag, group, known, is_item)

    def _of(self, tag: int, group: Group, vr: str, is_item: bool) -> Plan | None:
        action = group.action
        kind = self._profile.kinds.get(vr)
        if vr == "SQ":
            # Whatever else is said of it, a sequence is never kept with its content unseen.
            return treat.empty_sequence if action is Action.EMPTY else self._sequence
        if action in (Action.KEEP, Action.DATA):
            if kind is None:
                action = Action.KEEP if vr in NUMBER_BYTES else Action.REMOVE
            elif action is Action.DATA:
                action = kind.data
            else:
                action = kind.in_items if is_item else kind.keep
        if action is Action.AS_IS:
            return treat.valid(vr_of(tag))  # a claimed VR would ask for less
        plan = self._simple(group, action, vr, is_item)
        if plan is treat.keep:
            return treat.keep_text if vr in TEXT else numbers(tag, vr)
        return plan

    def _simple(self, group: Group, action: Action, vr: str, is_item: bool) -> Plan | None:
        if action is Action.UID and vr != "UI" and vr not in TEXT:
            return None
        if action is Action.FIRST_OF_MONTH:
            return treat.date_time if vr == "DT" else treat.date
        if action is Action.VALID:
            return treat.valid(vr)
        if action in (Action.WRITE, Action.APPEND):
            if action is Action.APPEND and is_item:
                return treat.empty
            return treat.write(self._text(group), vr)
        return {
            Action.KEEP: treat.keep,
            Action.KEEP_TEXT: treat.keep,
            Action.EMPTY: treat.empty,
            Action.PSEUDONYM: treat.pseudonym,
            Action.PSEUDONYM_NAME: treat.pseudonym_name,
            Action.UID: treat.uid,
            Action.HASH_16: treat.hash_16,
        }.get(action)

    def _sequence(self, patient: Patient, element: Element) -> Element | None:
        items = element.value
        if not isinstance(items, list):
            return None
        if patient.depth == MAX_DEPTH:
            raise Held(TOO_DEEP)  # values of VR UN can hide more levels than the reader saw
        patient.depth += 1
        treated = []
        outer = patient.charset
        for item in items:
            own = item.get(_CHARACTER_SET)
            if own is not None:
                patient.use(own)
            treated.append(self._walk(patient, item, self._items))
            patient.charset = outer
        patient.depth -= 1
        return Element(element.tag, element.vr, treated)

    def _of_unknown(self, tag: int, known: str, is_item: bool) -> Plan:
        """UN with a public tag: given its VR, then treated like any other element."""

        def plan(patient: Patient, element: Element) -> Element | None:
            if is_long(element, known):
                return self._long(patient, element, known, is_item)
            known_as = named(element, known, patient.is_little)
            if known_as is None:
                return None
            treated = self._plan(tag, known, is_item=is_item)
            if treated is None:
                return None
            if known != "SQ" or patient.is_little:
                return treated(patient, known_as)
            # Little endian inside a big endian file, which only the VR UN allows.
            patient.is_little = True
            try:
                walked = treated(patient, known_as)
            finally:
                patient.is_little = False
            return walked and Element(tag, "UN", walked.value)

        return plan

    def _long(
        self, patient: Patient, element: Element, known: str, is_item: bool
    ) -> Element | None:
        """A value of VR UN that its own VR is too short for (PS3.5 section 6.2.2): lists of numbers
        stay as they are, such as long contours; text does not."""
        plan = self._plan(element.tag, known, is_item=is_item)
        if plan is None:
            return None
        is_number = plan is treat.valid_number or (known in NUMBER_BYTES and patient.is_little)
        return element if is_number and plan(patient, element) is element else None

    def _text(self, group: Group) -> str:
        return group.text.format_map(self._texts)

    def _insertions(self) -> list[tuple[int, Callable[[Element | None, Element | None], Element]]]:
        return [
            (tag, treat.insertion(tag, group, self._text(group)))
            for tag, group in self._profile.elements.items()
            if group.is_inserted
        ]
