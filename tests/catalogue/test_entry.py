"""The entry as a whole: what is in its way, what is told beside it, and how it is written."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.catalogue.conftest import DATASET, NEEDED, bind, fill_in_needed, say_of
from transfer.catalogue.dcat import CONTEXT, json_ld, json_text
from transfer.catalogue.document import entry_document
from transfer.catalogue.entry import Entry, read_entry, set_least
from transfer.catalogue.fields import fill_in, form, parse_word, read_file, said_texts
from transfer.catalogue.workbook import workbook as written_workbook
from transfer.catalogue.writing import write_entry
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.publication.metadata import keep_metadata
from transfer.publication.values import Stage
from transfer.workspace import Workspace


def entry_of(workspace: Workspace) -> Entry:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return read_entry(ledger)


def say(workspace: Workspace, **texts: str) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        fill_in(ledger, {key.replace("_", "-"): (text,) for key, text in texts.items()})


def rules(entry: Entry, severity: str) -> list[str]:
    return [remark.rule for remark in entry.remarks if remark.severity == severity]


@pytest.fixture
def ready(workspace: Workspace) -> Workspace:
    """A transfer whose entry can be written."""
    bind(workspace, studies=7, subjects=7)
    fill_in_needed(workspace)
    return workspace


def test_the_datasets_own_id_is_the_identifier(ready: Workspace) -> None:
    found = entry_of(ready)
    assert found.state.identifier == DATASET
    assert found.state.address == (
        f"https://catalogue.eucaim.cancerimage.eu/#/collection/{DATASET}"
    )
    assert found.blocks == []


def test_without_a_dataset_there_is_no_identifier_and_no_entry(workspace: Workspace) -> None:
    fill_in_needed(workspace)
    assert rules(entry_of(workspace), "block") == ["CAT-01"]


def test_what_the_node_counts_otherwise_blocks(ready: Workspace) -> None:
    bind(ready, studies=7, subjects=6)
    found = entry_of(ready)
    assert [remark.text for remark in found.blocks] == [
        "CAT-02: the node counts 6 subjects in the dataset, 7 subjects of this transfer were"
        " verified there."
    ]
    with pytest.raises(StepBlocked, match="the node counts 6 subjects"):
        found.checked()


def test_nothing_verified_is_no_entry(ready: Workspace) -> None:
    with sqlite3.connect(ready.ledger) as db:
        db.execute("UPDATE instance SET state = 'sent'")
    assert "CAT-02" in rules(entry_of(ready), "block")


def test_a_field_that_every_entry_needs_is_asked_for(ready: Workspace) -> None:
    with Ledger.open(ready.ledger) as ledger:
        fill_in(ledger, {"title": (), "contact": ()})
    # The title is offered again from the dataset only where it was never filled in.
    assert [remark.key for remark in entry_of(ready).blocks] == ["title", "contact"]


def test_what_is_not_verified_yet_and_a_draft_are_told_and_block_nothing(
    workspace: Workspace,
) -> None:
    bind(workspace, stage=Stage.DRAFT)
    fill_in_needed(workspace)
    found = entry_of(workspace)
    told = [remark.text for remark in found.warnings if remark.rule == "CAT-02"]
    assert told == [
        "4 instances of this transfer not verified on the node yet; the entry is best made when"
        " the number of cases is final.",
        "The dataset is not published (the node: draft); what it holds may still change.",
    ]
    assert found.blocks == []


def test_a_patient_in_the_entrys_words_blocks_and_is_not_repeated(ready: Workspace) -> None:
    say(ready, description="Scans of ORIGINAL-3, among others.")
    found = entry_of(ready)
    (block,) = found.blocks
    assert (block.rule, block.text) == (
        "HLP-04",
        "Description holds a patient ID of this transfer.",
    )
    assert "ORIGINAL" not in f"{block}"


def test_a_contact_who_is_called_as_a_patient_is_no_patient(ready: Workspace) -> None:
    say(ready, contact="Dr Surname3, research office")
    assert entry_of(ready).blocks == []


def test_step_10s_metadata_fill_in_what_says_the_same(workspace: Workspace) -> None:
    bind(workspace)
    with Ledger.open(workspace.ledger) as ledger:
        keep_metadata(
            ledger,
            {
                "name": ("Lung of the north",),
                "type": ("original",),
                "collectionMethod": ("cohort", "longitudinal"),
                "licenseTitle": ("CC BY 4.0",),
                "contactInfo": ("office@hospital.example",),
            },
        )
        texts, proposed = said_texts(ledger)
    assert texts["title"] == ("Lung of the north",)
    assert texts["version"] == ("1.0",)
    assert texts["method"] == ("cohort", "longitudinal")
    assert texts["licence"] == ("CC BY 4.0",)
    assert proposed == {"title", "version", "type", "method", "licence", "contact"}


def test_what_a_person_filled_in_is_not_filled_in_from_step_10(workspace: Workspace) -> None:
    bind(workspace)
    say(workspace, title="My own title")
    with Ledger.open(workspace.ledger) as ledger:
        texts, proposed = said_texts(ledger)
    assert texts["title"] == ("My own title",)
    assert "title" not in proposed


def test_a_filled_in_form_is_taken_over(workspace: Workspace, tmp_path: Path) -> None:
    bind(workspace)
    printed = form({"title": ("Lung",), "keywords": ("lung", "CT"), "languages": ("ENG",)})
    (tmp_path / "form.toml").write_text(printed, "utf-8")
    assert read_file(tmp_path / "form.toml") == {
        "title": ("Lung",),
        "keywords": ("lung", "CT"),
        "languages": ("ENG",),
    }


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("access=OPEN", "access: one value is none of"),
        ("contact-page=http://hospital.example", "a web address begins with https://"),
        ("contact-mail=office", "that is no e-mail address"),
        ("version=12345678901234567", "at most 16"),
    ],
)
def test_a_value_that_a_field_does_not_take_is_not_kept(
    workspace: Workspace, word: str, fault: str
) -> None:
    key, values = parse_word(word)
    with Ledger.open(workspace.ledger) as ledger:
        with pytest.raises(UsageError, match=fault):
            fill_in(ledger, {key: values})
        assert said_texts(ledger) == ({}, frozenset())


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no field of the catalogue"):
        parse_word("colour=red")


def test_the_limit_is_the_data_holders(ready: Workspace) -> None:
    assert "is this program's" in entry_of(ready).warnings[-1].text
    with Ledger.open(ready.ledger) as ledger:
        set_least(ledger, 2)
        with pytest.raises(UsageError, match="from 1"):
            set_least(ledger, 0)
    found = entry_of(ready)
    assert (found.least, found.is_usual_least) == (2, False)
    assert not any("is this program's" in remark.text for remark in found.warnings)


def test_a_dataset_of_fewer_subjects_than_the_limit_is_told(ready: Workspace) -> None:
    with Ledger.open(ready.ledger) as ledger:
        set_least(ledger, 10)
    told = [remark.text for remark in entry_of(ready).warnings if remark.rule == "CAT-03"]
    assert told[0].startswith("CAT-03: the whole dataset has 7 subjects, fewer than the limit of")


def references(node: Any) -> list[str]:
    """Every term and every address of a document, to be resolved by its context."""
    found = []
    if isinstance(node, dict):
        for key, value in node.items():
            if key != "@context":
                found += [key, *references(value)]
                if key in ("@type", "@id"):
                    found.append(value)
    elif isinstance(node, list):
        for one in node:
            found += references(one)
    return found


def test_every_term_of_the_document_is_of_its_context(ready: Workspace) -> None:
    document = json_ld(entry_of(ready))
    terms = references(document)
    assert len(terms) > 60
    unknown = {
        term
        for term in terms
        if not term.startswith(("@", "https://", "http://", "urn:uuid:", "mailto:"))
        and term.partition(":")[0] not in CONTEXT
    }
    assert unknown == set()
    assert all(address.endswith(("#", "/")) for address in document["@context"].values())


def test_the_document_says_what_was_counted_in_the_terms_of_dcat_ap(ready: Workspace) -> None:
    document = json.loads(json_text(entry_of(ready)))
    number = "xsd:nonNegativeInteger"
    assert document["@type"] == "dcat:Dataset"
    assert document["@id"] == f"urn:uuid:{DATASET}"
    assert document["dct:identifier"] == DATASET
    assert document["dct:title"] == NEEDED["title"][0]
    assert document["healthdcatap:numberOfUniqueIndividuals"] == {"@type": number, "@value": "7"}
    assert document["healthdcatap:numberOfRecords"] == {"@type": number, "@value": "14"}
    assert document["transfer:byModality"] == [
        {
            "transfer:value": "CT",
            "transfer:subjects": {"@type": number, "@value": "7"},
            "transfer:studies": {"@type": number, "@value": "7"},
            "transfer:series": {"@type": number, "@value": "7"},
            "transfer:images": {"@type": number, "@value": "14"},
        }
    ]
    assert document["dct:accessRights"] == {
        "@id": "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
    }
    assert document["dct:temporal"]["dcat:startDate"] == {"@type": "xsd:gYear", "@value": "2024"}
    assert document["dct:issued"] == {"@type": "xsd:date", "@value": "2026-03-12"}


def test_no_small_count_stands_in_the_files(ready: Workspace) -> None:
    """One of seven is a man, which six women would tell; nobody's age stands there."""
    found = entry_of(ready)
    document = json_ld(found)
    assert document["transfer:bySex"] == [
        {"transfer:withheldValues": {"@type": "xsd:nonNegativeInteger", "@value": "2"}}
    ]
    assert "healthdcatap:minTypicalAge" not in document
    sheets = cells(written_workbook(found))
    assert "male" not in sheets
    assert "fewer than 5 subjects, or what would give those away" in sheets


