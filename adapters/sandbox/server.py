"""The sandbox: the stand-ins behind TLS 1.3 on loopback, under one throw-away CA.

The UPV node is on one port; XNAT lives at `/` of an origin of its own, so it has a second one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import signal
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Scope

from adapters.sandbox.ca import ThrowAwayCa
from adapters.sandbox.configured import config_text
from adapters.sandbox.control import Control
from adapters.sandbox.datasets.app import DatasetService
from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.datasets.qpinsights import QpInsights
from adapters.sandbox.datasets.service import Service
from adapters.sandbox.datasets.steering import Steering
from adapters.sandbox.datasets.tracer_app import TracerApp
from adapters.sandbox.dicomweb import DicomWeb, service_of
from adapters.sandbox.doors import Auth, CheckBearer, Door
from adapters.sandbox.eforms import EFORM, TABLE, Eforms
from adapters.sandbox.faults import Fault, Faults
from adapters.sandbox.front import Front, Recorder
from adapters.sandbox.helpdesk import AGENT as DESK_AGENT
from adapters.sandbox.helpdesk import CUSTOMER as DESK_CUSTOMER
from adapters.sandbox.helpdesk import Helpdesk
from adapters.sandbox.http1 import AsgiApp, Http1Server
from adapters.sandbox.issuer import INGESTER, Issuer
from adapters.sandbox.realm import ACCOUNTS, Account
from adapters.sandbox.spoiling import Spoiler
from adapters.sandbox.store import Store, StoredInstance
from adapters.sandbox.xnat.accounts import INGESTER as XNAT_INGESTER
from adapters.sandbox.xnat.app import XnatApp
from adapters.sandbox.xnat.phases import phases_of
from adapters.sandbox.xnat.site import PROJECT, Site, SiteOptions
from transfer.errors import UsageError
from transfer.workspace import make_folder, private_opener

NODE = "sandbox-upv"
XNAT_NODE = "sandbox-xnat"
_HOST = "127.0.0.1"
_MARK = "# Written by `eucaim-transfer sandbox`: overwritten at its next start.\n"


@dataclass(frozen=True, slots=True)
class Options:
    """How a sandbox is to behave.

    `folder` keeps what was stored beyond the sandbox's life; without it everything goes at the
    end. `ca`, in a folder of the caller's that stays, lets a node come back under the authority
    that its clients know. `context` makes another TLS context, for tests of what a client must
    refuse. `rotates`: a refresh token serves once. `device_clients` may sign in by a code in the
    browser. `bearer` checks the tokens of another issuer than the stand-in's own. `xnat` is how
    the XNAT site is set up, on `xnat_port`. The projects of `destinations` are there in the
    dataset-service, which is set up by `datasets`; `accounts` are the people of the realm. Without
    `keeps_pixels` images take no more space than their headers.
    """

    port: int = 0
    folder: Path | None = None
    record: Path | None = None
    faults: Sequence[str] = ()
    auth: Auth = "bearer"
    destinations: Sequence[str] = ("SANDBOX|MAIN",)
    access_s: float = 300.0
    refresh_s: float = 1800.0
    rotates: bool = False
    device_clients: Sequence[str] = ()
    device_s: float = 600.0
    device_interval_s: float = 5.0
    bearer: CheckBearer | None = None
    ca: ThrowAwayCa | None = None
    context: Callable[[ThrowAwayCa], ssl.SSLContext] | None = None
    accounts: Sequence[Account] = ACCOUNTS
    datasets: DatasetOptions = field(default_factory=DatasetOptions)
    xnat: SiteOptions = field(default_factory=SiteOptions)
    xnat_port: int = 0
    keeps_pixels: bool = True


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the stand-in's services are; `eform_url` and `clinical_url` with places to be filled
    in."""

    dicomweb_url: str
    issuer_url: str
    eform_url: str
    clinical_url: str
    dataset_service_url: str
    export_url: str
    """The page where an operator exports a dataset in QP-Insights."""


