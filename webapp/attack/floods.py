"""Forms that are too much (CVE-2024-47874): a few of them, to see that they are refused, not to hurt."""

from typing import Final
from urllib.parse import urlencode

from webapp.attack.http import NoAnswer, Site
from webapp.attack.names import nobody
from webapp.attack.verdict import Verdict, judged

_TOO_LONG: Final = 600 * 1024
"""Bytes; a form of Postern's has half a mebibyte at most."""
_OURS: Final = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


async def oversize(site: Site) -> Verdict:
    """Too long, too many fields, a field twice, another kind of content: refused, and never the server's fault."""
    name = nobody()
    many = urlencode([(f"field{number}", "x") for number in range(500)])
    bodies = {
        "600 KiB": (_OURS, b"identifier=" + b"a" * _TOO_LONG, {413}),
        "500 fields": (_OURS, many.encode(), {400, 413, 422}),
        "a field twice": (_OURS, urlencode([("identifier", name), ("identifier", name)]).encode(), {400, 422}),
        "an unknown field": (_OURS, urlencode({"identifier": name, "is_admin": "1"}).encode(), {400, 422}),
        "broken UTF-8": (_OURS, b"identifier=%ff%fe", {400, 422}),
        "JSON": ({**_OURS, "Content-Type": "application/json"}, b'{"identifier": ["a", "b"]}', {400, 415, 422}),
        "a broken multipart": ({**_OURS, "Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n", {400, 422}),
    }
    faults = []
    for what, (headers, body, wanted) in bodies.items():
        try:
            answer = await site.ask("POST", "/password-reset", headers, body)
        except NoAnswer as error:
            faults.append(f"A form with {what} got no answer ({error}).")
            continue
        if answer.status not in wanted:
            faults.append(f"A form with {what} is answered with {answer.status}.")
    return judged(faults, f"{', '.join(bodies)}: each refused.")
