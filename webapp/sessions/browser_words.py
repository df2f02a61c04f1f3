"""What a browser calls itself (RFC 9110, 10.1.5), in two words."""

import re
from typing import Final

_BROWSERS: Final = (
    # The first that is there: each pretends to be those that come after it.
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|Chromium|HeadlessChrome|CriOS)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("macOS", re.compile(r"\bMac OS X\b|\bMacintosh\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """Names such as ``("Firefox", "Windows")``; empty where nothing is recognised. A browser may say anything."""
    browser, system = (
        next((name for name, signs in known if signs.search(user_agent)), "") for known in (_BROWSERS, _SYSTEMS)
    )
    return browser, system
