"""The sandbox's throw-away authority, for tests: any certificate, good or bad, in a moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from adapters.sandbox.ca import LOOPBACK, ServerCertificate, ThrowAwayCa

Issued = ServerCertificate


class Authority:
    """Writes its own certificate to `folder/ca.pem` and issues others beside it."""

    def __init__(self, folder: Path, common_name: str = "Throw-away CA of a test") -> None:
        self.folder = folder
        self._ca = ThrowAwayCa(folder, common_name)

    @property
    def ca_file(self) -> Path:
        return self._ca.file

    def issue(
        self,
        label: str = "server",
        *,
        names: Sequence[str] = LOOPBACK,
        valid_from_days: float = -1.0,
        valid_until_days: float = 30.0,
        for_client: bool = False,
    ) -> Issued:
        """A certificate for `names`, valid from and until so many days from now."""
        return self._ca.issue(
            label,
            names=names,
            valid_from=dt.timedelta(days=valid_from_days),
            valid_for=dt.timedelta(days=valid_until_days - valid_from_days),
            for_client=for_client,
        )
