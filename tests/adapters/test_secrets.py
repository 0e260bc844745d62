"""Where secrets are looked for, where they are kept, and who may read them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.secrets import Place, SecretStore, system_keyring
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


@pytest.mark.parametrize("name", ["upv.token", "never.stored"])
def test_what_a_killed_process_left_of_its_secrets_goes_when_one_is_deleted(
    tmp_path: Path, name: str
) -> None:
    """A log-out would otherwise leave a token behind."""
    store = _store(tmp_path)
    store.put("upv.token", "abc")
    (tmp_path / "secrets" / ".secrets-0123456789abcdef").write_text('{"upv.token": "abc"}')
    store.delete(name)
    assert sorted(p.name for p in (tmp_path / "secrets").iterdir()) == ["lock", "secrets.json"]


def test_what_was_left_before_anything_was_stored_goes_too(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / ".secrets-0123456789abcdef").write_text('{"upv.token": "abc"}')
    _store(tmp_path).delete("upv.token")
    assert [p.name for p in (tmp_path / "secrets").iterdir()] == ["lock"]


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


WRITER = """
import sys
from pathlib import Path
from adapters.secrets import SecretStore
store = SecretStore(Path(sys.argv[1]), environ={}, keyring=lambda: None)
for n in range(20):
    store.put(f"n{sys.argv[2]}-{n}.token", "x" * 200)
"""


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    running = [_python(WRITER, str(tmp_path), str(n)) for n in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0, 0]
    content = json.loads((tmp_path / "secrets" / "secrets.json").read_text())
    assert len(content) == 80
    assert sorted(p.name for p in (tmp_path / "secrets").iterdir()) == ["lock", "secrets.json"]


def _python(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=root)


def test_a_folder_that_is_a_link_is_not_written_to(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / "secrets").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="cannot be stored"):
        _store(tmp_path).put("upv.token", "abc")
    assert list(elsewhere.iterdir()) == []
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


@pytest.mark.parametrize("name", ["lock", "secrets.json"])
def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / name).symlink_to(victim)
    with pytest.raises(UsageError):
        _store(tmp_path).put("upv.token", "abc")
    assert not victim.exists()


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    _store(tmp_path).put("upv.token", "abc")
    (tmp_path / "secrets").chmod(mode)
    with pytest.raises(UsageError, match="could be written to by others") as refused:
        _store(tmp_path).get("upv.token")
    assert "chmod 700" in refused.value.remedy


@pytest.mark.parametrize("what", ["secrets", "secrets/secrets.json"])
def test_what_belongs_to_another_account_is_refused(tmp_path: Path, what: str) -> None:
    _store(tmp_path).put("upv.token", "abc")
    try:
        os.chown(tmp_path / what, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a file to another account: run this test as root")
    with pytest.raises(UsageError, match=r"could be (read|written to) by others"):
        _store(tmp_path).get("upv.token")


def test_a_pipe_in_place_of_the_file_does_not_hang_the_program(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "secrets" / "secrets.json", 0o600)
    with pytest.raises(UsageError, match="cannot be read"):
        _store(tmp_path).get("upv.token")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, timeout=30, check=False).returncode:
        pytest.skip("a small file system cannot be mounted by this account")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], timeout=30, check=True)


def test_a_full_disk_costs_no_secret_that_is_there(small_disk: Path) -> None:
    store = _store(small_disk)
    store.put("upv.token", "old")
    filler = small_disk / "filler"
    free_bytes = shutil.disk_usage(small_disk).free
    filler.write_bytes(b"x" * free_bytes)
    with pytest.raises(UsageError, match="disk that holds the home folder is full"):
        store.put("upv.token", "n" * 9000)
    assert _store(small_disk).get("upv.token") == "old"
    filler.unlink()
    assert store.put("upv.token", "new") is Place.FILE
    assert _store(small_disk).get("upv.token") == "new"


def test_the_nodes_password_is_never_given_to_a_proxy(tmp_path: Path) -> None:
    store = _store(tmp_path, {"EUCAIM_TRANSFER_PASSWORD": "the node's"})
    assert store.get("upv.proxy.password") is None
    assert store.get("upv.password") == "the node's"


def test_the_tokens_of_two_clients_are_two_secrets_and_are_forgotten_together(
    tmp_path: Path,
) -> None:
    store = _store(tmp_path, {"EUCAIM_TRANSFER_PASSWORD": "from env"})
    for name in ("upv.token", "upv.datasets.token", "upv.username", "helpdesk.token"):
        store.put(name, name)
    assert store.get("upv.datasets.token") == "upv.datasets.token"
    store.forget_node("upv")
    assert json.loads((tmp_path / "secrets" / "secrets.json").read_text()) == {
        "helpdesk.token": "helpdesk.token"
    }
    assert store.still_there("upv") == {"upv.password": Place.ENVIRONMENT}


def test_a_store_that_keeps_nothing_reads_what_is_there_and_writes_nothing(
    tmp_path: Path,
) -> None:
    _store(tmp_path).put("upv.token", "old")
    store = _store(tmp_path).without_keeping()
    assert store.get("upv.token") == "old"
    assert store.put("upv.token", "new") is Place.PROCESS
    assert store.get("upv.token") == "new"
    store.delete("upv.token")
    assert _store(tmp_path).get("upv.token") == "old"


def test_a_sign_in_that_begins_anew_passes_over_what_is_stored_until_another_is(
    tmp_path: Path,
) -> None:
    store = _store(tmp_path)
    store.put("upv.token", "old")
    store.put("upv.datasets.token", "old too")
    store.begin_anew("upv")
    assert (store.get("upv.token"), store.get("upv.datasets.token")) == (None, None)
    assert _store(tmp_path).get("upv.token") == "old"
    store.put("upv.token", "new")
    assert store.get("upv.token") == "new"


class HangingRing(MemoryRing):
    """A keyring that waits for a passphrase that nobody types."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.over.wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.over.wait()


