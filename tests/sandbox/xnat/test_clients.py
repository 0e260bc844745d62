"""xnatpy, pyxnat and xnatctl, as they come from the package registry, against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.server import Sandbox, in_thread
from tests.sandbox.bodies import uid
from tests.sandbox.xnat.clients import RealClient, installed
from tests.sandbox.xnat.made import ct, zipped

pytestmark = pytest.mark.timeout(900)

TWO_SERIES = zipped({"a.dcm": ct("a"), "b.dcm": ct("b"), "c.dcm": ct("c", series=2)})


@pytest.fixture
def node() -> Iterator[Sandbox]:
    with in_thread() as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture(scope="session")
def environments(request: pytest.FixtureRequest) -> Path:
    """Where the clients are installed, once for all runs."""
    cache = request.config.cache
    assert cache is not None, "pytest always has one"
    return Path(cache.mkdir("xnat-clients"))


def _client(name: str, environments: Path, node: Sandbox, folder: Path) -> RealClient:
    (folder / "study.zip").write_bytes(TWO_SERIES)
    (folder / "clinical.csv").write_text("patient,age\nS1,50\n", "utf-8")
    return RealClient(installed(name, environments), node, folder)


@pytest.fixture
def xnatpy(environments: Path, node: Sandbox, tmp_path: Path) -> RealClient:
    return _client("xnatpy", environments, node, tmp_path)


@pytest.fixture
def pyxnat(environments: Path, node: Sandbox, tmp_path: Path) -> RealClient:
    return _client("pyxnat", environments, node, tmp_path)


@pytest.fixture
def xnatctl(environments: Path, node: Sandbox, tmp_path: Path) -> RealClient:
    client = _client("xnatctl", environments, node, tmp_path)
    assert client.command("auth", "login").returncode == 0
    return client


XNATPY = """
import xnat
with xnat.connect(url, user=user, password=password) as connection:
"""


def test_xnatpy_lists_and_creates_projects(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    before = list(connection.projects.keys())
    connection.put('/data/projects/NEW', query={'xnat:projectData/name': 'Named'})
    connection.clearcache()
    project = connection.projects['NEW']
    tell(before=before, after=list(connection.projects.keys()), name=project.name,
         level=connection.projects['SANDBOX'].access_level)
"""
    )
    assert told == {
        "before": ["SANDBOX"],
        "after": ["SANDBOX", "NEW"],
        "name": "Named",
        "level": "Owners",
    }


def test_xnatpy_uploads_and_reads_back(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    session = connection.services.import_(
        str(folder / 'study.zip'), project='SANDBOX', subject='S1', experiment='E1',
        destination='/archive')
    connection.clearcache()
    found = connection.projects['SANDBOX'].subjects['S1'].experiments['E1']
    scan = found.scans['1']
    file = list(scan.resources['DICOM'].files.values())[0]
    file.download(str(folder / 'one.dcm'), verbose=False)
    scan.resources['DICOM'].download(str(folder / 'all.zip'), verbose=False)
    catalog = connection.get(scan.resources['DICOM'].uri, format='xml').text
    tell(type=found.__xsi_type__, date=found.date, scans=[s.id for s in found.scans.values()],
         uid=scan.uid, files=len(scan.resources['DICOM'].files), catalog=catalog,
         size=(folder / 'one.dcm').stat().st_size == int(file.size))
"""
    )
    assert told["catalog"].count("<cat:entry ") == 2
    assert uid("a") in told["catalog"]
    del told["catalog"]
    assert told == {
        "type": "xnat:ctSessionData",
        "date": "2020-01-02",
        "scans": ["1", "2"],
        "uid": uid("study", "series", 1),
        "files": 2,
        "size": True,
    }


def test_xnatpy_goes_through_the_prearchive(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    row = connection.services.import_(
        str(folder / 'study.zip'), project='SANDBOX', subject='S1', experiment='E1',
        destination='/prearchive', import_handler='DICOM-zip')
    listed = connection.prearchive.sessions(project='SANDBOX')
    scans = [scan.id for scan in row.scans.values()]
    session = row.archive()
    connection.clearcache()
    tell(status=listed[0].status, label=listed[0].label, scans=scans,
         session=session.label, left=len(connection.prearchive.sessions(project='SANDBOX')))
"""
    )
    assert told == {
        "status": "READY",
        "label": "E1",
        "scans": ["1", "2"],
        "session": "E1",
        "left": 0,
    }


