"""Static files: nothing but those is handed out."""

from typing import Final

from webapp.attack.http import NoAnswer, Site
from webapp.attack.verdict import Verdict, judged

_WAYS_OUT: Final = (
    "/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/..%2fpyproject.toml",
    "/static/..%5cpyproject.toml", "/static/%252e%252e/pyproject.toml", "/static//etc/passwd",
    "/static/../../../../../../etc/passwd", "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/static/%00/app.css", "/static/", "/static/vendor/", "/static", "/.git/config", "/.git/HEAD", "/.env",
    "/var/secret-keys", "/static/../var/secret-keys", "/static/../var/postern.sqlite3",
)  # fmt: skip


async def traversal(site: Site) -> Verdict:
    """No file outside the folder, no listing of it, no source control and no keys."""
    faults = []
    for path in _WAYS_OUT:
        try:
            answer = await site.get(path)
        except NoAnswer:
            continue
        if answer.status < 400:
            faults.append(f"GET {path} is answered with {answer.status}.")
    return judged(faults, f"{len(_WAYS_OUT)} ways out of the folder of static files are closed.")
