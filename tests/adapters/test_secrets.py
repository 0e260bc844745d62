"""Where secrets are looked for, where they are kept, and who may read them."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from adapters.secrets import SecretStore, system_keyring
from transfer.errors import UsageError


class MemoryRing:
    """A keyring that works, in memory."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        import keyring.errors

        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not there")


def _store(home: Path, environ: dict[str, str] | None = None) -> SecretStore:
    return SecretStore(home, environ=environ or {}, keyring=lambda: None)


def test_a_stored_secret_is_there_for_the_next_process(tmp_path: Path) -> None:
    _store(tmp_path).put("upv.token", "abc")
    assert _store(tmp_path).get("upv.token") == "abc"


def test_a_secret_that_nobody_stored_is_none(tmp_path: Path) -> None:
    assert _store(tmp_path).get("upv.token") is None


def test_the_file_is_ours_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        _store(tmp_path).put("upv.token", "abc")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets" / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    _store(tmp_path).put("upv.token", "abc")
    (tmp_path / "secrets" / "secrets.json").chmod(mode)
    with pytest.raises(UsageError, match="could be read by others") as refused:
        _store(tmp_path).get("upv.token")
    assert "chmod 600" in refused.value.remedy
    assert "abc" not in refused.value.what + refused.value.remedy


def test_a_link_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text("{}")
    elsewhere.chmod(0o600)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secrets.json").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="cannot be read"):
        _store(tmp_path).get("upv.token")


def test_a_damaged_file_is_reported_without_its_content(tmp_path: Path) -> None:
    _store(tmp_path).put("upv.token", "abc")
    (tmp_path / "secrets" / "secrets.json").write_text('{"upv.token": "abc')
    with pytest.raises(UsageError, match="cannot be read") as refused:
        _store(tmp_path).get("upv.token")
    assert refused.value.__cause__ is None
    assert "abc" not in str(refused.value)


def test_systemd_credentials_come_before_everything_else(tmp_path: Path) -> None:
    (tmp_path / "upv.password").write_text("from systemd\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "EUCAIM_TRANSFER_PASSWORD": "from env"}
    store = _store(tmp_path / "home", environ)
    store.hold("upv.password", "from a pipe")
    assert store.get("upv.password") == "from systemd"


def test_the_environments_password_is_for_nodes_only(tmp_path: Path) -> None:
    store = _store(tmp_path, {"EUCAIM_TRANSFER_PASSWORD": "from env"})
    assert store.get("upv.password") == "from env"
    assert store.get("proxy.password") is None
    assert store.get("upv.token") is None


def test_a_password_handed_over_comes_before_the_stored_one(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.put("upv.password", "stored")
    store.hold("upv.password", "from a pipe")
    assert store.get("upv.password") == "from a pipe"


def test_a_password_handed_over_is_written_nowhere(tmp_path: Path) -> None:
    _store(tmp_path).hold("upv.password", "from a pipe")
    assert list(tmp_path.rglob("*")) == []


def test_a_deleted_secret_is_gone_and_deleting_again_is_harmless(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.put("upv.token", "abc")
    store.put("xnat.token", "def")
    store.delete("upv.token")
    store.delete("upv.token")
    assert store.get("upv.token") is None
    assert store.get("xnat.token") == "def"


def test_a_real_keyring_takes_the_place_of_the_file(tmp_path: Path) -> None:
    ring = MemoryRing()
    _store(tmp_path).put("upv.token", "older, in the file")
    store = SecretStore(tmp_path, environ={}, keyring=lambda: ring)
    store.put("upv.token", "newer")
    assert store.get("upv.token") == "newer"
    assert list(ring.entries.values()) == ["newer"]
    assert json.loads((tmp_path / "secrets" / "secrets.json").read_text()) == {}


def test_deleting_reaches_the_keyring_too(tmp_path: Path) -> None:
    ring = MemoryRing()
    store = SecretStore(tmp_path, environ={}, keyring=lambda: ring)
    store.put("upv.token", "abc")
    store.delete("upv.token")
    store.delete("upv.token")
    assert ring.entries == {}


def test_two_homes_do_not_share_a_keyrings_entries(tmp_path: Path) -> None:
    ring = MemoryRing()
    SecretStore(tmp_path / "a", environ={}, keyring=lambda: ring).put("upv.token", "abc")
    other = SecretStore(tmp_path / "b", environ={}, keyring=lambda: ring)
    assert other.get("upv.token") is None


@pytest.mark.parametrize(
    "backend", ["keyring.backends.fail", "keyring.backends.null", "keyrings.alt.file"]
)
def test_a_keyring_that_keeps_plain_text_or_nothing_is_not_used(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    fake = type("Keyring", (), {"__module__": backend})()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(keyring, "get_keyring", lambda: fake)
    assert system_keyring() is None


def test_an_encrypting_keyring_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    fake = type("Keyring", (), {"__module__": "keyring.backends.SecretService"})()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(keyring, "get_keyring", lambda: fake)
    assert system_keyring() is fake


def test_without_a_session_bus_no_time_is_lost_on_a_keyring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert system_keyring() is None


@pytest.mark.parametrize("name", ["../upv", "", "a/b", ".hidden", "a b", "upv.token\n"])
def test_a_name_cannot_point_outside_the_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        _store(tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).get(name)


def test_the_stores_repr_shows_no_secret(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.hold("upv.password", "from a pipe")
    assert repr(store) == "SecretStore(1 held)"


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=_store(tmp_path).put, args=(f"n{i}.token", "x")) for i in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = json.loads((tmp_path / "secrets" / "secrets.json").read_text())
    assert sorted(content) == sorted(f"n{i}.token" for i in range(16))