def test_xnatpy_uploads_a_table_twice(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    resource = connection.projects['SANDBOX'].create_resource('clinical')
    table = folder / 'clinical.csv'
    resource.upload(str(table), 'clinical.csv', verbose=False)
    table.write_text('changed')
    resource.upload(str(table), 'clinical.csv', verbose=False)
    connection.clearcache()
    path = '/data/projects/SANDBOX/resources/clinical/files/clinical.csv'
    first = connection.get(path).text
    resource.upload(str(table), 'clinical.csv', overwrite=True, verbose=False)
    files = connection.projects['SANDBOX'].resources['clinical'].files
    files['clinical.csv'].download(str(folder / 'back.csv'), verbose=False)
    tell(first=first, second=(folder / 'back.csv').read_text(), names=list(files.keys()),
         again=connection.interface.put(url + '/data/projects/SANDBOX/resources/clinical')
             .status_code)
"""
    )
    assert told == {
        "first": "patient,age\nS1,50\n",
        "second": "changed",
        "names": ["clinical.csv"],
        "again": 409,
    }


def test_xnatpy_uploads_a_folder(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    (folder / 'more' / 'deep').mkdir(parents=True)
    (folder / 'more' / 'a.txt').write_text('a')
    (folder / 'more' / 'deep' / 'b.txt').write_text('b')
    resource = connection.projects['SANDBOX'].create_resource('folder')
    resource.upload_dir(str(folder / 'more'), update_func=lambda *_, **__: None)
    connection.clearcache()
    resource = connection.projects['SANDBOX'].resources['folder']
    tell(names=sorted(file.path for file in resource.files.values()), count=resource.file_count)
    resource.delete()
"""
    )
    assert told == {"names": ["a.txt", "deep/b.txt"], "count": 2}


def test_xnatpy_makes_objects_and_reads_them(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    project = connection.projects['SANDBOX']
    subject = connection.classes.SubjectData(parent=project, label='NEW')
    subject.demographics.age = 50
    session = connection.classes.CtSessionData(parent=subject, label='SESSION')
    session.fields['site'] = '3'
    connection.put(session.fulluri + '/scans/5',
                   query={'xsiType': 'xnat:ctScanData', 'xnat:ctScanData/type': 'AX'})
    connection.services.refresh_catalog(session, checksum=True)
    connection.clearcache()
    subject = connection.projects['SANDBOX'].subjects['NEW']
    session = subject.experiments['SESSION']
    tell(age=subject.demographics.age, field=session.fields['site'],
         scan=session.scans['5'].type, id=subject.id)
"""
    )
    assert told["id"].startswith("XNAT_S")
    assert (told["age"], told["field"], told["scan"]) == (50, "3", "AX")


def test_xnatpy_publishes(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    path = '/data/projects/SANDBOX/accessibility'
    before = connection.get(path).text
    put = connection.put(path + '/protected').text
    tell(before=before, put=put, after=connection.get(path).text)
"""
    )
    assert told == {"before": "private", "put": "protected", "after": "protected"}


def test_xnatpy_connects_with_an_alias_token(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        XNATPY
        + """
    token = connection.services.issue_token()
with xnat.connect(url, user=token.alias, password=token.secret) as connection:
    tell(name=connection.get('/xapi/users/username').text)
"""
    )
    assert told == {"name": "ingester"}


def test_xnatpy_connects_as_a_guest_where_guests_are_let_in(
    xnatpy: RealClient, node: Sandbox
) -> None:
    node.xnat.set_up({"has_guests": True})
    told = xnatpy.script(
        """
import xnat
with xnat.connect(url) as connection:
    private = list(connection.projects.keys())
with xnat.connect(url, user=user, password=password) as connection:
    connection.put('/data/projects/SANDBOX/accessibility/public')
with xnat.connect(url) as connection:
    tell(user=connection.logged_in_user, private=private, public=list(connection.projects.keys()))
"""
    )
    assert told == {"user": "guest", "private": [], "public": ["SANDBOX"]}


