"""What this program stored of clinical data, read by the clients that researchers use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.registry import open_node
from adapters.sandbox.server import Sandbox, in_thread
from adapters.sandbox.xnat.site import PROJECT
from adapters.secrets import SecretStore
from tests.conformance.clinical import file_item, subject_data, subject_item, table
from tests.sandbox.xnat.clients import RealClient, installed
from transfer.clinical.leaving import ClinicalVerdict

pytestmark = pytest.mark.timeout(900)

TABLE = table(["SUBJ-1", "SUBJ-2"])


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Sandbox]:
    """A stand-in that got a table of its project and a document of one of its subjects."""
    with in_thread() as running:
        running.xnat.archive.add_subject(PROJECT, "SUBJ-1")
        home = tmp_path / "home"
        home.mkdir()
        (home / "config.toml").write_text(
            f'[nodes.one]\nkind = "xnat"\nurl = "{running.xnat_url}"\n'
            f'ca_file = "{running.ca_file}"\nusername = "ingester"\n'
        )
        asyncio.run(_sent(home))
        yield running
        assert list(running.crashes) == []


async def _sent(home: Path) -> None:
    store = SecretStore(home, environ={}, keyring=lambda: None)
    store.hold("one.password", "ingester")
    opened = open_node(load_profiles(home)["one"], store, home=home)
    try:
        items = [
            file_item(TABLE, "made_clinical.csv"),
            subject_item(opened, subject_data("SUBJ-1")),
        ]
        sent = [await opened.send_clinical(item, PROJECT) for item in items]
        assert {outcome.verdict for outcome in sent} == {ClinicalVerdict.STORED}
    finally:
        await opened.aclose()


def client(name: str, request: pytest.FixtureRequest, node: Sandbox, folder: Path) -> RealClient:
    cache = request.config.cache
    assert cache is not None, "pytest always has one"
    return RealClient(installed(name, Path(cache.mkdir("xnat-clients"))), node, folder)


def test_xnatpy_finds_both_and_its_check_of_the_digests_passes(
    request: pytest.FixtureRequest, node: Sandbox, tmp_path: Path
) -> None:
    told = client("xnatpy", request, node, tmp_path).script(
        """
import xnat
with xnat.connect(url, user=user, password=password) as connection:
    project = connection.projects['SANDBOX']
    whole = project.resources['clinical'].files['made_clinical.csv']
    whole.download(str(folder / 'made.csv'), verbose=False)
    resource = project.subjects['SUBJ-1'].resources['clinical']
    one = resource.files['SUBJ-1_clinical.json']
    one.download(str(folder / 'one.json'), verbose=False)
    tell(formats=[project.resources['clinical'].format, resource.format],
         content=[project.resources['clinical'].content, resource.content],
         digests=[bool(whole.digest), bool(one.digest)])
"""
    )
    assert told == {
        "formats": ["CSV", "JSON"],
        "content": ["clinical", "clinical"],
        "digests": [True, True],
    }
    assert (tmp_path / "made.csv").read_bytes() == TABLE
    document = json.loads((tmp_path / "one.json").read_bytes())
    assert document["PatientID"] == "SUBJ-1"
    assert len(document["tables"]["clinical"]) == 2


def test_pyxnat_reads_them_and_pandas_takes_the_records_as_they_are(
    request: pytest.FixtureRequest, node: Sandbox, tmp_path: Path
) -> None:
    """pandas is in pyxnat's environment, since pyxnat imports it."""
    told = client("pyxnat", request, node, tmp_path).script(
        """
import pandas
import pyxnat
interface = pyxnat.Interface(server=url, user=user, password=password)
project = interface.select.project('SANDBOX')
whole = project.resource('clinical').file('made_clinical.csv')
table = pandas.read_csv(whole.get(str(folder / 'made.csv')))
one = project.subject('SUBJ-1').resource('clinical').file('SUBJ-1_clinical.json')
document = json.loads(Path(one.get(str(folder / 'one.json'))).read_text('utf-8'))
records = pandas.DataFrame(document['tables']['clinical'])
tell(format=[whole.format(), one.format()], content=[whole.content(), one.content()],
     patients=list(table['PatientID']), columns=list(records.columns)[:3],
     days=[int(day) for day in records['Relative days']])
"""
    )
    assert told == {
        "format": ["CSV", "JSON"],
        "content": ["clinical", "clinical"],
        "patients": ["SUBJ-1", "SUBJ-2"],
        "columns": ["PatientID", "Sex", "Age at diagnosis"],
        "days": [-12, 18],
    }


def test_xnatctl_reads_the_listing_and_the_table(
    request: pytest.FixtureRequest, node: Sandbox, tmp_path: Path
) -> None:
    xnatctl = client("xnatctl", request, node, tmp_path)
    assert xnatctl.command("auth", "login").returncode == 0
    path = f"/data/projects/{PROJECT}/subjects/SUBJ-1/resources/clinical/files"
    listed = json.loads(xnatctl.command("api", "get", path, "--output", "json").stdout)
    [row] = listed["ResultSet"]["Result"]
    assert (row["Name"], row["file_format"], row["file_content"]) == (
        *("SUBJ-1_clinical.json", "JSON", "clinical"),
    )
