"""Verify the vendored files against their VENDOR.toml, or fetch them anew with npm (``--fetch``)."""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDERS: Final = (ROOT / "static/vendor", ROOT / "tests/vendor")
MANIFEST: Final = "VENDOR.toml"


def packages(folder: Path) -> list[dict[str, Any]]:
    """The packages that a folder's manifest names."""
    found: list[dict[str, Any]] = tomllib.loads((folder / MANIFEST).read_text())["package"]
    return found


def problems(folder: Path) -> list[str]:
    """What differs between a folder and its manifest, one line each; empty when nothing does."""
    wanted = {file["name"]: file["sha256"] for package in packages(folder) for file in package["file"]}
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    lines = [f"{folder / name} is missing" for name in sorted(wanted.keys() - present)]
    lines += [f"{folder / name} is not named in {MANIFEST}" for name in sorted(present - wanted.keys())]
    for name in sorted(wanted.keys() & present):
        actual = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if actual != wanted[name]:
            lines.append(f"{folder / name} has the checksum {actual}, not {wanted[name]}")
    return lines


def fetch(folder: Path) -> list[str]:
    """Replace a folder's files by those that npm serves; returns why a package was refused, one line each."""
    refused = []
    for package in packages(folder):
        name = f"{package['name']}@{package['version']}"
        with tempfile.TemporaryDirectory() as scratch:
            command = ["npm", "pack", "--silent", "--pack-destination", scratch, name]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            (archive,) = Path(scratch).glob("*.tgz")
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if package["integrity"] != f"sha512-{digest}":
                refused.append(f"{name} as served has the integrity sha512-{digest}, not {package['integrity']}")
                continue
            with tarfile.open(archive) as tar:
                for file in package["file"]:
                    content = tar.extractfile(f"package/{file['source']}")
                    if content is None:
                        refused.append(f"{name} holds no file {file['source']}")
                    else:
                        (folder / file["name"]).write_bytes(content.read())
    return refused


def main(arguments: list[str]) -> int:
    """Verify, after fetching if asked to; exit status 1 when something differs."""
    lines = [line for folder in FOLDERS if "--fetch" in arguments for line in fetch(folder)]
    lines += [line for folder in FOLDERS for line in problems(folder)]
    for line in lines:
        print(line, file=sys.stderr)
    for folder in FOLDERS:
        for package in packages(folder):
            print(f"{package['name']} {package['version']} ({package['licence']})")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
