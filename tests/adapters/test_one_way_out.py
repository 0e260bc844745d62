"""Every connection of the program goes the way that `adapters.proxies` decided."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
# The stand-ins serve, and their people's browsers are not ours.
SERVING = REPOSITORY / "adapters" / "sandbox"
MAKERS = {
    "httpx": {"AsyncClient", "Client", "get", "post", "put", "request", "stream"},
    "requests": {"Session", "get", "post", "put", "request", "session"},
    "asyncio": {"open_connection"},
    "socket": {"create_connection", "socket"},
    "urllib": {"urlopen"},
}
VARIABLES = {"https_proxy", "all_proxy", "no_proxy", "http_proxy"}
# To take passwords out, to pass the variables on, to name them in a message.
NAMERS = {
    "adapters/inherited.py",
    "adapters/proxies.py",
    "adapters/profiles.py",
    "adapters/helpdesk/options.py",
    "tui/launch.py",
}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for part in ("adapters", "transfer", "tui"):
        for path in sorted((REPOSITORY / part).rglob("*.py")):
            if SERVING not in path.parents:
                yield str(path.relative_to(REPOSITORY)), ast.parse(path.read_text("utf-8"))


def _makes(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.attr in MAKERS.get(function.value.id, set())
    )


def test_clients_are_made_in_one_place_and_the_doctor_dials_by_the_same_decision() -> None:
    made = {
        name
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _makes(node)
    }
    assert made == {"adapters/bulk_client.py", "adapters/probe/dialling.py"}


def test_the_proxy_variables_are_read_by_one_module() -> None:
    named = {
        name
        for name, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.lower() in VARIABLES
    }
    assert named <= NAMERS
    assert "adapters/proxies.py" in named
