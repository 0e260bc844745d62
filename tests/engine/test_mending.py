"""What a person asked to be put right: in what is sent, nowhere else, and with evidence."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.engine.elements import differences
from tests.engine.made import image, make_transfer_of
from transfer.deid.header.reading import read_header
from transfer.deid.header.writing import assemble, copy
from transfer.deid.model import Header, Stretch
from transfer.deid.rewrite import Outgoing, rewrite_mended
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.mends import add_mend, has_mends, list_mends, mends_of, undo_mend
from transfer.mending import Mend, mend, tags_of, term_of
from transfer.opening import open_source
from transfer.prepare.mended import prepare_mended
from transfer.scan.phase import scan

DATES = "0008002A,00080023,00080021,00080020"


def header_of(path: Path, **elements: str) -> Header:
    image(path, "1.2.1", rows=4, **elements)
    with open_source(str(path)) as opened:
        return read_header(opened.fd, opened.size_bytes)


def written(path: Path, header: Header) -> Dataset:
    out = BytesIO()
    with open_source(str(path)) as opened:
        copy(assemble(header), opened.fd, out.write)
    return dcmread(BytesIO(out.getvalue()))


def test_the_chosen_body_part_is_in_what_leaves_and_nothing_else_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    header, evidence = mend(header_of(path), [Mend(7, "body-part", "CHEST")])
    made = written(path, header)
    assert made.BodyPartExamined == "CHEST"
    assert evidence == ("7",)
    assert list(differences(dcmread(path), made)) == ["(0018,0015) only in the other"]


def test_elements_stay_in_the_order_of_their_tags(tmp_path: Path) -> None:
    mends = [Mend(1, "body-part", "CHEST"), Mend(2, "acquisition-date", DATES)]
    header, _ = mend(header_of(tmp_path / "a.dcm", StudyDate="20200101"), mends)
    tags = list(header.dataset)
    assert tags == sorted(tags)
    assert {0x00180015, 0x00080022} <= set(tags)


def test_the_first_date_that_is_one_is_taken_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    source = header_of(path, ContentDate="", SeriesDate="20200203", StudyDate="20200101")
    header, evidence = mend(source, [Mend(3, "acquisition-date", DATES)])
    assert written(path, header).AcquisitionDate == "20200203"
    assert evidence == ("3:00080021",)


def test_of_a_date_and_time_the_date_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    source = header_of(path, AcquisitionDateTime="20210630101500.25+0100")
    header, _ = mend(source, [Mend(3, "acquisition-date", "0008002A")])
    assert written(path, header).AcquisitionDate == "20210630"


def test_a_real_acquisition_date_is_never_replaced(tmp_path: Path) -> None:
    source = header_of(tmp_path / "a.dcm", AcquisitionDate="20191231", StudyDate="20200101")
    header, evidence = mend(source, [Mend(3, "acquisition-date", DATES)])
    assert header is source
    assert evidence == ()


def test_the_uid_in_the_file_meta_information_is_that_of_the_data_set(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    image(path, "1.2.1")
    dataset = dcmread(path)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.999")
    dataset.save_as(path)
    with open_source(str(path)) as opened:
        source = read_header(opened.fd, opened.size_bytes)
    header, evidence = mend(source, [Mend(4, "file-meta-uid", "")])
    assert evidence == ("4",)
    assert written(path, header).file_meta.MediaStorageSOPInstanceUID == "1.2.1"


def test_the_last_mend_of_a_kind_decides(tmp_path: Path) -> None:
    mends = [Mend(1, "body-part", "CHEST"), Mend(2, "body-part", "BREAST")]
    path = tmp_path / "a.dcm"
    header, evidence = mend(header_of(path), mends)
    assert (written(path, header).BodyPartExamined, evidence) == ("BREAST", ("2",))


@pytest.mark.parametrize(
    ("age", "leaves"), [("093Y", "090Y"), ("101Y", "090Y"), ("089Y", "089Y"), ("018M", "018M")]
)
def test_an_age_above_89_leaves_as_90_and_nothing_else_is_changed(
    tmp_path: Path, age: str, leaves: str
) -> None:
    path = tmp_path / "a.dcm"
    header, evidence = mend(header_of(path, PatientAge=age), [Mend(7, "top-age", "090Y")])
    made = written(path, header)
    changed = ["(0010,1010) differs"] if leaves != age else []
    assert list(differences(dcmread(path), made)) == changed
    assert made.PatientAge == leaves
    assert evidence == (("7",) if changed else ())


@pytest.mark.parametrize("text", ["", "chest", "CHEST;", "A" * 17, "Ö", "12"])
def test_what_is_no_code_string_is_no_body_part(text: str) -> None:
    with pytest.raises(UsageError, match="no value for Body Part"):
        term_of(text)


@pytest.mark.parametrize("text", ["0010,0030", "StudyDate", "0008"])
def test_a_date_is_taken_from_no_other_tag(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be taken from there"):
        tags_of(text)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Two Series as they are: E1 of two instances without Acquisition Date, E2 of one."""
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1", StudyDate="20200101", ContentDate="20200102")
    image(source / "2.dcm", "1.2.2", StudyDate="20200101")
    image(source / "3.dcm", "1.2.3", SeriesInstanceUID="1.4.2", BodyPartExamined="HEAD")
    with make_transfer_of(source, tmp_path / "home") as made:
        scan(made, processes=1, should_stop=lambda: False)
        yield made


