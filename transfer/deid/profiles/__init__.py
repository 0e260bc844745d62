"""The profiles that come with the program: `lethe` and `eucaim`."""

from transfer.deid.profiles.load import ProfileError, load_profile, parse_profile
from transfer.deid.profiles.methods import eucaim_method, lethe_method
from transfer.deid.profiles.table import Profile, diff
from transfer.deid.recipe import new_uid, pseudonym

__all__ = [
    "Profile",
    "ProfileError",
    "diff",
    "eucaim_method",
    "lethe_method",
    "load_profile",
    "new_uid",
    "parse_profile",
    "pseudonym",
]
