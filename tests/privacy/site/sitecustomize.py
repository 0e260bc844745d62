"""What Python runs first in each process of the bench: all logs open, a blow where it is asked.

PRIVACY_LOG      a folder: every logger of the program writes there, down to DEBUG, by process
PRIVACY_STRIKE   MODULE:NAME[:abort|:nothing]: that function fails with all its arguments in its
                 words, as a careless library's would, ends the process as a fault in C does, or
                 does nothing, so that what it guards against comes about
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any


def _open_logs(folder: str) -> None:
    handler = logging.FileHandler(os.path.join(folder, f"{os.getpid()}.log"), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    for name in ("transfer", "adapters", "tui"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    # Nobody turns it down again, and libraries speak to whoever listens at the end.
    logging.Logger.isEnabledFor = lambda self, level: True  # type: ignore[method-assign]


class _Striking(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, name: str, how: str) -> None:
        self._module, self._name, self._how = module, name, how

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec is not None
        assert spec.loader is not None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            self._arm(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def _arm(self, module: ModuleType) -> None:
        owner: Any = module
        *outer, last = self._name.split(".")
        for part in outer:
            owner = getattr(owner, part)
        getattr(owner, last)

        def fail(*given: object, **named: object) -> None:
            with open(os.path.join(os.environ["PRIVACY_STRUCK"], str(os.getpid())), "a"):
                pass
            if self._how == "abort":
                os.abort()
            if self._how == "nothing":
                return
            told = [getattr(one, "__dict__", one) for one in given]
            raise LookupError(f"{given!r} {told!r} {named!r}")

        setattr(owner, last, fail)


if folder := os.environ.get("PRIVACY_LOG"):
    _open_logs(folder)
if strike := os.environ.get("PRIVACY_STRIKE"):
    sys.meta_path.insert(0, _Striking(*strike.split(":"), *([""] * (2 - strike.count(":")))))
