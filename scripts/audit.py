"""Ask for known vulnerabilities of every locked package, and say plainly of how many the registry told nothing.

Exit status 0: each package was looked up, and nothing is known of any. 1: something is known. 2: it cannot be said.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
TOOL: Final = ROOT / ".venv/audit"
LOCKS: Final = ("runtime", "dev", "bench")
SECONDS: Final = 300


def audit(lock: Path) -> dict[str, Any]:
    """What pip-audit knows of the packages of a lock; nothing is installed for it.

    Raises:
        ValueError: it could not do its work; the text is what it said last.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    environ = {**os.environ, "PYTHONPATH": str(TOOL)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environ, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise ValueError((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]) from None
    return found


def verdict(found: dict[str, dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit status, and what to say, of the answers for each lock."""
    known, untold, asked = [], set(), set()
    for lock, answer in found.items():
        for package in answer["dependencies"]:
            named = f"{package['name']} {package['version']}" if "version" in package else package["name"]
            asked.add(package["name"])
            if "skip_reason" in package:
                untold.add(package["name"])
            for each in package.get("vulns", []):
                mended = ", ".join(each["fix_versions"]) or "no version yet"
                known.append(f"{named} ({lock}): {each['id']}, mended in {mended}")
    lines = sorted(known)
    if untold:
        lines.append(f"The registry told nothing of {len(untold)} of {len(asked)} packages: this is no all-clear.")
    elif not known:
        lines.append(f"Nothing is known against any of {len(asked)} packages.")
    return (1 if known else 2 if untold or not asked else 0), lines


def main() -> int:
    """Audit every lock."""
    try:
        found = {name: audit(ROOT / f"requirements/{name}.txt") for name in LOCKS}
    except (ValueError, subprocess.TimeoutExpired) as error:
        print(f"The audit could not be made: {error}", file=sys.stderr)
        return 2
    status, lines = verdict(found)
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
