"""Which secret store the doctor names."""

from __future__ import annotations

from pathlib import Path

from tests.doctor.asking import doctor, found, not_ok


def test_the_store_is_named_and_why_it_is_not_the_keyring(tmp_path: Path) -> None:
    code, document = doctor(tmp_path / "home")
    assert code == 0
    result = found(document, "secret-store")
    assert result.message.startswith(
        "Tokens are kept in a file that only this account can read; the keyring is not used:"
    )


def test_a_file_of_secrets_that_is_damaged_is_a_finding_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "secrets"
    folder.mkdir(parents=True, mode=0o700)
    file = folder / "secrets.json"
    file.write_text("no json")
    file.chmod(0o600)
    code, document = doctor(tmp_path / "home")
    assert not_ok(document) == ["secret-store"]
    assert code == 2


def test_a_file_of_secrets_that_others_could_read_is_not_used_and_told_once(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "secrets"
    folder.mkdir(parents=True, mode=0o700)
    file = folder / "secrets.json"
    file.write_text("{}")
    file.chmod(0o644)
    code, document = doctor(tmp_path / "home", "--node", "health-ri")
    assert "secret-store" in not_ok(document)
    assert code == 2
    result = found(document, "secret-store")
    assert result.message == "The file with the secrets could be read by others, so it is not used."
    assert "chmod 600" in result.remedy
    told = [check["message"] for check in document["checks"] if check["state"] == "fail"]
    assert told.count(result.message) == 1
