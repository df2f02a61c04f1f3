"""The headers by which browsers protect a page (OWASP Secure Headers)."""

from typing import Final

from webapp.attack.http import Answer, Site
from webapp.attack.verdict import NotTried, Verdict, judged

_PAGES: Final = ("/sign-in", "/password-reset", "/users", "/no-such-page", "/static/app.css", "/healthz")
_POLICY: Final = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}
_REFERRER: Final = {"same-origin", "no-referrer", "strict-origin"}
_YEAR: Final = 31_536_000


def directives(policy: str) -> dict[str, set[str]]:
    """A content security policy, by directive."""
    parts = (part.split() for part in policy.split(";"))
    return {words[0].lower(): set(words[1:]) for words in parts if words}


async def content_policy(site: Site) -> Verdict:
    """Nothing runs or loads that is not the installation's own, and nobody frames it."""
    faults = []
    for page in _PAGES:
        answer = await site.get(page)
        found = directives(answer.header("content-security-policy"))
        wrong = [name for name, wanted in _POLICY.items() if found.get(name) != wanted]
        if wrong:
            faults.append(f"{page}: the content security policy is wanting in {', '.join(wrong)}.")
    return judged(faults, "Every answer has a policy that lets nothing foreign run, load or frame.")


async def others(site: Site) -> Verdict:
    """No guessing of types, no referrer to others, no windows in common, and no other origin invited to read."""
    faults = []
    for page in _PAGES:
        answer = await site.get(page, {"Origin": "https://elsewhere.invalid"})
        faults += [f"{page}: {fault}" for fault in _wanting(answer)]
    return judged(faults, "Types are fixed, referrers stay here, windows are apart, and no other origin may read.")


def _wanting(answer: Answer) -> list[str]:
    faults = []
    if answer.header("x-content-type-options").lower() != "nosniff":
        faults.append("X-Content-Type-Options is not nosniff.")
    if answer.header("referrer-policy") not in _REFERRER:
        faults.append("Referrer-Policy lets addresses out.")
    if answer.header("cross-origin-opener-policy") != "same-origin":
        faults.append("Cross-Origin-Opener-Policy is not same-origin.")
    if answer.all("access-control-allow-origin"):
        faults.append("Access-Control-Allow-Origin is sent.")
    kind = answer.header("content-type").lower()
    if kind.startswith("text/") and "charset=utf-8" not in kind:
        faults.append(f"the Content-Type {kind!r} lacks a charset.")
    return faults


async def strict_transport(site: Site) -> Verdict:
    """Browsers are told to come back over TLS only, for a year."""
    if not site.origin.secure:
        return NotTried("The address is not https.")
    faults = []
    for page in _PAGES:
        words = (await site.get(page)).header("strict-transport-security").lower().replace(" ", "").split(";")
        ages = [word.removeprefix("max-age=") for word in words if word.startswith("max-age=")]
        if not any(age.isdecimal() and int(age) >= _YEAR for age in ages):
            faults.append(f"{page}: Strict-Transport-Security does not hold for a year.")
    return judged(faults, "Every answer asks for TLS for a year.")
