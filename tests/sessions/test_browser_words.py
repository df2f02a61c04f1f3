"""What a browser calls itself, in words."""

import pytest

from webapp.sessions.browser_words import browser_and_system

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "Windows")),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME}", ("Chrome", "Linux")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/140.0", ("Edge", "Windows")),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1",
            ("Safari", "iPhone"),
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {CHROME}", ("Chrome", "Android")),
        ("curl/8.5", ("", "")),
        ("<script>Firefoxes</script>", ("", "")),
    ],
)
def test_browser_and_system(agent: str, expected: tuple[str, str]) -> None:
    assert browser_and_system(agent) == expected
