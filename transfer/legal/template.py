"""The form of a legal record, to be filled in. Recorded as it is, it says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.legal.papers import PAPERS
from transfer.legal.record_file import FORMAT

_HEAD: Final = f"""\
# Legal record of a transfer. Fill it in, then:
#   eucaim-transfer legal NAME --record THIS_FILE
# What stays empty is not recorded; publishing is locked for as long as anything of the first
# three tables is missing. A later record says what has changed; what was said earlier is kept.
format = "{FORMAT}"
entered_by = ""      # who fills in this record
ticket = ""          # for each table below that names none of its own

# For each table: date = 2026-03-12 as the document says; document = "a path", relative to this
# file, which is read for its digest and not copied; or sha256 = "the digest" without the file.

[clearance]          # by the responsible member of EUCAIM's legal team
person = ""
date = ""
document = ""
ticket = ""

[dta-institution]    # data transfer agreement, signed by your institution's legal representative
person = ""
date = ""
document = ""
ticket = ""

[dta-eucaim]         # the same, signed by EUCAIM's Scientific Director
person = ""
date = ""
document = ""
ticket = ""

# state = "there", "not-applicable" (with a reason) or "missing"; a paper that is there may have
# date, document or sha256, and ticket as well:
#   dpo-report = {{ state = "there", date = 2026-03-12, document = "dpo-report.pdf" }}
#   dpia = {{ state = "not-applicable", reason = "Low risk, says the DPO" }}
[papers]
"""


def template() -> str:
    """The form as TOML with comments."""
    return _HEAD + "".join(_papers())


def _papers() -> Iterator[str]:
    for paper in PAPERS:
        yield f'{paper.key} = {{ state = "" }}'.ljust(46) + f"# {paper.title}\n"
