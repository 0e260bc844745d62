"""A UPV node at an address, configured as an operator would, by config.toml."""

from __future__ import annotations

from pathlib import Path

from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from adapters.signin import Person
from adapters.upv.node import UpvNode
from adapters.upv.options import Settings


def node_at(
    url: str,
    ca_file: Path,
    home: Path,
    *,
    auth: str = "none",
    extra: str = "",
    secrets: dict[str, str] | None = None,
    person: Person | None = None,
) -> UpvNode:
    """A node called `n`; `secrets` are held in memory, `extra` is more of its table."""
    (home / "config.toml").write_text(
        f'[nodes.n]\nkind = "upv"\ndicomweb_url = "{url}/dicom-web"\nauth = "{auth}"\n'
        f'ca_file = "{ca_file}"\n{extra}\n'
    )
    store = SecretStore(home, environ={}, keyring=lambda: None)
    for name, value in (secrets or {}).items():
        store.hold(name, value)
    settings = Settings.of(load_profiles(home)["n"], home)
    return UpvNode(settings, store, person=person, environ={})