def test_with_a_limit_of_one_ages_are_told_to_the_year(ready: Workspace) -> None:
    with Ledger.open(ready.ledger) as ledger:
        set_least(ledger, 1)
    document = json_ld(entry_of(ready))
    assert document["healthdcatap:minTypicalAge"]["@value"] == "45"
    assert document["healthdcatap:maxTypicalAge"]["@value"] == "75"


def test_programs_see_the_small_groups_marked(ready: Workspace) -> None:
    sexes = entry_document(entry_of(ready))["figures"]["groups"]["sex"]
    assert [(group["value"], group["is_small"]) for group in sexes] == [("F", False), ("M", True)]


def cells(content: bytes) -> list[object]:
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Dataset", "Counts", "DCAT-AP terms"]
    return [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]


def test_the_workbook_holds_fields_counts_and_terms(ready: Workspace) -> None:
    book = load_workbook(io.BytesIO(written_workbook(entry_of(ready))))
    holder = {row[0].value: row[1].value for row in book["Dataset"].iter_rows()}
    assert holder["Identifier"] == DATASET
    assert holder["Title"] == "Lung screening of the north"
    assert (holder["Number of subjects"], holder["Number of images"]) == (7, 14)
    assert holder["Modality"] == "CT"
    assert holder["Image creation years"] == "2024 to 2024"
    terms = {row[0].value: row[1].value for row in book["DCAT-AP terms"].iter_rows()}
    assert terms["healthdcatap:numberOfUniqueIndividuals"] == 7
    assert terms["dct:publisher / foaf:name"] == "University Hospital of the North"


