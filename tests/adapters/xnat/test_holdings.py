"""Verified is what the archive's catalogues list, Series by UID and never by scan number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply
from tests.adapters.xnat.instances import SERIES
from tests.adapters.xnat.rows import SESSION, Rows
from tests.adapters.xnat.scripted import Running, ScriptedXnat, document, page, table, text
from transfer.errors import NodeFault, NotSupported
from transfer.values import SeriesInstanceUID, SeriesRef

SCANS = "/data/experiments/XNAT_E00001/scans"


def _catalogue(*uids: str) -> str:
    entries = "".join(f'<cat:entry UID="{uid}" URI="x.dcm"/>' for uid in uids)
    return (
        '<cat:DCMCatalog xmlns:cat="http://nrg.wustl.edu/catalog"><cat:entries>'
        f"{entries}</cat:entries></cat:DCMCatalog>"
    )


def _archive(xnat: ScriptedXnat) -> Rows:
    rows = Rows(xnat, {}, is_archived=True)
    xnat.tell(
        "GET",
        SCANS,
        table(
            {"ID": "5", "UID": "1.2.3.4", "URI": ""},
            {"ID": "5-CT1", "UID": "1.2.3.5", "URI": ""},
            {"ID": "6", "UID": "1.2.3.4", "URI": ""},
        ),
    )
    xnat.tell("GET", f"{SCANS}/5/resources", table({"label": "DICOM"}, {"label": "SNAPSHOTS"}))
    xnat.tell("GET", f"{SCANS}/5-CT1/resources", table({"label": "DICOM"}))
    xnat.tell("GET", f"{SCANS}/6/resources", table({"label": "secondary"}))
    xnat.tell("GET", f"{SCANS}/5/resources/DICOM", text(_catalogue("1.1", "1.2")))
    xnat.tell("GET", f"{SCANS}/5-CT1/resources/DICOM", text(_catalogue("9.9")))
    xnat.tell("GET", f"{SCANS}/6/resources/secondary", text(_catalogue("1.3")))
    return rows


async def test_a_series_is_what_every_scan_of_its_uid_lists(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    _archive(xnat)
    assert (await node.holdings(SERIES, "P")).keys() == {"1.1", "1.2", "1.3"}
    renamed = SeriesRef(SERIES.study_uid, SeriesInstanceUID("1.2.3.5"), SERIES.patient_id)
    assert (await node.holdings(renamed, "P")).keys() == {"9.9"}


async def test_a_session_that_is_not_there_holds_nothing(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    assert await node.holdings(SERIES, "P") == {}


async def test_a_session_of_another_study_holds_nothing_of_ours(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    _archive(xnat)
    item = {"items": [{"data_fields": {"ID": "XNAT_E00001", "UID": "7.7"}}]}
    xnat.tell("GET", SESSION, document(item))
    assert await node.holdings(SERIES, "P") == {}


async def test_a_listing_that_paging_cut_is_never_taken_for_the_whole(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    _archive(xnat)
    cut = {"ResultSet": {"Result": [{"ID": "5", "UID": "1.2.3.4"}], "totalRecords": "150"}}
    xnat.tell("GET", SCANS, document(cut))
    with pytest.raises(NodeFault, match="only 1 of 150"):
        await node.holdings(SERIES, "P")


@pytest.mark.parametrize("answer", [text("<a/>"), text(""), page(500, "x")])
async def test_a_catalogue_that_cannot_be_read_is_an_error_and_not_an_empty_one(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply
) -> None:
    _archive(xnat)
    xnat.tell("GET", f"{SCANS}/5/resources/DICOM", answer)
    with pytest.raises(NodeFault):
        await node.holdings(SERIES, "P")


async def test_the_only_configured_project_is_meant_where_none_is_named(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    _archive(xnat)
    assert (await node.holdings(SERIES)).keys() == {"1.1", "1.2", "1.3"}


async def test_without_any_project_nothing_can_be_listed(site: Running) -> None:
    node = XnatNode(replace(site.settings(), destinations=()), site.store(), environ={})
    with pytest.raises(NotSupported, match="one project only"):
        await node.holdings(SERIES)
    await node.aclose()


async def test_what_waits_in_the_prearchive_is_not_told_by_uid(node: XnatNode) -> None:
    assert await node.waiting(SERIES, "P") == {}
