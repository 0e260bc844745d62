"""A ticket as a file: plain text, or a message that a mail program opens as a draft."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

from adapters.helpdesk.compose import as_plain_text
from transfer.errors import UsageError
from transfer.private import create_private
from transfer.tickets import TicketText

SUFFIXES: Final = (".txt", ".eml")


def write_ticket(path: Path, text: TicketText, address: str = "") -> None:
    """Write a new file that only its owner can read; its ending says which form. `address` is
    where the helpdesk takes mail, empty where it is not known.

    Raises:
        UsageError: another ending, the file is there already, or it cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            "A ticket is saved as plain text or as a message.",
            "Name a file that ends in .txt or .eml.",
        )
    if path.suffix.lower() == ".eml":
        create_private(path, as_message(text, address))
    else:
        create_private(path, as_plain_text(text).encode())


def as_message(text: TicketText, address: str = "") -> bytes:
    """The message, its lines ended as RFC 5322 asks. It has no sender yet: the mail program adds
    its own."""
    message = EmailMessage(policy=SMTP)
    message["To"] = address
    message["Subject"] = text.title
    # Outlook and its kin open a message with this header for writing, not for reading.
    message["X-Unsent"] = "1"
    other = f" (else {text.fallback_group})" if text.fallback_group else ""
    message.set_content(f"For the group: {text.group}{other}\n\n{text.body}")
    return message.as_bytes()
