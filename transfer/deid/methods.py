"""From what a transfer was ordered with to the method that de-identifies its instances."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.deid.model import Label, Method
from transfer.errors import UsageError

if TYPE_CHECKING:
    from transfer.deid.rewrite import PixelRules
    from transfer.deid.script.ctp import ScriptMethod
    from transfer.deid.script.model import Warned

PROFILES: Final = ("eucaim", "lethe")
DEFAULT_PROFILE: Final = "eucaim"


@dataclass(frozen=True, slots=True, repr=False)
class MethodSpec:
    """The ingredients of a method, plain values that cross to a worker process through its pipe.

    `name` is a profile's name, or the file name of a script, whose text then is `script`. `key` is
    the cohort's key and `site_id` the holder's SITE ID: both are needed by the profiles only.
    `params` replace a script's own parameters; `lookup` is the text of its lookup table;
    `pixel_script` that of a pixel anonymizer script. Never shown: it holds the key.
    """

    name: str
    key: str = ""
    site_id: str = ""
    script: bytes | None = None
    params: tuple[tuple[str, str], ...] = ()
    lookup: bytes | None = None
    pixel_script: bytes | None = None

    def __repr__(self) -> str:
        return f"MethodSpec({self.name!r})"

    @property
    def is_profile(self) -> bool:
        return self.script is None


def build_method(spec: MethodSpec) -> Method:
    """Compile the method once; it then serves any number of instances.

    Raises:
        UsageError: the profile is unknown, the key or SITE ID is missing, or the script says
            something that cannot be honoured (a `ScriptError` that names the line).
    """
    if spec.script is not None:
        return _script_method(spec, spec.script)
    if spec.name not in PROFILES:
        raise UsageError(
            "There is no de-identification profile of that name.",
            f"Take one of {', '.join(PROFILES)}, or name the file of a CTP script.",
        )
    from transfer.deid.profiles import eucaim_method, lethe_method

    return {"eucaim": eucaim_method, "lethe": lethe_method}[spec.name](spec.key, spec.site_id)


def script_params(
    given: Iterable[tuple[str, str]], key: str, site_id: str
) -> tuple[tuple[str, str], ...]:
    """The parameters of a script: the cohort's key and the site under the names that Lethe gives
    them by (SECRET_KEY, PROVIDERID), unless they are given otherwise. Never by argument: both
    would stand in the list of processes."""
    from transfer.deid.recipe import site_value

    params = {"PROVIDERID": site_value(site_id)} if site_id else {}
    if key:
        params["SECRET_KEY"] = key
    return tuple((params | dict(given)).items())


def doubts_of(spec: MethodSpec) -> tuple[Warned, ...]:
    """What a script says and surely does not mean as CTP takes it, line by line; an operator has
    to see it. Empty for a profile. Raises as `build_method`."""
    return () if spec.script is None else _script_method(spec, spec.script).warnings


def build_pixel_rules(spec: MethodSpec, spool: Path | None = None) -> PixelRules | None:
    """The pixel script of the method, compiled; None where it has none. For `spool`, see there.

    Raises:
        UsageError: the script says something that cannot be honoured (it names the line).
    """
    if spec.pixel_script is None:
        return None
    if find_spec("numpy") is None:
        raise UsageError(
            "Changing pixels needs parts of this program that are not installed here.",
            "Install it with its extra: eucaim-transfer[pixels]",
        )
    from transfer.deid.pixels import parse_pixel_script
    from transfer.deid.rewrite import PixelRules

    return PixelRules(parse_pixel_script(spec.pixel_script, "pixel script"), spool)


def label_of(spec: MethodSpec, method: Method) -> Label:
    """The method's label, with the pixel script beside it where there is one."""
    if spec.pixel_script is None:
        return method.label
    digest = hashlib.sha256(method.label.sha256.encode() + b"\0" + spec.pixel_script)
    return Label(f"{method.label.name} + pixels", method.label.version, digest.hexdigest())


def _script_method(spec: MethodSpec, text: bytes) -> ScriptMethod:
    from transfer.deid.script import parse_lookup, parse_script
    from transfer.deid.script.ctp import ScriptMethod

    script = parse_script(text, spec.name)
    lookup = None if spec.lookup is None else parse_lookup(spec.lookup)
    return ScriptMethod(script, dict(spec.params), lookup, _script_label(spec, text))


def _script_label(spec: MethodSpec, text: bytes) -> Label:
    """A script has no version of its own: its digest covers all that decides what it does but the
    values of parameters, which may be secrets."""
    digest = hashlib.sha256(text)
    for part in (spec.lookup, *(name.encode() for name, _ in spec.params)):
        digest.update(b"\0" + (part or b""))
    # Rules trust a profile by its name: the file of a script may be called as it likes.
    name = f"script {spec.name}" if spec.name.partition(" ")[0] in PROFILES else spec.name
    return Label(name, "", digest.hexdigest())
