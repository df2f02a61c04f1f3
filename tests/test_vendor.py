from pathlib import Path

import pytest

from scripts.vendor import FOLDERS, packages, problems


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_vendored_files_are_those_that_were_published(folder: Path) -> None:
    assert not problems(folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_package_has_a_version_and_a_licence_that_lies_beside_it(folder: Path) -> None:
    for package in packages(folder):
        assert package["version"]
        assert package["licence"]
        assert any("LICENSE" in file["name"] for file in package["file"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_vendored_script_asks_the_browser_for_a_source_map(folder: Path) -> None:
    assert not [path for path in folder.glob("*.js") if "sourceMappingURL" in path.read_text(encoding="utf-8")]
