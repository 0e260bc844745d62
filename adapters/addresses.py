"""Addresses of EUCAIM that data holders of every node open in their own browser.

Source: the links of EUCAIM's handbook and dashboard (eucaim-requirements.md 17). Shown as text;
the program itself never asks them for anything.
"""

from __future__ import annotations

from typing import Final

DASHBOARD: Final = "https://dashboard.eucaim.cancerimage.eu"
HELPDESK: Final = "https://help.cancerimage.eu"
REGISTRATION_GUIDE: Final = "https://drive.google.com/file/d/1EsFYxbzqpyYKggyeKrKKw3FkVecDby8P/view"
ACCOUNT_LINKS: Final = (
    (REGISTRATION_GUIDE, "Guide to registering"),
    (DASHBOARD, "Dashboard: SITE ID"),
    (HELPDESK, "Helpdesk"),
)
"""For step 5: (address, what is there)."""