class Sandbox:
    """The stand-in nodes, from `async with` on until its end.

    Raises:
        UsageError: a fault cannot be read; OSError: the port is taken.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.faults = Faults.from_specs(self.options.faults)
        self._temporary = Path(tempfile.mkdtemp(prefix="eucaim-sandbox-"))
        self.ca = self.options.ca or ThrowAwayCa(self._temporary / "tls")
        keeps_pixels = self.options.keeps_pixels
        store = self.options.folder or self._temporary / "store"
        self.store = Store(store, keeps_pixels=keeps_pixels)
        self.issuer = Issuer(
            accounts=self.options.accounts,
            access_s=self.options.access_s,
            refresh_s=self.options.refresh_s,
            rotates=self.options.rotates,
            device_clients=self.options.device_clients,
            device_s=self.options.device_s,
            device_interval_s=self.options.device_interval_s,
        )
        self.helpdesk = Helpdesk(self.faults)
        self._door = Door(self.issuer, self.faults, self.options.auth, self.options.bearer)
        folder = self.options.folder or self._temporary
        self.eforms = Eforms(folder / "eforms", self.store, self._door, self.faults)
        self.datasets = Service(
            folder / "dataset-service",
            self.store,
            self.issuer,
            self.faults,
            self.options.datasets,
            self.options.destinations,
        )
        self.qpinsights = QpInsights(self.datasets, self.eforms, self.issuer)
        self.steering = Steering(self.datasets, self.qpinsights, self.issuer)
        self.xnat = Site(folder / "xnat", self.faults, self.options.xnat)
        self.xnat.importer.keeps_pixels = keeps_pixels
        self._numbers = itertools.count(1)
        self._server = Http1Server(self._recorded(self._application()), self._context())
        self._xnat_server = Http1Server(
            self._recorded(Spoiler(XnatApp(self.xnat), self.faults, phases_of)), self._context()
        )
        self._port = self._xnat_port = 0

    @property
    def port(self) -> int:
        return self._port

    @property
    def xnat_port(self) -> int:
        return self._xnat_port

    @property
    def xnat_url(self) -> str:
        """The XNAT site's address, without a slash at its end."""
        return f"https://{_HOST}:{self._xnat_port}"

    @property
    def ca_file(self) -> Path:
        return self.ca.file

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(
            self._url(DicomWeb.path),
            self._url(Issuer.path),
            self._url(Eforms.path + EFORM),
            self._url(Eforms.path + TABLE),
            self._url(DatasetService.api_path),
            self._url(QpInsights.path + "/export"),
        )

    @property
    def helpdesk_url(self) -> str:
        """The helpdesk's address, without a slash at its end."""
        return self._url(Helpdesk.path)

    @property
    def control_url(self) -> str:
        return self._url(Control.path)

    @property
    def crashes(self) -> Sequence[BaseException]:
        """Faults of the stand-in itself; empty when all is well."""
        return [*self._server.crashes, *self._xnat_server.crashes]

    def stored(self) -> Mapping[str, StoredInstance]:
        """What the node holds, by SOPInstanceUID."""
        return self.store.stored()

    def fault(self, spec: str) -> Fault:
        """Arm one fault from now on; its `fired` tells how often it was made."""
        return self.faults.add(spec)

    def write_home(self, home: Path) -> None:
        """Write `config.toml` and `ca.pem`, so that `home` serves as EUCAIM_TRANSFER_HOME.

        Raises:
            UsageError: there is a configuration that the sandbox has not written.
        """
        make_folder(home)
        config = home / "config.toml"
        if config.exists() and not config.read_text("utf-8").startswith(_MARK):
            raise UsageError(
                "The folder holds a configuration of your own.",
                "Name an empty folder for the sandbox.",
            )
        # Whatever the umask: what others could write is not used.
        with open(home / "ca.pem", "wb", opener=private_opener) as file:
            file.write(self.ca_file.read_bytes())
        with open(config, "w", encoding="utf-8", opener=private_opener) as text:
            text.write(_MARK + config_text(self, upv=NODE, xnat=XNAT_NODE))

    def describe(self, home: Path | None) -> dict[str, object]:
        """The JSON line that `sandbox` prints once it accepts connections."""
        node: dict[str, object] = {
            "dicomweb_url": self.endpoints.dicomweb_url,
            "issuer_url": self.endpoints.issuer_url,
            "username": INGESTER.username,
            "password": INGESTER.password,
            "destinations": list(self.options.destinations),
            "eform_url": self.endpoints.eform_url,
            "clinical_url": self.endpoints.clinical_url,
            "dataset_service_url": self.endpoints.dataset_service_url,
            "export_url": self.endpoints.export_url,
            "control_url": self.control_url,
        }
        xnat: dict[str, object] = {
            "url": self.xnat_url,
            "project": PROJECT,
            "username": XNAT_INGESTER.login,
            "password": XNAT_INGESTER.password,
            "control_url": self.control_url,
        }
        ca_file = self.ca_file if home is None else home / "ca.pem"
        return {
            "home": None if home is None else str(home),
            "ca_file": str(ca_file),
            "nodes": {NODE: node, XNAT_NODE: xnat},
            "helpdesk": {
                "url": self.helpdesk_url,
                "token": DESK_CUSTOMER.token,
                "agent_token": DESK_AGENT.token,
            },
        }

    def run(self, ready: Callable[[Sandbox], None]) -> None:
        """Serve in this thread, the main one, until SIGINT or SIGTERM; then clean up."""

        async def serve() -> None:
            task = asyncio.current_task()
            assert task is not None, "asyncio.run made it"
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
            with contextlib.suppress(asyncio.CancelledError):
                async with self:
                    ready(self)
                    await asyncio.Event().wait()

        asyncio.run(serve())

    async def __aenter__(self) -> Sandbox:
        try:
            self._port = await self._server.start(_HOST, self.options.port)
            self._xnat_port = await self._xnat_server.start(_HOST, self.options.xnat_port)
        except OSError:
            await self._server.stop()
            shutil.rmtree(self._temporary, ignore_errors=True)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.stop()
        await self._xnat_server.stop()
        if self.options.folder is not None:
            self.xnat.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _application(self) -> AsgiApp:
        dicomweb = DicomWeb(self.store, self._door, self.faults)
        control = Control(
            self.faults, self.store, self.xnat, self.issuer, self.eforms, self.steering
        )
        datasets = DatasetService(self.datasets, self.issuer, self.faults)
        return Starlette(
            routes=[
                Mount(Control.path, app=control),
                Mount(
                    Issuer.path,
                    app=self._spoiled(Front(self.issuer.app, self.faults, "issuer"), "issuer"),
                ),
                Mount(Helpdesk.path, app=Front(self.helpdesk.app, self.faults, "helpdesk")),
                Mount(Eforms.path, app=self._spoiled(self.eforms, "eform")),
                Mount(QpInsights.path, app=self.qpinsights),
                Mount(DatasetService.path, app=self._spoiled(datasets, "datasets")),
                Mount(TracerApp.path, app=TracerApp(self.datasets, self.issuer)),
                Mount(DicomWeb.path, app=Spoiler(dicomweb, self.faults, _dicomweb_service)),
            ]
        )

    def _spoiled(self, app: AsgiApp, service: str) -> Spoiler:
        return Spoiler(app, self.faults, lambda _: (service,))

    def _recorded(self, services: AsgiApp) -> AsgiApp:
        record = self.options.record
        return services if record is None else Recorder(services, record, self._numbers)

    def _context(self) -> ssl.SSLContext:
        if self.options.context is not None:
            return self.options.context(self.ca)
        return self.ca.issue().context()

    def _url(self, path: str) -> str:
        return f"https://{_HOST}:{self._port}{path}"


