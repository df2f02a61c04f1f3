"""Open redirects: what is to come after the sign-in stays here (CVE-2021-32618)."""

import html
import re
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from webapp.attack.http import Site
from webapp.attack.verdict import Verdict, judged

_ELSEWHERE: Final = "leave.invalid"
_TARGETS: Final = (
    f"https://{_ELSEWHERE}/", f"//{_ELSEWHERE}/", f"///{_ELSEWHERE}/", f"/\\{_ELSEWHERE}/", f"\\\\{_ELSEWHERE}/",
    f"/\t/{_ELSEWHERE}/", f"/\n/{_ELSEWHERE}/", f"https:{_ELSEWHERE}", f" //{_ELSEWHERE}/", f"/.//{_ELSEWHERE}/",
    f"javascript:location='//{_ELSEWHERE}'", f"data:text/html,{_ELSEWHERE}", f"/%09/{_ELSEWHERE}/",
    f"/@{_ELSEWHERE}/", f"http:///{_ELSEWHERE}/", f"/\u2028//{_ELSEWHERE}/",
)  # fmt: skip
_HIDDEN: Final = re.compile(r"<input\b[^>]*>", re.IGNORECASE)


async def next_page(site: Site) -> Verdict:
    """No form of `next` that browsers take for another host survives in the sign-in page or a redirect."""
    faults = []
    for target in _TARGETS:
        answer = await site.get(f"/sign-in?next={quote(target, safe='')}")
        kept = [*_kept(answer.body.decode("utf-8", "replace")), *answer.all("location"), *answer.all("hx-redirect")]
        if any(leaves(each, site) for each in kept):
            faults.append(f"next={target!r} leads away.")
    return judged(faults, f"{len(_TARGETS)} ways to name another host in next lead nowhere.")


def leaves(target: str, site: Site) -> bool:
    """Whether a browser that follows this from one of the site's pages leaves the site (WHATWG URL, 4.4)."""
    seen = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(33))))).replace("\\", "/")
    if re.match(r"[a-z][a-z0-9+.-]*:", seen, re.IGNORECASE) and not seen.lower().startswith(("http:", "https:")):
        return True
    if re.match(r"(https?:)?/{2,}|https?:", seen, re.IGNORECASE):
        seen = re.sub(r"^(https?:)?/*", f"{site.origin.scheme}://", seen, count=1, flags=re.IGNORECASE)
    try:
        return urlsplit(urljoin(f"{site.origin}/sign-in", seen)).netloc != site.origin.authority
    except ValueError:
        return True


def _kept(page: str) -> list[str]:
    """The values of the hidden fields `next`."""
    values = []
    for tag in _HIDDEN.findall(page):
        if re.search(r"""name=["']?next\b""", tag):
            found = re.search(r"""value=(?:"([^"]*)"|'([^']*)')""", tag)
            values.append(html.unescape(found[1] or found[2] or "") if found else "")
    return values
