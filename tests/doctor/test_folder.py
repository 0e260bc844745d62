"""The home: closed to us, open to others, somebody else's, or on a disk that two hosts share."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.doctor.asking import doctor, found, make_host, not_ok
from tests.program import REPOSITORY
from transfer.machine.folder import check_file_system, check_owner, check_private, check_umask
from transfer.workspace import Home

NOBODY = "65534"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="doctor-"))
    folder.chmod(0o755)
    yield folder
    for place in (folder, *folder.rglob("*")):
        if place.is_dir():
            place.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def unprivileged() -> Sequence[str]:
    """Starts a program as an account to which modes apply; root may write everywhere."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing; Debian: apt-get install util-linux")
    become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    if subprocess.run([*become, "test", "-r", str(REPOSITORY / "tui")], check=False).returncode:
        pytest.skip("other accounts cannot enter the folder that this checkout lies in")
    return become


def make_home(folder: Path) -> Home:
    home = Home.at(folder / "home")
    home.prepare()
    return home


def test_a_home_that_cannot_be_written_to_is_a_finding_of_its_own(
    open_folder: Path, unprivileged: Sequence[str]
) -> None:
    home = open_folder / "home"
    (home / "transfers").mkdir(parents=True)
    (home / "transfers").chmod(0o500)
    if unprivileged:
        os.chown(home / "transfers", int(NOBODY), int(NOBODY))
    code, document = doctor(home, through=unprivileged)
    assert not_ok(document) == ["home"]
    assert code == 2
    result = found(document, "home")
    assert result.message == (
        "This account cannot write to the folder for transfers (Permission denied)."
    )
    assert "chown" in result.remedy
    assert result.whom == "this host's administrator"


def test_a_home_that_cannot_be_made_is_a_finding_of_its_own(
    open_folder: Path, unprivileged: Sequence[str]
) -> None:
    open_folder.chmod(0o555)
    _, document = doctor(open_folder / "home", through=unprivileged)
    assert not_ok(document) == ["home"]
    message = found(document, "home").message
    assert message == "A folder that is needed cannot be made: Permission denied."


def test_the_home_of_another_account_is_told_even_where_it_cannot_be_entered(
    open_folder: Path, unprivileged: Sequence[str]
) -> None:
    if not unprivileged:
        pytest.skip("only root can make a folder of another account")
    home = open_folder / "home"
    home.mkdir()
    home.chmod(0o700)
    code, document = doctor(home, "lung", through=unprivileged)
    assert code == 2
    assert not_ok(document) == ["home", "ledger"]
    assert found(document, "ledger").message == (
        "This account cannot look into the folder for transfers."
    )
    assert found(document, "home-owner").state == "warn"


def test_root_in_the_home_of_a_service_account_is_warned(open_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be root")
    home = make_home(open_folder)
    os.chown(home.root, int(NOBODY), int(NOBODY))
    result = check_owner(home)
    assert result.state == "warn"
    assert result.message.startswith("You are root")
    assert result.remedy == "Run the program as that account: sudo -u ACCOUNT eucaim-transfer"


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_home_on_a_shared_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / {tmp_path} rw - {kind} d rw\n")
    monkeypatch.setattr("transfer.workspace._MOUNTS", mounts)
    result = check_file_system(Home.at(tmp_path / "home"))
    assert (result.state, result.exit_code, result.answer) == ("fail", 2, kind)
    assert kind in result.message


@pytest.mark.parametrize(
    ("place", "mode", "shown"),
    [("secrets", 0o755, "The folder secrets"), ("accounts/upv.json", 0o644, "accounts/upv.json")],
)
def test_a_private_place_that_is_open_to_others_is_named_with_what_to_change(
    tmp_path: Path, place: str, mode: int, shown: str
) -> None:
    home = make_home(tmp_path)
    for folder in ("secrets", "accounts"):
        (home.root / folder).mkdir(mode=0o700)
    (home.root / "accounts" / "upv.json").write_text("{}")
    (home.root / "accounts" / "upv.json").chmod(0o600)
    assert check_private(home).state == "ok"
    (home.root / place).chmod(mode)
    result = check_private(home)
    assert (result.state, result.exit_code, result.whom) == ("fail", 2, "you")
    assert result.message.startswith(shown)
    assert f"mode {mode:03o}" in result.message
    assert "change the password" in result.remedy


def test_a_configuration_that_others_may_change_is_named(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    config = home.config_folder / "config.toml"
    config.write_text("")
    config.chmod(0o666)
    result = check_private(home)
    assert result.state == "fail"
    assert "could have images sent elsewhere" in result.message


@pytest.mark.parametrize(
    ("umask", "state"), [("0022", "ok"), ("0077", "ok"), ("0000", "ok"), ("0377", "fail")]
)
def test_a_umask_that_takes_our_own_files_away_is_a_failure(
    tmp_path: Path, umask: str, state: str
) -> None:
    host = make_host(tmp_path, {"/proc/self/status": f"Name:\tx\nUmask:\t{umask}\nState:\tR\n"})
    assert check_umask(host).state == state
