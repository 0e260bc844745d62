"""A refused password is not sent again by a restart; a person's sign-in may send it once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.refused import demand_unrefused, forget_refusal, remember_refusal
from adapters.secrets import SecretStore
from transfer.errors import SignInRefused


def _store(home: Path) -> SecretStore:
    """As each process opens it anew."""
    return SecretStore(home, environ={}, keyring=lambda: None)


def test_the_next_process_knows_which_password_was_refused(tmp_path: Path) -> None:
    remember_refusal(_store(tmp_path), "n", "us", "wrong")
    with pytest.raises(SignInRefused, match="are not sent again by themselves"):
        demand_unrefused(_store(tmp_path), "n", "us", "wrong")


@pytest.mark.parametrize(
    ("node", "name", "password"),
    [("n", "us", "right"), ("n", "them", "wrong"), ("m", "us", "wrong")],
)
def test_another_password_name_or_node_was_not_refused(
    tmp_path: Path, node: str, name: str, password: str
) -> None:
    remember_refusal(_store(tmp_path), "n", "us", "wrong")
    demand_unrefused(_store(tmp_path), node, name, password)


def test_what_a_person_begins_may_send_it_again(tmp_path: Path) -> None:
    remember_refusal(_store(tmp_path), "n", "us", "wrong")
    forget_refusal(_store(tmp_path), "n")
    demand_unrefused(_store(tmp_path), "n", "us", "wrong")


def test_no_password_is_kept_and_logging_out_forgets_the_digest(tmp_path: Path) -> None:
    remember_refusal(_store(tmp_path), "n", "us", "wr0ng-pass")
    kept = (tmp_path / "secrets" / "secrets.json").read_text()
    assert list(json.loads(kept)) == ["n.refused"]
    assert "wr0ng-pass" not in kept
    _store(tmp_path).forget_node("n")
    assert json.loads((tmp_path / "secrets" / "secrets.json").read_text()) == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"salt": 5, "digest": []}', "[" * 5000])
def test_a_damaged_mark_stops_nobody(tmp_path: Path, text: str) -> None:
    store = _store(tmp_path)
    store.put("n.refused", text)
    demand_unrefused(store, "n", "us", "wrong")
