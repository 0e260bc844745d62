"""One room for each part of the engine that screens ask, brought in when it is first asked.

All of them together take longer to import than Textual does, and the first screen needs none.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from transfer.workspace import Home
from tui.speaking import Hears, Speaker

if TYPE_CHECKING:
    from tui.accounts import Accounts
    from tui.catalogue import Catalogue
    from tui.choosing import Choosing
    from tui.clinical import Clinical
    from tui.clinical_files import ClinicalFiles
    from tui.clinical_mapping import Mappings
    from tui.clinical_reconciling import Reconciling
    from tui.clinical_sending import ClinicalSending
    from tui.clinical_table import ClinicalTables
    from tui.datasets import Datasets
    from tui.doctoring import Doctoring
    from tui.evidence import Evidence
    from tui.findings import Findings
    from tui.legal import Legal
    from tui.looking import Looks
    from tui.purging import Purging
    from tui.recalling import Recalling
    from tui.recovering import Recovering
    from tui.rehearsals import Rehearsals
    from tui.reviewing import Reviews
    from tui.ticketing import Ticketing
    from tui.timing import Timing

Hearing = TypeVar("Hearing", bound=Hears)


class Rooms:
    """The rooms of a home; each is there once."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.speaker = Speaker()

    def heard_here(self, room: Hearing) -> Hearing:
        """A room that hears the session's own speaker."""
        room.speaker = self.speaker
        return room

    def end(self) -> None:
        """The screens end, and with them what runs only as long as they do. Does not block."""
        # Nothing runs in a room that nobody entered; `cached_property` keeps the others here.
        if "evidence" in vars(self):
            self.evidence.end()
        if "rehearsals" in vars(self):
            self.rehearsals.end()

    @cached_property
    def accounts(self) -> Accounts:
        from tui.accounts import Accounts

        return Accounts(self.home)

    @cached_property
    def recovering(self) -> Recovering:
        from tui.recovering import Recovering

        return Recovering(self.home)

    @cached_property
    def reviews(self) -> Reviews:
        from tui.reviewing import Reviews

        return Reviews(self.home)

    @cached_property
    def looks(self) -> Looks:
        from tui.looking import Looks

        return Looks(self.home)

    @cached_property
    def findings(self) -> Findings:
        from tui.findings import Findings

        return self.heard_here(Findings(self.home))

    @cached_property
    def choosing(self) -> Choosing:
        from tui.choosing import Choosing

        return Choosing(self.home)

    @cached_property
    def clinical(self) -> Clinical:
        from tui.clinical import Clinical

        return Clinical(self.home)

    @cached_property
    def clinical_files(self) -> ClinicalFiles:
        from tui.clinical_files import ClinicalFiles

        return ClinicalFiles(self.home)

    @cached_property
    def tables(self) -> ClinicalTables:
        from tui.clinical_table import ClinicalTables

        return ClinicalTables(self.home)

    @cached_property
    def mapping(self) -> Mappings:
        from tui.clinical_mapping import Mappings

        return Mappings(self.home)

    @cached_property
    def reconciling(self) -> Reconciling:
        from tui.clinical_reconciling import Reconciling

        return Reconciling(self.home)

    @cached_property
    def clinical_sending(self) -> ClinicalSending:
        from tui.clinical_sending import ClinicalSending

        return ClinicalSending(self.home)

    @cached_property
    def datasets(self) -> Datasets:
        from tui.datasets import Datasets

        return Datasets(self.home)

    @cached_property
    def doctoring(self) -> Doctoring:
        from tui.doctoring import Doctoring

        return Doctoring(self.home)

    @cached_property
    def ticketing(self) -> Ticketing:
        from tui.ticketing import Ticketing

        return self.heard_here(Ticketing(self.home))

    @cached_property
    def timing(self) -> Timing:
        from tui.timing import Timing

        return Timing(self.home)

    @cached_property
    def legal(self) -> Legal:
        from tui.legal import Legal

        return self.heard_here(Legal(self.home))

    @cached_property
    def evidence(self) -> Evidence:
        from tui.evidence import Evidence

        return Evidence(self.home)

    @cached_property
    def recalling(self) -> Recalling:
        from tui.recalling import Recalling

        return Recalling(self.home)

    @cached_property
    def purging(self) -> Purging:
        from tui.purging import Purging

        return self.heard_here(Purging(self.home))

    @cached_property
    def rehearsals(self) -> Rehearsals:
        from tui.rehearsals import Rehearsals

        return Rehearsals(self.home)

    @cached_property
    def catalogue(self) -> Catalogue:
        from tui.catalogue import Catalogue

        return self.heard_here(Catalogue(self.home))
