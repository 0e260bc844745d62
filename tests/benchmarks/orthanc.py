"""Sending instances as they are into Orthanc behind nginx, and what it costs the two of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from tests.benchmarks.curl import post
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Target, compare, picked
from tests.benchmarks.material import cohort, series_of, stow_body
from tests.benchmarks.process import Failed, child, cpu_s_of_children

OPTIONS: Final = {
    "patients": Option(5, quick=1, help="patients, 52 MB each"),
    "lanes": Option(4, quick=4, help="requests that curl has in flight at the limit"),
}
_SERVERS: Final = ("nginx", "Orthanc")
_KINDS: Final[dict[str, Kind]] = {
    "ours": "ours",
    "dicomweb-client": "peer",
    "curl, a POST a Series": "peer",
    "curl in lanes": "limit",
}


def measure(bench: Bench) -> list[Row]:
    """MB/s, the client's CPU and the servers'. `curl in lanes` is the most that the server takes:
    its client costs next to nothing, and as many requests are under way as anybody has."""
    from tests.real.orthanc import orthanc_behind_tls

    data = cohort(bench.folder, bench["patients"])
    made = [
        stow_body(bench.folder / f"{number}.multipart", files)
        for number, files in enumerate(series_of(data.files))
    ]
    bodies, content_type = [body for body, _ in made], made[0][1]
    with orthanc_behind_tls(bench.folder / "orthanc") as server:
        url, ca_file = server.dicomweb_url, server.ca_file

        def watched(contender: Callable[[], Figures]) -> Figures:
            before = cpu_s_of_children(_SERVERS)
            figures = contender()
            figures["server_cpu_s"] = cpu_s_of_children(_SERVERS) - before
            stored = len(server.sop_instance_uids())
            if stored != len(data.files):
                raise Failed(f"Orthanc holds {stored} of {len(data.files)} instances")
            return figures

        clients = ("tests.benchmarks.client", "upv", url, ca_file, data.listing)
        stow = (f"{url}/studies", ca_file, content_type, bodies)
        ways: dict[str, Callable[[], Figures]] = {
            "ours": partial(child, clients[0], "ours", *clients[1:]),
            "dicomweb-client": partial(child, clients[0], "dicomweb-client", *clients[1:]),
            "curl, a POST a Series": partial(post, *stow),
            "curl in lanes": partial(post, *stow, lanes=bench["lanes"]),
        }
        runs = bench.interleave(
            {name: partial(watched, way) for name, way in ways.items()}, between=server.wipe
        )
    for body in bodies:
        body.unlink()
    speed = picked(runs, lambda f: data.mb / f["seconds"])
    asked = [Target(3, "dicomweb-client"), Target(1, "curl, a POST a Series")]
    client = picked(runs, lambda f: f["cpu_s"] / data.gb)
    servers = picked(runs, lambda f: f["server_cpu_s"] / data.gb)
    cores = picked(runs, lambda f: (f["cpu_s"] + f["server_cpu_s"]) / f["seconds"])
    return [
        *compare("upload into Orthanc", "MB/s", speed, _KINDS, asked),
        *compare("upload into Orthanc", "client's CPU s/GB", client, _KINDS),
        *compare("upload into Orthanc", "servers' CPU s/GB", servers, _KINDS),
        *compare("upload into Orthanc", "cores busy", cores, _KINDS),
    ]