def _dicomweb_service(scope: Scope) -> tuple[str, ...]:
    return (service_of(scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))),)


async def serve(
    port: int,
    home: Path | None,
    record: Path | None,
    faults: Sequence[str],
    ready: Callable[[Mapping[str, object]], None],
) -> None:
    """Serve the stand-ins until cancelled; `ready` gets the JSON line once connections are taken.

    Raises:
        UsageError: a fault cannot be read, or `home` holds somebody's configuration.
    """
    # With a port of its own choice the caller can tell where XNAT is: on the next one.
    xnat_port = port + 1 if port else 0
    options = Options(port=port, record=record, faults=faults, xnat_port=xnat_port)
    async with Sandbox(options) as sandbox:
        if home is not None:
            sandbox.write_home(home)
        ready(sandbox.describe(home))
        await asyncio.Event().wait()


@contextlib.contextmanager
def in_thread(options: Options | None = None) -> Iterator[Sandbox]:
    """A sandbox on an event loop of its own, for callers that block or end their own loop."""
    sandbox = Sandbox(options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()

    def call(action: Callable[[], object]) -> None:
        asyncio.run_coroutine_threadsafe(action(), loop).result()  # type: ignore[arg-type]

    try:
        call(sandbox.__aenter__)
        try:
            yield sandbox
        finally:
            call(lambda: sandbox.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