def test_nothing_in_the_workbook_is_computed(ready: Workspace) -> None:
    say(ready, title='=HYPERLINK("https://evil.example")')
    for patient in range(1, 8):
        say_of(ready, patient, {"manufacturer": "@SUM(1)"})
    book = load_workbook(io.BytesIO(written_workbook(entry_of(ready))))
    texts = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    active = [cell for cell in texts if cell.data_type == "f" or str(cell.value)[0] in "=+-@"]
    assert active == []
    assert any("HYPERLINK" in str(cell.value) for cell in texts)
    assert any("SUM" in str(cell.value) for cell in texts)


def test_the_same_entry_gives_the_same_bytes(ready: Workspace) -> None:
    assert written_workbook(entry_of(ready)) == written_workbook(entry_of(ready))


@pytest.mark.parametrize("name", ["entry.xlsx", "entry.jsonld"])
def test_a_file_is_its_owners_alone_and_only_its_own_is_written_over(
    ready: Workspace, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    with Ledger.open(ready.ledger) as ledger:
        write_entry(ledger, read_entry(ledger), path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        before = path.read_bytes()
        fill_in(ledger, {"title": ("Another title",)})
        write_entry(ledger, read_entry(ledger), path)
        assert path.read_bytes() != before
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.write_text("somebody's notes")
        with pytest.raises(UsageError, match="exists already"):
            write_entry(ledger, read_entry(ledger), path)
    assert path.read_text() == "somebody's notes"
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == [name]


def test_an_entry_with_something_in_its_way_is_not_written(
    workspace: Workspace, tmp_path: Path
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        entry = read_entry(ledger)
        with pytest.raises(StepBlocked, match="The catalogue's entry is not ready"):
            write_entry(ledger, entry, tmp_path / "entry.xlsx")
    assert not (tmp_path / "entry.xlsx").exists()


def test_a_file_of_another_kind_is_refused(ready: Workspace, tmp_path: Path) -> None:
    with Ledger.open(ready.ledger) as ledger:
        entry = read_entry(ledger)
        with pytest.raises(UsageError, match="as a workbook or as JSON-LD"):
            write_entry(ledger, entry, tmp_path / "entry.csv")
