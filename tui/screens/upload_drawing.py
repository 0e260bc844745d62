"""How the upload is drawn: the whole, its running requests, its studies."""

from __future__ import annotations

from textual.content import Content

from transfer.journey.steps import Stages
from transfer.ledger.census import StudyRow
from transfer.ledger.progress import HISTORY_STEP_S, Lane
from transfer.status import Status
from tui import figures, words
from tui.limiting import KEPT, Standing
from tui.screens.transfer_page import runner_line
from tui.source import Launch
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import bar, cell, columns, dotted, line, share_and_bar, sparks

_MOST_WINDOWS = 5
_CHART_ROWS = 3
_CHART_LABEL = 36
_ASKING = ("send", "verify")
_KEPT = "config.toml cannot be used: the limits read before hold; [l] says why"


def draw_overall(
    status: Status,
    standing: Standing | None,
    launched: Launch | None,
    is_in_trouble: bool,
    is_charted: bool,
    width: int,
) -> list[Content]:
    """How much of the whole is done, how fast it goes, and what holds it."""
    progress, counts = status.progress, status.census.instances
    phase = progress.phase if status.is_running else ""
    if phase in _COUNTED:
        part = figures.share(progress.done, progress.total)
    else:
        part = words.part_done(status)
    style = "$good" if words.is_all_there(status) else "$key"
    lines = [
        line(share_and_bar(part, width, style)),
        _amounts(status),
    ]
    limit = standing.told if standing and (status.is_running or standing.is_worth_telling) else ""
    if not status.is_running:
        if limit and not words.is_all_there(status):
            lines.append(line((limit, "$muted")))
        if counts.ready and not is_in_trouble:
            lines += [Content(""), words.verdict(status)]
        return lines
    lines.append(_pace(status, standing, 0 if is_charted else 20, width))
    held = [(limit, "$muted"), (runner_line(status, launched), "$muted")]
    in_one = dotted(held)
    lines += [in_one] if in_one.cell_length <= width else [line(one) for one in held]
    if standing is not None and standing.trouble is not None:
        lines.append(line((_KEPT, "$warn")))
    if progress.note and phase in _ASKING:
        told = f"! {plain(progress.note)} It is tried again."
        lines += wrapped(line((told, "$warn")), width)
    return lines


def _pace(status: Status, standing: Standing | None, chart: int, width: int) -> Content:
    progress = status.progress
    is_moving = progress.phase == "send" and status.state != "paused"
    pace = dotted(
        [
            figures.rate(progress.rate_bps) if is_moving else "",
            time_left(status, standing) if is_moving and status.state != "stopping" else "",
            (figures.count(progress.retries, "retry", "retries"), "$muted"),
        ]
    )
    chart = min(chart, max(0, width - pace.cell_length - 2))
    return line(cell(pace, width - chart), sparks(progress.history, chart))


def time_left(status: Status, standing: Standing | None) -> str:
    """How long it takes; empty where nobody knows."""
    eta_s = status.progress.eta_s
    if eta_s is None:
        return ""
    return standing.time_left(eta_s) if standing else f"about {figures.span(eta_s)} left"


def limits_asked(standing: Standing | None) -> list[str]:
    """What to know before one sets a limit."""
    told = "Write for example 20 Mbit/s, 5M (5 MB a second), or none. It holds from now on"
    if standing is None or standing.schedule is None:
        lines = [f"Now: {standing.told}."] if standing else []
        return [*lines, f"{told}."]
    end, shown = standing.next_change_told, standing.schedule.lines
    if len(shown) > _MOST_WINDOWS:
        shown = (*shown[: _MOST_WINDOWS - 1], "and more, all of which status tells")
    lines = [
        f"Now: {standing.told}.",
        f"{told} until {end}." if end else f"{told}.",
        "Write schedule to leave it to config.toml, which says:",
        *(f"  {one}" for one in shown),
    ]
    if standing.trouble is not None:
        lines += [f"{standing.trouble.what} {standing.trouble.remedy} {KEPT}"]
    return lines


def draw_chart(status: Status, is_there: bool, width: int) -> list[Content]:
    """The rate of the last minutes as columns, where there is room for them."""
    values = status.progress.history
    if not is_there:
        return []
    seconds = len(values) * HISTORY_STEP_S
    told = f"last {figures.span(seconds)}, at most {figures.rate(max(values))}"
    labels = [told, *[""] * (_CHART_ROWS - 1)]
    drawn = columns(values, max(0, width - _CHART_LABEL), _CHART_ROWS)
    rows = zip(labels, drawn, strict=True)
    return [Content(""), *(line(cell(said, _CHART_LABEL, "$muted"), row) for said, row in rows)]


