"""What two answers are compared by."""

import httpx2

from tests.world import Browser

ASKED = "postern_asked"


def but_for_what_was_typed(
    browser: Browser, response: httpx2.Response
) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes]:
    """Status, headers and body, without what the forgot page's cookie seals.

    It holds what was typed in this browser: its length is that of the name, its value never the same.
    """
    sealed = (browser.client.cookies.get(ASKED) or "").encode()
    headers = [(name, value.replace(sealed, b"SEALED") if sealed else value) for name, value in response.headers.raw]
    return response.status_code, tuple(headers), response.content
