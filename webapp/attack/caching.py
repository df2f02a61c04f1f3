"""Caches: private pages are kept nowhere (CVE-2023-30861), static files are."""

from typing import Final

from webapp.attack.http import Site
from webapp.attack.verdict import Verdict, judged

_PRIVATE: Final = (
    "/sign-in", "/password-reset", "/password-reset/sent", "/password-reset/new", "/password-reset/none.such.token",
    "/users", "/account", "/users/nothing.css", "/no-such-page",
)  # fmt: skip
_STATIC: Final = "/static/app.css?v=1"


async def kept(site: Site) -> Verdict:
    """`no-store` on every page, whatever its address ends in; a year for a static file whose address is marked."""
    faults = []
    for page in _PRIVATE:
        answer = await site.get(page)
        if "no-store" not in answer.header("cache-control").lower():
            faults.append(f"{page} may be kept: Cache-Control is {answer.header('cache-control') or 'missing'}.")
    static = await site.get(_STATIC)
    if static.status != 200 or "immutable" not in static.header("cache-control"):
        faults.append("/static/app.css with its mark cannot be kept by browsers.")
    if static.cookies:
        faults.append("/static/app.css sets a cookie.")
    return judged(faults, "Pages are no-store, static files may be kept.")