def _amounts(status: Status) -> Content:
    census, counts = status.census, status.census.instances
    if status.is_running and status.progress.phase in _COUNTED:
        what = _COUNTED[status.progress.phase]
        return line(
            f"{status.progress.done:,}", (f" of {status.progress.total:,} {what}", "$muted")
        )
    parts = [
        line(
            figures.size(status.bytes_done), (f" of {figures.size(census.bytes_total)}", "$muted")
        ),
        line(f"{counts.sent:,}", (f" of {counts.ready:,} sent", "$muted")),
        line(f"{counts.verified:,}", (" verified", "$muted")),
    ]
    if counts.failed:
        parts.append(line((f"✗ {counts.failed:,} failed", "bold $bad")))
    if counts.excluded:
        parts.append(line((f"{counts.excluded:,} not chosen", "$muted")))
    return dotted(parts)


def draw_lanes(status: Status, room: int, most: int, width: int) -> list[Content]:
    """The running requests; as many rows as there were requests at `most`."""
    lanes = status.progress.lanes if status.is_running else ()
    if not lanes:
        return [Content("")] * (most + 2 if most else 0)
    heading = figures.count(len(lanes), "running request")
    ceiling = status.progress.requests_most
    if ceiling > len(lanes):
        heading += f", at most {ceiling}"
    shown = lanes if len(lanes) <= room else lanes[: room - 1]
    lines = [Content(""), line((heading, "$muted"))]
    lines += [_draw_lane(lane, width) for lane in shown]
    if len(shown) < len(lanes):
        lines.append(line((f"  and {len(lanes) - len(shown)} more", "$muted")))
    return lines + [Content("")] * (most + 2 - len(lines))


LEGEND = (
    ("sent", "the node has acknowledged it"),
    ("verified", "the node's own listing shows it; it is asked once all of a series went"),
    ("! in part", "a study of which some went; nothing is being sent now"),
    ("■ stopping", "running requests are finished, then the runner ends"),
)

_LANE_WORDS = {"sending": "sending", "waiting": "waits for answer", "retry": "trying again"}


def _draw_lane(lane: Lane, width: int) -> Content:
    part = figures.share(lane.bytes_sent, lane.bytes_total)
    long = max(16, width - 46)
    again = f"  try {lane.attempt}" if lane.attempt > 1 else ""
    return line(
        cell(plain(lane.study), 7),
        share_and_bar(part, long),
        "   ",
        cell(figures.count(lane.instances, "instance"), 14, "$muted"),
        cell(_LANE_WORDS.get(lane.state, plain(lane.state)) + again, 22, "$muted"),
    )


_COUNTS = (9, 10, 9)
# Phases that send nothing yet, and what their progress counts.
_COUNTED = {"scan": "files read", "deidentify": "instances de-identified"}


def study_heading(heading: str, width: int) -> list[Content]:
    """What stands over the studies' columns."""
    names = ("sent", "verified", "of") if heading else ("", "", "")
    return [
        line(
            cell(heading, max(0, width - sum(_COUNTS)), "$muted"),
            *(cell(n, w, "$muted", "right") for n, w in zip(names, _COUNTS, strict=True)),
        )
    ]


def _stage(study: StudyRow, stages: Stages, is_live: bool) -> str:
    if study.sent < study.instances:
        if not is_live:
            return "in part"
        return stages.sending
    return stages.committed if study.is_committed else stages.sent


def draw_study(study: StudyRow, stages: Stages, is_live: bool, width: int) -> list[Content]:
    """One Study: who, what, how far, and its counts; `is_live`: a runner is at it."""
    part = figures.share(study.sent + study.verified, 2 * study.instances)
    whole = study.instances > 0 and study.verified == study.instances
    if study.failed:
        state = line((f"✗ {study.failed:,} failed", "$bad"))
    elif whole:
        state = line(("✓ done", "$good"))
    elif study.sent:
        mark, tone = ("●", "$key") if is_live else ("!", "$warn")
        state = line((f"{mark} {plain(_stage(study, stages, is_live), 12)}", tone))
    elif study.excluded and not study.instances:
        state = line(("○ left out", "$muted"))
    else:
        state = line(("○ to do", "$muted"))
    patient = 8 if width >= 100 else 0
    long = max(8, width - 34 - patient - sum(_COUNTS))
    counts = (study.sent, study.verified, study.instances)
    return [
        line(
            cell(study.key, 8),
            cell(plain(study.patient_key), patient, "$muted"),
            cell(plain(study.modalities or ""), 9, "$muted"),
            bar(part, long, "$good" if whole else "$key"),
            "   ",
            cell(state, 14),
            *(cell(f"{n:,}", w, "", "right") for n, w in zip(counts, _COUNTS, strict=True)),
        )
    ]


def draw_note(text: str, width: int) -> list[Content]:
    """A row of words alone."""
    return [line((text, "$muted"))]
