"""Write the software bill of materials (CycloneDX 1.6, JSON): what the locks and the vendored files hold.

The same locks give the same bytes. Licences and who needs whom are read from the packages that are installed.
"""

import json
import re
import sys
import tomllib
import uuid
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from scripts.vendor import packages

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements/runtime.txt"
VENDORED: Final = ROOT / "static/vendor"
_PINNED: Final = re.compile(r"^([a-z0-9._-]+)==([^\s;\\]+)\s*(;[^\\]*)?", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")

Component = dict[str, Any]


def bill() -> dict[str, Any]:
    """The whole document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {
        "type": "application",
        "bom-ref": "postern",
        "name": project["name"],
        "version": project["version"],
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
    }
    python, browser = _python(), _vendored()
    listed = [*python, *browser]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours, "lifecycles": [{"phase": "build"}]},
        "components": listed,
        "dependencies": _dependencies(python, browser),
    }
    content = json.dumps(document, sort_keys=True)
    return {**document, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"}


def _python() -> list[Component]:
    """The packages of the lock; one that only some platforms need is optional."""
    return [_package(name, version, marker) for name, version, marker in _PINNED.findall(LOCK.read_text())]


def _package(name: str, version: str, marker: str) -> Component:
    purl = f"pkg:pypi/{name}@{version}"
    component: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    component["scope"] = "optional" if "platform" in marker else "required"
    installed = _installed(name)
    expression = installed.metadata["License-Expression"] if installed else None
    if expression:
        component["licenses"] = [{"expression": expression}]
    return component


def _vendored() -> list[Component]:
    """What lies in static/vendor, each file with its checksum."""
    listed = []
    for package in packages(VENDORED):
        purl = f"pkg:npm/{package['name']}@{package['version']}"
        files = [
            {
                "type": "file",
                "bom-ref": f"{purl}#{file['name']}",
                "name": f"static/vendor/{file['name']}",
                "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
            }
            for file in package["file"]
        ]
        licence = [{"license": {"id": package["licence"]}}]
        component = {"type": "library", "bom-ref": purl, "name": package["name"], "version": package["version"]}
        listed.append({**component, "purl": purl, "scope": "required", "licenses": licence, "components": files})
    return listed


def _dependencies(python: list[Component], browser: list[Component]) -> list[dict[str, Any]]:
    """Who needs whom: Postern what requirements/runtime.in names, the others what they say of themselves."""
    refs = {component["name"]: component["bom-ref"] for component in python}
    asked = [line for line in LOCK.with_suffix(".in").read_text().splitlines() if line and line[0] not in "#-"]
    direct = {refs[name] for line in asked if (name := _normal(line)) in refs}
    found = [{"ref": "postern", "dependsOn": sorted(direct | {component["bom-ref"] for component in browser})}]
    for name, ref in refs.items():
        installed = _installed(name)
        needed = {_normal(line) for line in (installed.requires if installed else None) or [] if "extra ==" not in line}
        found.append({"ref": ref, "dependsOn": sorted(refs[each] for each in needed & refs.keys())})
    return found


def _normal(requirement: str) -> str:
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def main(arguments: list[str]) -> int:
    """Write it to the file that is named, or to standard output."""
    text = json.dumps(bill(), indent=2, ensure_ascii=False) + "\n"
    if arguments:
        Path(arguments[0]).write_text(text)
        print(f"{arguments[0]}: {len(_python())} packages for Python, {len(_vendored())} for the browser.")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