def test_a_keyring_that_does_not_answer_gives_way_to_the_file_and_is_asked_once(
    tmp_path: Path,
) -> None:
    ring = HangingRing()
    store = SecretStore(tmp_path, environ={}, keyring=lambda: ring, keyring_patience_s=0.05)
    assert store.put("upv.token", "abc") is Place.FILE
    assert store.get("upv.token") == "abc"
    assert store.get("xnat.token") is None
    facts = store.describe()
    assert facts.writes_to == "a file that only this account can read"
    assert facts.why_not_keyring == "it did not answer within 0.05 seconds; perhaps it is locked"
    assert len([t for t in threading.enumerate() if t.name == "keyring"]) == 1
    ring.over.set()


def test_what_a_keyring_that_gave_out_may_still_hold_is_told(tmp_path: Path) -> None:
    class Failing(MemoryRing):
        def delete_password(self, service: str, username: str) -> None:
            raise OSError("the bus is gone")

    ring = Failing()
    store = SecretStore(tmp_path, environ={}, keyring=lambda: ring)
    store.put("upv.token", "abc")
    assert store.unreached_keyring == ""
    store.forget_node("upv")
    assert store.unreached_keyring == "it refused (OSError)"


def test_the_store_says_where_secrets_go_and_why_not_into_a_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    store = SecretStore(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    facts = store.describe()
    assert str(facts) == (
        "Tokens are kept in a file that only this account can read; the keyring is not used:"
        " this account has no session bus, as under sudo -u, in cron and in most SSH sessions."
    )
    assert facts.reads_from == (
        "systemd credentials, which this program can only read",
        "a file that only this account can read",
    )


def test_a_session_bus_that_never_answers_does_not_hang_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
        store = SecretStore(tmp_path, environ={}, keyring_patience_s=1.0)
        assert store.put("upv.token", "abc") is Place.FILE


ASKING = """
import sys
from pathlib import Path
from adapters.secrets import SecretStore
store = SecretStore(Path(sys.argv[1]), environ={})
print(store.put("upv.token", "s3cret-token").name)
other = SecretStore(Path(sys.argv[1]), environ={})
print(other.get("upv.token"), other.place_of("upv.token").name)
print(other.describe())
other.delete("upv.token")
print(SecretStore(Path(sys.argv[1]), environ={}).get("upv.token"))
"""


def _printed_in_session(home: Path, start: str) -> list[str]:
    """What a process of a session with a real Secret Service prints, line by line. The keyring's
    process ends with the session's bus."""
    missing = [p for p in ("dbus-run-session", "gnome-keyring-daemon") if not shutil.which(p)]
    if missing:
        pytest.skip(f"apt-get install dbus gnome-keyring brings {' and '.join(missing)}")
    home.mkdir(mode=0o700, exist_ok=True)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [
            *("dbus-run-session", "--", "sh", "-c"),
            f'{start} >/dev/null; exec "$0" -c "$1" "$2"',
            *(sys.executable, ASKING, str(home)),
        ],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


UNLOCKED = "printf passphrase | gnome-keyring-daemon --unlock --components=secrets"
AS_STARTED = "gnome-keyring-daemon --start --components=secrets"


def test_a_real_secret_service_keeps_gives_and_forgets(tmp_path: Path) -> None:
    assert _printed_in_session(tmp_path / "home", UNLOCKED) == [
        "KEYRING",
        "s3cret-token KEYRING",
        "Tokens are kept in the system's keyring (Secret Service).",
        "None",
    ]
    assert not (tmp_path / "home" / "secrets").exists()
    files = [p for p in (tmp_path / "home").rglob("*") if p.is_file()]
    assert [p.name for p in files if p.suffix == ".keyring"] != []
    assert [p for p in files if b"s3cret-token" in p.read_bytes()] == []


@pytest.mark.parametrize(
    ("was_set_up", "why"), [(True, "it is locked"), (False, "it was never set up or is locked")]
)
def test_a_real_secret_service_that_nobody_unlocked_gives_way_to_the_file(
    tmp_path: Path, was_set_up: bool, why: str
) -> None:
    if was_set_up:
        assert _printed_in_session(tmp_path / "home", UNLOCKED)[0] == "KEYRING"
    assert _printed_in_session(tmp_path / "home", AS_STARTED) == [
        "FILE",
        "s3cret-token FILE",
        "Tokens are kept in a file that only this account can read; the keyring is not used:"
        f" {why}.",
        "None",
    ]
