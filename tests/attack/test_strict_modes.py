"""Whose files the program obeys: what tells it where to send, and whom to trust, must be this
account's or root's, and nobody else may be able to change it. sshd's StrictModes is the model."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.sandbox.server import Options, in_thread
from adapters.tls import ClientCertificate, client_context
from tests.attack.forge import Holder, trust_file
from tests.certificates import Authority
from tests.program import REPOSITORY, Program
from transfer.errors import UsageError
from transfer.strict_modes import demand_ours
from transfer.workspace import Home

SOMEBODY = 54321
NODE = '[nodes.n]\nkind = "xnat"\nurl = "https://n.example"\n'
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    (made / "config.toml").write_text(NODE)
    (made / "config.toml").chmod(0o600)
    return made


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o444, 0o400])
def test_what_others_may_only_read_is_used(home: Path, mode: int) -> None:
    (home / "config.toml").chmod(mode)
    assert "n" in load_profiles(home)


@pytest.mark.parametrize("mode", [0o620, 0o664, 0o602, 0o666, 0o777])
def test_a_configuration_that_others_may_write_is_not_used(home: Path, mode: int) -> None:
    """The group too, whoever is in it: nobody can tell who will be tomorrow."""
    (home / "config.toml").chmod(mode)
    with pytest.raises(UsageError, match="could be changed by other accounts") as refused:
        load_profiles(home)
    assert refused.value.what.startswith("The file config.toml ")
    assert f"chmod go-w {home / 'config.toml'}" in refused.value.remedy


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_in_a_folder_that_others_may_write_anything_can_be_put_in_its_place(
    home: Path, mode: int
) -> None:
    home.chmod(mode)
    with pytest.raises(UsageError, match=r"The folder of the file config[.]toml could be changed"):
        load_profiles(home)


def test_nor_is_one_that_others_could_put_there(home: Path) -> None:
    (home / "config.toml").unlink()
    home.chmod(0o777)
    with pytest.raises(UsageError, match="could be changed by other accounts"):
        load_profiles(home)


def test_in_a_sticky_folder_what_is_ours_stays_ours(home: Path) -> None:
    """As in /tmp: nobody renames or removes what belongs to somebody else."""
    home.chmod(0o1777)
    assert "n" in load_profiles(home)


@AS_ROOT
@pytest.mark.parametrize("which", ["home", "home/config.toml"])
def test_what_belongs_to_somebody_else_is_not_used(home: Path, which: str) -> None:
    os.chown(home.parent / which, SOMEBODY, -1)
    with pytest.raises(UsageError, match="belongs to another account") as refused:
        load_profiles(home)
    assert f"chown 0 {home.parent / which}" in refused.value.remedy


@AS_ROOT
def test_a_link_leads_to_nothing_that_is_somebody_elses(home: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (home / "config.toml").rename(theirs / "config.toml")
    (home / "config.toml").symlink_to(theirs / "config.toml")
    assert "n" in load_profiles(home)
    os.chown(theirs, SOMEBODY, -1)
    with pytest.raises(UsageError, match=r"config[.]toml belongs to another"):
        load_profiles(home)


@AS_ROOT
def test_what_root_wrote_is_used_by_every_account(home: Path, tmp_path: Path) -> None:
    """As /etc is. The other way round it is refused: see above."""
    home.chmod(0o755)
    (home / "config.toml").chmod(0o644)
    for each in (tmp_path, *tmp_path.parents):
        if each == Path(tempfile.gettempdir()):
            break
        each.chmod(0o711)
    asked = (
        "import os, sys; sys.path[0] = sys.argv[1]; from pathlib import Path\n"
        "from transfer.strict_modes import demand_ours\n"
        "os.setresuid(54321, 54321, 54321); demand_ours(Path(sys.argv[2]), 'It'); print('used')"
    )
    words = [sys.executable, "-c", asked, str(REPOSITORY), str(home / "config.toml")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "used\n", done.stderr


def test_nothing_is_trusted_that_others_could_have_put_into_a_file_of_authorities(
    root: Holder, folder: Path
) -> None:
    file = trust_file(folder, root)
    client_context(file)
    file.chmod(0o666)
    with pytest.raises(UsageError, match="The file that ca_file names could be changed"):
        client_context(file)


@pytest.mark.parametrize("which", ["certificate", "key"])
def test_nor_is_a_certificate_shown_that_others_could_have_put_there(
    which: str, tmp_path: Path
) -> None:
    issued = Authority(tmp_path).issue(for_client=True)
    own = ClientCertificate(issued.certificate, issued.key)
    client_context(None, own)
    getattr(issued, which).chmod(0o660)
    with pytest.raises(UsageError, match=r"names could be changed by other accounts"):
        client_context(None, own)


def test_the_folder_of_all_transfers_must_be_ours(home: Path) -> None:
    """Whoever can write beside it can put a ledger of his own in its place."""
    Home.at(home).prepare()
    Home.at(home).new_workspace("t").ledger.touch()
    assert Home.at(home).workspace("t").name == "t"
    home.chmod(0o777)
    with pytest.raises(UsageError, match="The folder for transfers could"):
        Home.at(home).workspace("t")
    with pytest.raises(UsageError, match="could be changed by other accounts"):
        Home.at(home).prepare()


def test_what_is_not_there_is_nobodys(tmp_path: Path) -> None:
    demand_ours(tmp_path / "none" / "config.toml", "It")


def test_a_loop_of_links_is_told_by_whoever_reads(home: Path) -> None:
    (home / "config.toml").unlink()
    (home / "config.toml").symlink_to("config.toml")
    with pytest.raises(UsageError, match="it cannot be read"):
        load_profiles(home)


def test_the_command_line_refuses_in_two_lines_and_asks_nobody_anything(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    with in_thread(Options(record=tmp_path / "record")) as sandbox:
        sandbox.write_home(program.home)
        (program.home / "config.toml").chmod(0o666)
        ran = program.run("login", "sandbox-xnat", "--username", "ingester", typed="ingester\n")
    assert ran.code == 2
    assert len(ran.complaint) == 2
    assert "could be changed by other accounts" in ran.err
    assert list((tmp_path / "record").glob("*")) == []
