"""How the page of step 9 draws what it knows, and what it asks for next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from transfer.clinical.notes import CONVERTED, WORKBOOK
from transfer.journey.standing import Standing
from transfer.values import StepState
from tui import figures
from tui.clinical import ClinicalLook
from tui.findings import Group
from tui.screens.findings_drawing import about_group, noun_of, state_of
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line

_LABEL: Final = 10
_STATE, _RULE, _MANY = 11, 8, 16
_FORMS: Final = {"csv": "CSV", "xlsx": "XLSX", "json": "JSON", "jsonl": "JSON Lines"}


def facts(look: ClinicalLook | None, standing: Standing | None, width: int) -> list[Content]:
    """Which table it is, how it was read, whose rows it has, and how far the step is."""
    if look is None:
        return [ink("Reading…", "$muted")]
    found = [_fact("Table", _table(look, width - _LABEL), width)]
    if look.tables and look.is_read:
        found += [_fact("", _read(look), width), _fact("Patients", _patients(look), width)]
    if standing is not None and standing.detail:
        lines = wrapped(ink(plain(standing.detail)), width - _LABEL)[:2]
        found += [_fact("Step" if not n else "", text, width) for n, text in enumerate(lines)]
    return found


def _fact(name: str, content: Content, width: int) -> Content:
    return line(cell(name, _LABEL, "$muted"), cell(content, width - _LABEL))


def _table(look: ClinicalLook, width: int) -> Content:
    word = look.state.image_only
    if word is not None:
        return line(("none: ", "bold"), plain(word.reason), (f" ({plain(word.person)})", "$muted"))
    if look.path is None:
        return ink("none is named yet", "$warn")
    return ink(shorten_path(plain(look.path), width), "bold")


def _read(look: ClinicalLook) -> Content:
    first = look.tables[0]
    many = figures.count(len(look.tables), "table") if len(look.tables) > 1 else ""
    forms = sorted({_FORMS.get(file.form, file.form.upper()) for file in look.tables})
    notes = {**CONVERTED, **WORKBOOK}
    told = [notes[code] for code in first.notes if code in notes]
    return dotted(
        [
            many,
            (", ".join(forms), "$muted"),
            figures.count(look.rows, "row"),
            f"{figures.count(look.columns, 'column')}, {look.known_columns:,} known",
            (told[0] if told else "", "$muted"),
        ]
    )


def _patients(look: ClinicalLook) -> Content:
    without, total = look.loose_rows, look.patients_of_images
    if not total:
        return ink("the images were not read yet; step 8 does that", "$muted")
    is_all = look.patients == total
    have = f"{look.patients:,} of {figures.count(total, 'patient')} who go"
    return dotted(
        [
            line(("✓ " if is_all else "○ ", "$good" if is_all else "$warn"), have),
            (f"{figures.count(without, 'row')} without images" if without else "", "$warn"),
            (f"{figures.count(look.kept_back, 'row')} kept back" if look.kept_back else "",
             "$muted"),
        ]
    )  # fmt: skip


def draw_rules_line(groups: Sequence[Group], width: int) -> list[Content]:
    """The heading over the rules that found something in the clinical data."""
    stops = sum(g.stands_in_the_way and g.of.severity == "block" for g in groups)
    asks = sum(g.stands_in_the_way and g.of.severity == "ask" for g in groups)
    parts: list[str | Content | tuple[str, str]] = []
    if stops:
        parts.append((f"✗ {figures.count(stops, 'rule')} in the way", "bold $bad"))
    if asks:
        parts.append((f"? {figures.count(asks, 'question')} open", "bold $warn"))
    if not parts:
        parts.append(line(("✓ ", "$good"), ("Nothing stands in the way", "bold")))
    return [dotted(parts)]


def draw_rule(group: Group, width: int) -> list[Content]:
    """One rule: what it does, what it is about, and how much of it there is."""
    of, first = group.of, group.first
    many = noun_of(first.key, of.findings)
    if of.things != of.findings:
        many = noun_of(first.example, of.things) if first.example else f"{of.things:,} rows"
    title = max(8, width - _STATE - _RULE - _MANY)
    return [
        line(
            cell(state_of(of.severity, of.standing), _STATE),
            cell(cell(plain(of.rule), _RULE - 1), _RULE),
            cell(cell(plain(group.title), title - 2), title),
            cell(many, _MANY, align="right"),
        )
    ]


def about(group: Group | None, transfer: str, width: int) -> list[Content]:
    """The chosen rule: what it found, for one, and what to do."""
    return about_group(group, transfer, width)


def step_now(look: ClinicalLook | None, standing: Standing | None) -> Now:
    """What this step asks for next, and the keys for it."""
    if look is None:
        return Now("Looking at the clinical data…", "[Esc] goes back.")
    if look.is_held:
        return Now(
            "A runner is at work; what is shown here follows it.",
            "[u] shows how far it is.   [Esc] goes back.",
        )
    if look.state.image_only is not None:
        return Now(
            "This dataset is of images alone, by a person's word.",
            "[o] names a table after all.   [Esc] goes back.",
        )
    if look.path is None:
        return Now(
            "Which table goes with these images?",
            "[o] chooses it.   [i] there is none: a person says so, with a reason.",
        )
    if look.problem is not None:
        return Now("The table cannot be read.", "[c] looks again.   [o] chooses another one.")
    if not look.is_read:
        return Now("The table was not read yet.", "[c] reads it.   [o] chooses another one.")
    return _with_table(look, standing)


def _with_table(look: ClinicalLook, standing: Standing | None) -> Now:
    if not look.patients_of_images:
        return Now(
            "The images come first: step 8 reads them, and then rows find their patients.",
            "[t] shows the table.   [m] maps its columns.",
        )
    if look.in_the_way:
        return Now(
            "Findings stand in the way: see each in the table, or answer it.",
            "[t] table.   [m] mapping.   [r] reconciles.   [c] once the table is corrected.",
        )
    if standing is not None and standing.is_locked:
        return Now(
            standing.next or "Only after the images are verified on the node.",
            "[t] table.   [m] mapping.   [f] findings.",
        )
    if standing is not None and standing.is_done:
        return Now("The clinical data are on the node.", "[t] table.   [u] uploads.")
    if standing is not None and standing.state is StepState.BLOCKED:
        return Now(
            plain(standing.detail) or "Not all of it arrived.",
            "[u] uploads.   [t] table.   [m] mapping.",
        )
    return Now("The table is ready to go.", "[u] uploads.   [t] table.   [e] writes files.")
