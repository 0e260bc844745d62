"""Known vulnerabilities of what is shipped: python .ci/audit.py PIP_AUDIT REQUIREMENTS

Asks the advisory service of the package index, and OSV where that one knows a package not. Ends
with 1 at any finding. Where a service cannot be asked it says how many packages nobody looked at,
and ends with 0: a machine without a way to one still builds, and nothing there is called checked.
"""

from __future__ import annotations

import json
import subprocess
import sys

_SERVICES = ("pypi", "osv")


def _asked(tool: str, requirements: str, service: str) -> dict[str, dict[str, object]] | None:
    ran = subprocess.run(
        [
            *(tool, "--disable-pip", "--require-hashes", "--progress-spinner", "off"),
            *("--format", "json", "--vulnerability-service", service),
            *("--requirement", requirements),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    try:
        found = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    return {one["name"]: one for one in found}


def main(tool: str, requirements: str) -> int:
    answers = [_asked(tool, requirements, service) for service in _SERVICES]
    known: dict[str, list[object]] = {}
    names: set[str] = set()
    for answer in answers:
        for name, one in (answer or {}).items():
            names.add(name)
            if "skip_reason" not in one:
                known.setdefault(name, []).extend(one["vulns"])  # type: ignore[arg-type]
    found = {name: vulnerabilities for name, vulnerabilities in known.items() if vulnerabilities}
    for name, vulnerabilities in sorted(found.items()):
        print(f"{name}: {json.dumps(vulnerabilities)}", file=sys.stderr)
    if not names:
        print("Known vulnerabilities: NOT CHECKED, no advisory service can be asked from here.")
    elif open_ones := sorted(names - set(known)):
        print(f"Known vulnerabilities: NOT CHECKED for {len(open_ones)} of {len(names)} packages.")
    else:
        print(f"Known vulnerabilities: {len(found)} of {len(names)} packages have any.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