def test_xnatpy_hears_of_a_wrong_password(xnatpy: RealClient) -> None:
    told = xnatpy.script(
        """
import xnat
try:
    xnat.connect(url, user=user, password='wrong')
except Exception as error:
    tell(raised=type(error).__name__)
"""
    )
    assert told == {"raised": "XNATLoginFailedError"}


PYXNAT = """
import pyxnat
interface = pyxnat.Interface(server=url, user=user, password=password)
project = interface.select.project('SANDBOX')
def upload():
    with open(folder / 'study.zip', 'rb') as file:
        return interface.post(
            '/data/services/import?import-handler=DICOM-zip&project=SANDBOX&subject=S1'
            '&session=E1&inbody=true&dest=/archive/projects/SANDBOX/subjects/S1/experiments/E1',
            data=file, headers={'Content-Type': 'application/zip'})
"""


def test_pyxnat_lists_and_creates_projects(pyxnat: RealClient) -> None:
    told = pyxnat.script(
        PYXNAT
        + """
new = interface.select.project('NEW')
before = new.exists()
new.create()
tell(before=before, after=new.exists(), all=interface.select.projects().get(),
     users=project.users(), code=project.prearchive_code())
"""
    )
    assert told == {
        "before": False,
        "after": True,
        "all": ["SANDBOX", "NEW"],
        "users": ["ingester", "member", "reader"],
        "code": 4,
    }


def test_pyxnat_uploads_and_reads_back(pyxnat: RealClient) -> None:
    told = pyxnat.script(
        PYXNAT
        + """
answer = upload()
session = project.subject('S1').experiment('E1')
resource = session.scan('1').resource('DICOM')
files = list(resource.files())
got = files[0].get(str(folder / 'one.dcm'))
tell(answer=answer.text, exists=session.exists(), label=session.label(),
     type=session.datatype(), scans=session.scans().get(),
     description=session.scan('1').attrs.get('series_description'),
     files=len(files), same=Path(got).stat().st_size == int(files[0].size()),
     subjects=project.subjects().get('label'),
     wild=len(interface.select('/projects/SANDBOX/subjects/*/experiments/*').get()))
"""
    )
    assert told == {
        "answer": "/data/archive/projects/SANDBOX/subjects/S1/experiments/E1\r\n",
        "exists": True,
        "label": "E1",
        "type": "xnat:ctSessionData",
        "scans": ["1", "2"],
        "description": "Thorax",
        "files": 2,
        "same": True,
        "subjects": told["subjects"],
        "wild": 1,
    }
    assert len(told["subjects"]) == 1


def test_pyxnat_uploads_a_table_twice(pyxnat: RealClient) -> None:
    told = pyxnat.script(
        PYXNAT
        + """
table = folder / 'clinical.csv'
resource = project.resource('clinical')
file = resource.file('clinical.csv')
file.put(str(table), format='CSV', content='table', tags='t')
table.write_text('changed')
file.put(str(table), format='CSV', content='table', tags='t')
path = '/data/projects/SANDBOX/resources/clinical/files/clinical.csv'
first = interface.get(path).text
file.put(str(table), format='CSV', content='table', tags='t', overwrite=True)
tell(first=first, second=interface.get(path).text, names=[f.label() for f in resource.files()],
     format=file.format(), content=file.content(),
     again=interface.put('/data/projects/SANDBOX/resources/clinical').status_code)
resource.delete()
"""
    )
    assert told == {
        "first": "patient,age\nS1,50\n",
        "second": "changed",
        "names": ["clinical.csv"],
        "format": "CSV",
        "content": "table",
        "again": 409,
    }


def test_pyxnat_publishes(pyxnat: RealClient) -> None:
    told = pyxnat.script(
        PYXNAT
        + """
before = project.accessibility()
project.set_accessibility('protected')
tell(before=before.decode(), after=project.accessibility().decode())
"""
    )
    assert told == {"before": "private", "after": "protected"}


def test_pyxnat_makes_objects_and_deletes_them(pyxnat: RealClient) -> None:
    told = pyxnat.script(
        PYXNAT
        + """
subject = project.subject('NEW')
subject.create()
subject.attrs.set('gender', 'F')
session = subject.experiment('SESSION').create(experiments='xnat:ctSessionData')
scan = session.scan('7').create(scans='xnat:ctScanData')
found = dict(gender=subject.attrs.get('gender'), session=session.exists(), scan=scan.exists())
subject.delete()
tell(**found, left=subject.exists())
"""
    )
    assert told == {"gender": "F", "session": True, "scan": True, "left": False}


