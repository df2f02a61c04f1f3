"""What Postern is made of, and what is known against it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.audit import verdict
from scripts.sbom import bill
from tests.test_locks import pinned

ROOT = Path(__file__).resolve().parent.parent


def test_the_bill_names_every_package_and_every_vendored_file(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "scripts.sbom", str(tmp_path / "sbom.json")], check=True, cwd=ROOT)
    written = json.loads((tmp_path / "sbom.json").read_text())
    assert (written["bomFormat"], written["specVersion"]) == ("CycloneDX", "1.6")
    purls = {component["purl"]: component for component in written["components"]}
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned(ROOT / "requirements/runtime.txt").items()} == {
        purl for purl in purls if purl.startswith("pkg:pypi/")
    }
    (htmx,) = [component for purl, component in purls.items() if purl.startswith("pkg:npm/htmx.org@")]
    assert {"static/vendor/htmx.min.js", "static/vendor/hx-sse.min.js"} <= {file["name"] for file in htmx["components"]}
    assert all(len(file["hashes"][0]["content"]) == 64 for file in htmx["components"])


def test_the_bill_says_who_needs_whom_and_is_the_same_each_time() -> None:
    first = bill()
    assert first == bill()
    needs = {each["ref"].partition("@")[0]: each["dependsOn"] for each in first["dependencies"]}
    refs = {component["bom-ref"] for component in first["components"]}
    assert {ref for needed in needs.values() for ref in needed} <= refs
    assert any(ref.startswith("pkg:pypi/starlette@") for ref in needs["postern"])
    assert any(ref.startswith("pkg:pypi/anyio@") for ref in needs["pkg:pypi/starlette"])


def answer(*packages: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"runtime": {"dependencies": list(packages)}}


FINE = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNTOLD = {"name": "c", "skip_reason": "not found"}


def test_an_audit_is_no_all_clear_unless_everything_was_told() -> None:
    assert verdict(answer(FINE)) == (0, ["Nothing is known against any of 1 packages."])
    assert verdict(answer(FINE, BAD)) == (1, ["b 2 (runtime): CVE-1, mended in 3"])
    status, lines = verdict(answer(FINE, UNTOLD))
    assert (status, lines) == (2, ["The registry told nothing of 1 of 2 packages: this is no all-clear."])
    assert verdict(answer(BAD, UNTOLD))[0] == 1
    assert verdict(answer())[0] == 2
