"""Whether a runner survives the log-out: logind's files in every place they may stand."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.doctor.asking import make_host
from transfer.machine.host import Host
from transfer.machine.logind import Login, account_name, read_login
from transfer.machine.logout import check_logout

ME = account_name(os.getuid())
MAIN, DROP_INS = "/etc/systemd/logind.conf", "/etc/systemd/logind.conf.d"
KILLS = "[Login]\nKillUserProcesses=yes\nKillExcludeUsers=\n"
MY_SESSION = f"0::/user.slice/user-{os.getuid()}.slice/session-3.scope\n"


def with_systemd_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    program = folder / "systemd-run"
    program.write_text("#!/bin/sh\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(folder))


def test_a_host_without_logind_leaves_programs_alone(tmp_path: Path) -> None:
    result = check_logout(make_host(tmp_path, {}))
    assert result.state == "ok"
    assert result.message == "An upload goes on after logging out (in a session of its own)."


def test_a_host_that_ends_programs_is_told_with_what_to_ask_for(tmp_path: Path) -> None:
    result = check_logout(make_host(tmp_path, {MAIN: KILLS, "/proc/self/cgroup": MY_SESSION}))
    assert (result.state, result.exit_code) == ("warn", 0)
    assert result.message.startswith("This host ends an account's programs when it logs out")
    assert result.remedy == ("Ask its administrator for: loginctl enable-linger, for this account.")
    assert result.whom == "this host's administrator"


def test_with_lingering_an_upload_is_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_systemd_run(tmp_path / "bin", monkeypatch)
    files = {MAIN: KILLS, f"/var/lib/systemd/linger/{ME}": ""}
    host = make_host(tmp_path / "root", files, {"XDG_RUNTIME_DIR": "/run/user/1"})
    assert check_logout(host).message == (
        "An upload goes on after logging out (as a systemd service)."
    )


def test_lingering_without_a_service_manager_at_hand_does_not_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under `sudo -u` there is no XDG_RUNTIME_DIR, and no service can be started."""
    with_systemd_run(tmp_path / "bin", monkeypatch)
    files = {MAIN: KILLS, f"/var/lib/systemd/linger/{ME}": "", "/proc/self/cgroup": MY_SESSION}
    result = check_logout(make_host(tmp_path / "root", files))
    assert result.state == "warn"
    assert "as under sudo -u" in result.message
    assert result.remedy.startswith("Start uploads with: sudo systemd-run")


def test_under_sudo_the_session_is_that_of_whoever_logged_in(tmp_path: Path) -> None:
    """Its programs end with it, whatever account they run as."""
    config = "[Login]\nKillUserProcesses=no\nKillOnlyUsers=4242\n"
    session = "0::/user.slice/user-4242.slice/session-3.scope\n"
    result = check_logout(make_host(tmp_path, {MAIN: config, "/proc/self/cgroup": session}))
    assert result.state == "warn"
    assert "sudo systemd-run --uid=ACCOUNT" in result.remedy
    assert "another account's" in result.answer


def read(root: Path, files: dict[str, str]) -> Login:
    return read_login(make_host(root, files))


def test_a_drop_in_goes_before_the_main_file(tmp_path: Path) -> None:
    files = {
        MAIN: "[Login]\n#KillUserProcesses=no\nKillUserProcesses=no\n",
        f"{DROP_INS}/50-site.conf": "[Login]\nKillUserProcesses=yes\n",
    }
    assert read(tmp_path, files).kills is True


def test_the_last_drop_in_by_name_wins_wherever_it_lies(tmp_path: Path) -> None:
    files = {
        f"{DROP_INS}/10-a.conf": "[Login]\nKillUserProcesses=yes\n",
        "/usr/lib/systemd/logind.conf.d/90-vendor.conf": "[Login]\nKillUserProcesses=no\n",
    }
    assert read(tmp_path, files).kills is False


def test_a_drop_in_of_etc_takes_the_place_of_one_of_the_same_name(tmp_path: Path) -> None:
    files = {
        f"{DROP_INS}/50-site.conf": "[Login]\nKillUserProcesses=no\n",
        "/usr/lib/systemd/logind.conf.d/50-site.conf": "[Login]\nKillUserProcesses=yes\n",
    }
    assert read(tmp_path, files).kills is False


def test_the_vendors_main_file_holds_where_etc_has_none(tmp_path: Path) -> None:
    files = {"/usr/lib/systemd/logind.conf": "[Login]\nKillUserProcesses=yes\n"}
    assert read(tmp_path, files).kills is True


def test_only_the_login_section_counts(tmp_path: Path) -> None:
    assert read(tmp_path, {MAIN: "[Other]\nKillUserProcesses=yes\n"}).kills is False


@pytest.mark.parametrize(
    ("config", "account", "ends"),
    [
        ("KillUserProcesses=yes", "ada", True),
        ("KillUserProcesses=yes", "root", False),
        ("KillUserProcesses=yes\nKillExcludeUsers=", "root", True),
        ("KillUserProcesses=yes\nKillExcludeUsers=ada ben", "ada", False),
        ("KillUserProcesses=yes\nKillExcludeUsers=ada ben", "root", True),
        ("KillUserProcesses=yes\nKillOnlyUsers=ben", "ada", False),
        ("KillUserProcesses=no\nKillOnlyUsers=ada", "ada", True),
        ("KillOnlyUsers=ada\nKillExcludeUsers=ada", "ada", False),
        ("KillOnlyUsers=ada\nKillOnlyUsers=", "ada", False),
        ("KillUserProcesses=no", "ada", False),
    ],
)
def test_the_lists_of_users_go_before_the_switch(
    tmp_path: Path, config: str, account: str, ends: bool
) -> None:
    """logind.conf(5): excluded users first, then the only ones, then KillUserProcesses."""
    assert read(tmp_path, {MAIN: f"[Login]\n{config}\n"}).ends_programs_of(account) is ends


def test_a_host_of_files_has_no_other_environment(tmp_path: Path) -> None:
    assert Host(tmp_path, {}).environ == {}
