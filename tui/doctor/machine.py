"""Every question to this machine, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from transfer.machine import (
    clock,
    core_dumps,
    folder,
    logout,
    resources,
    software,
    space,
)
from transfer.node import CheckResult
from transfer.workspace import Home
from tui.doctor import store, terminal

Check = Callable[[], CheckResult]


def machine_checks(home: Home, instances: int = 0) -> Iterator[Check]:
    """Each blocks for a moment and never raises; the home is made if it is not there.

    `instances`: how many the transfer at hand is known to hold, 0 where it is not known.
    """
    here = terminal.Terminal.find()
    yield software.check_python
    yield software.check_packages
    yield software.check_tls_library
    yield software.check_fips
    yield partial(terminal.check_terminal, here)
    yield partial(terminal.check_colours, here)
    yield partial(terminal.check_encoding, here)
    yield partial(terminal.check_locale, here)
    yield clock.check_clock
    yield clock.check_time_sync
    yield clock.check_time_zone
    yield partial(folder.check_file_system, home)
    yield partial(folder.check_home, home)
    yield partial(folder.check_owner, home)
    yield partial(folder.check_private, home)
    yield folder.check_umask
    yield partial(space.check_disk, home.root, instances)
    yield partial(space.check_inodes, home.root)
    yield space.check_temporary
    yield resources.check_processors
    yield resources.check_memory
    yield resources.check_open_files
    yield core_dumps.check_core_dumps
    yield logout.check_logout
    yield partial(store.check_secret_store, home)