def series_of(ledger: Ledger, uid: str) -> int:
    return ledger.number("SELECT series_id FROM instance WHERE sop_instance_uid = ?", uid)


def prepared(ledger: Ledger) -> dict[str, bool]:
    prepare_mended(ledger, processes=1, should_stop=lambda: False)
    return dict(
        ledger.rows("SELECT sop_instance_uid, head_sha256 IS NOT NULL FROM instance ORDER BY 1")
    )


def test_where_files_go_as_they_are_only_those_of_mended_series_are_made_anew(
    ledger: Ledger,
) -> None:
    add_mend(ledger, "body-part", "CHEST", [series_of(ledger, "1.2.1")], "A. Curator", "looked")
    assert prepared(ledger) == {"1.2.1": True, "1.2.2": True, "1.2.3": False}
    (found,) = list_mends(ledger)
    assert (found.kind, found.value, found.person, found.reason) == (
        "body-part", "CHEST", "A. Curator", "looked",
    )  # fmt: skip
    assert (found.series, found.instances) == (1, 2)


def test_a_data_set_that_is_not_mended_leaves_byte_for_byte(tmp_path: Path) -> None:
    """Group lengths included, which is what tells it from one that was written anew."""
    path = tmp_path / "a.dcm"
    image(path, "1.2.1", BodyPartExamined="CHEST")
    dataset = dcmread(path)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.999")
    dataset.save_as(path)
    written = path.read_bytes()
    body_at = written.index(b"\x08\x00\x16\x00UI")
    body = b"\x08\x00\x00\x00UL\x04\x00\x01\x02\x03\x04" + written[body_at:]
    whole = written[:body_at] + body
    path.write_bytes(whole)
    stat = path.stat()
    stamp = (stat.st_size, stat.st_mtime_ns)

    def made(*mends: Mend) -> bytes:
        answer = rewrite_mended(str(path), mends, stamp, has_part10=True)
        assert isinstance(answer, Outgoing)
        out = BytesIO()
        with open_source(str(path)) as opened:
            copy([p for p in answer.pieces if isinstance(p, bytes | Stretch)], opened.fd, out.write)
        assert len(out.getvalue()) == answer.size_bytes
        return out.getvalue()

    assert made(Mend(1, "body-part", "CHEST")) == whole
    right = made(Mend(1, "file-meta-uid", ""))
    assert right.endswith(body)
    assert dcmread(BytesIO(right)).file_meta.MediaStorageSOPInstanceUID == "1.2.1"


def test_from_where_each_date_was_taken_is_counted(ledger: Ledger) -> None:
    add_mend(ledger, "acquisition-date", "", [series_of(ledger, "1.2.1")], "A. Curator", "")
    prepared(ledger)
    (found,) = list_mends(ledger)
    assert found.taken == {"00080023": 1, "00080020": 1}


def test_another_mend_makes_what_was_made_void(ledger: Ledger) -> None:
    row = series_of(ledger, "1.2.1")
    add_mend(ledger, "body-part", "CHEST", [row], "A. Curator", "")
    prepared(ledger)
    add_mend(ledger, "body-part", "BREAST", [row], "A. Curator", "")
    assert ledger.number("SELECT count(*) FROM instance WHERE head_sha256 IS NOT NULL") == 0
    prepared(ledger)
    assert [one.instances for one in list_mends(ledger)] == [0, 2]


def test_a_mend_that_is_undone_leaves_the_files_as_they_are(ledger: Ledger) -> None:
    sizes = ledger.rows("SELECT size_bytes FROM instance ORDER BY id")
    row = series_of(ledger, "1.2.1")
    number = add_mend(ledger, "body-part", "CHEST", [row], "A. Curator", "")
    prepared(ledger)
    assert ledger.rows("SELECT size_bytes FROM instance ORDER BY id") != sizes
    assert undo_mend(ledger, number, "A. Curator", "a slip")
    assert ledger.rows("SELECT size_bytes FROM instance ORDER BY id") == sizes
    assert prepared(ledger) == {"1.2.1": False, "1.2.2": False, "1.2.3": False}
    assert (has_mends(ledger), mends_of(ledger, row)) == (False, ())
    assert [one.is_undone for one in list_mends(ledger)] == [True]
    assert not undo_mend(ledger, number, "A. Curator", "again")


def test_what_went_stays_as_it_went(ledger: Ledger) -> None:
    ledger.write("UPDATE instance SET state = 'sent' WHERE sop_instance_uid = '1.2.1'")
    add_mend(ledger, "body-part", "CHEST", [series_of(ledger, "1.2.1")], "A. Curator", "")
    assert prepared(ledger) == {"1.2.1": False, "1.2.2": True, "1.2.3": False}


@pytest.mark.parametrize(
    ("series", "person", "match"),
    [([], "A", "No series"), ([99], "A", "E99 is not in"), ([1], " ", "named person")],
)
def test_a_mend_that_nobody_can_answer_for_is_not_recorded(
    ledger: Ledger, series: list[int], person: str, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        add_mend(ledger, "body-part", "CHEST", series, person, "")
    assert list_mends(ledger) == []
