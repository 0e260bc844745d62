"""A `multipart/form-data` body taken apart (RFC 7578), in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; a file has a name of its own."""

    name: str
    content: bytes
    file_name: str | None = None

    @property
    def text(self) -> str:
        return self.content.decode()


class Form:
    """All fields, in order; a name may come more than once."""

    def __init__(self, body: bytes, content_type: str) -> None:
        head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
        message = BytesParser(policy=HTTP).parsebytes(head + body)
        self._fields: list[Field] = []
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes):
                self._fields.append(Field(name, content, part.get_filename()))

    def texts(self, name: str) -> Sequence[str]:
        return [f.text for f in self._fields if f.name == name and f.file_name is None]

    def file(self, name: str) -> Field | None:
        found = (f for f in self._fields if f.name == name and f.file_name is not None)
        return next(found, None)
