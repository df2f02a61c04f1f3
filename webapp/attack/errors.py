"""What error pages say about the machinery: nothing."""

import re
from typing import Final

from webapp.attack.http import NoAnswer, Site
from webapp.attack.verdict import Verdict, judged

_DEVELOPERS: Final = ("/dev/kit", "/docs", "/openapi.json", "/debug")
_REQUESTS: Final = (
    "/no-such-page", "/users/999999999999999999", "/users/99999999999999999999999",
    "/users?after=%00", "/%ff", "/sign-in?next=%ff",
    "/password-reset/%00", "/static/none.css", "/?language=%00", "/metrics", *_DEVELOPERS,
)  # fmt: skip
_TELLING: Final = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|/usr/lib|Exception"
    r"|sqlite3?\.|asyncpg|tortoise|starlette|uvicorn|SELECT .* FROM",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(r"/\d|\d+\.\d+")


async def leaks(site: Site) -> Verdict:
    """No trace, path, query, library or version in any answer, and no page of developers'."""
    faults = []
    for path in _REQUESTS:
        try:
            answer = await site.get(path)
        except NoAnswer:
            faults.append(f"GET {path} got no answer.")
            continue
        telling = _TELLING.search(answer.body.decode("utf-8", "replace")) if path != "/metrics" else None
        if telling:
            faults.append(f"GET {path} says {telling[0]!r}.")
        if answer.status >= 500:
            faults.append(f"GET {path} is answered with {answer.status}.")
        if _VERSION.search(answer.header("server")) or answer.header("x-powered-by"):
            faults.append(f"GET {path} tells the server's version.")
        if path in _DEVELOPERS and answer.status == 200:
            faults.append(f"GET {path} is there, and is for developers.")
    return judged(faults, f"{len(_REQUESTS)} requests that fail tell nothing of how it is made.")


async def guarded(site: Site) -> Verdict:
    """Pages of the signed-in lead to the sign-in page, however their path is written."""
    faults = []
    for path in ("/", "/users", "/account", "/mail-server", "/mail-log", "/audit", "/letters", "/webhook"):
        answer = await site.get(path)
        if answer.status != 303 or not answer.header("location").startswith("/sign-in"):
            faults.append(f"GET {path} is answered with {answer.status}.")
    for path in ("//users", "/users/", "/USERS", "/%75sers%00", "/users;a=b", "/password-reset/../users", "/./users"):
        try:
            answer = await site.get(path)
        except NoAnswer:
            continue
        if answer.status < 300:
            faults.append(f"GET {path} is answered with {answer.status}.")
    return judged(faults, "Whoever is not signed in is sent to the sign-in page.")