def test_pyxnat_does_not_crash_over_an_error_page(pyxnat: RealClient) -> None:
    told = pyxnat.script(
        PYXNAT
        + """
from pyxnat.core.errors import DatabaseError, OperationalError
try:
    interface.select.project('no.good').create()
    raised = 'nothing'
except (DatabaseError, OperationalError) as error:
    raised = type(error).__name__
tell(raised=raised)
"""
    )
    assert told["raised"] in ("DatabaseError", "OperationalError")


def test_xnatctl_signs_in_and_lists(xnatctl: RealClient) -> None:
    assert [project["id"] for project in xnatctl.json("project", "list")] == ["SANDBOX"]
    assert "ingester" in xnatctl.command("whoami").stdout
    assert xnatctl.json("project", "show", "SANDBOX")["id"] == "SANDBOX"


def test_xnatctl_creates_a_project_by_put_only(xnatctl: RealClient) -> None:
    refused = xnatctl.command("project", "create", "NEW", "--name", "NEW")
    made = xnatctl.command("api", "put", "/data/projects/NEW")
    assert "405" in refused.stdout + refused.stderr
    assert made.returncode == 0
    assert [p["id"] for p in xnatctl.json("project", "list")] == ["SANDBOX", "NEW"]


def test_xnatctl_uploads_archives_and_reads_back(xnatctl: RealClient) -> None:
    upload = ("session", "upload", "study.zip", "-P", "SANDBOX", "-S", "S1", "-E", "E1")
    assert xnatctl.command(*upload, "--prearchive", "--overwrite", "none").returncode == 0
    (row,) = xnatctl.json("prearchive", "list", "--project", "SANDBOX")
    assert (row["status"], row["name"]) == ("READY", "E1")
    archived = xnatctl.command("prearchive", "archive", "SANDBOX", row["timestamp"], "E1")
    assert archived.returncode == 0, archived.stderr
    (session,) = xnatctl.json("session", "list", "-P", "SANDBOX")
    scans = xnatctl.json("scan", "list", "-E", session["id"])
    assert sorted(scan["id"] for scan in scans) == ["1", "2"]
    (resource,) = xnatctl.json("resource", "list", session["id"], "--scan", "1")
    assert (resource["label"], str(resource["file_count"])) == ("DICOM", "2")


@pytest.mark.parametrize("mode", ["tar", "zip", "gradual"])
def test_xnatctl_uploads_a_folder_in_parallel(
    xnatctl: RealClient, node: Sandbox, mode: str
) -> None:
    folder = xnatctl.folder / "dicom"
    folder.mkdir()
    for name in ("a", "b", "c", "d"):
        (folder / f"{name}.dcm").write_bytes(ct(name))
    words = ("-P", "SANDBOX", "-S", "S1", "-E", "E1", "--mode", mode, "--prearchive")
    done = xnatctl.command("session", "upload", "dicom", *words)
    assert done.returncode == 0, done.stderr
    assert set(node.xnat.waiting_objects()) == {uid("a"), uid("b"), uid("c"), uid("d")}
    assert len(node.xnat.prearchive.rows) == 1


def test_xnatctl_uploads_a_table_twice_and_changes_nothing(
    xnatctl: RealClient, node: Sandbox
) -> None:
    words = ("resource", "upload", "-P", "SANDBOX", "clinical", "clinical.csv", "--format", "CSV")
    assert xnatctl.command(*words).returncode == 0
    (xnatctl.folder / "clinical.csv").write_text("changed", "utf-8")
    assert xnatctl.command(*words).returncode == 0
    kept = node.xnat.archive.projects["SANDBOX"].resources["clinical"].files["clinical.csv"]
    assert kept.path.read_text("utf-8") == "patient,age\nS1,50\n"


def test_xnatctl_publishes(xnatctl: RealClient) -> None:
    words = ("project", "access", "SANDBOX")
    assert xnatctl.command(*words, "--set", "protected", "--yes").returncode == 0
    assert xnatctl.json(*words)["accessibility"] == "protected"
