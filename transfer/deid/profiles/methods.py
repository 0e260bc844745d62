"""The two profiles as methods, with the key of a cohort and the SITE ID of a data holder."""

from __future__ import annotations

from transfer.deid.model import Header, Label, Method, Moment, Outcome
from transfer.deid.profiles.load import load_profile
from transfer.deid.profiles.scripted import script_params, script_text
from transfer.deid.profiles.table import Profile
from transfer.deid.profiles.walk import ProfileMethod
from transfer.errors import UsageError


def eucaim_method(key: str, site_id: str) -> Method:
    """The default profile.

    Raises:
        UsageError: the key or the SITE ID is empty.
    """
    _check(key, site_id)
    return ProfileMethod(load_profile("eucaim"), key, site_id)


def lethe_method(key: str, site_id: str) -> Method:
    """What EUCAIM's own tool gives, by the same engine that runs any CTP script.

    Raises:
        UsageError: the key or the SITE ID is empty.
    """
    _check(key, site_id)
    from transfer.deid.script import parse_script
    from transfer.deid.script.ctp import ScriptMethod

    profile = load_profile("lethe")
    script = parse_script(script_text(profile), profile.name)
    label = Label(profile.name, profile.version, profile.sha256)
    return _Explained(ScriptMethod(script, script_params(key, site_id), None, label), profile)


class _Explained:
    """A script's method that answers in the words of the profile it was made from."""

    def __init__(self, method: Method, profile: Profile) -> None:
        self._method = method
        self._profile = profile
        self.label = method.label

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """Make the header that leaves, see `Method`."""
        return self._method.apply(header, moment)

    def why(self, tag: int) -> str:
        """What the profile does with an element of the root, and the reason."""
        return self._profile.why(tag)


def _check(key: str, site_id: str) -> None:
    if not key:
        raise UsageError(
            "The key of the cohort is missing.", "Make one with `key show`, or import yours."
        )
    if not site_id:
        raise UsageError(
            "The SITE ID is missing.", "You find it in your profile on the EUCAIM dashboard."
        )
