"""All attacks in their order, each with the requirement of OWASP ASVS 5.0 that it stands for, and their run."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from webapp.attack import (
    caching,
    cookies,
    enumeration,
    errors,
    files,
    floods,
    headers,
    host,
    methods,
    origins,
    redirects,
    throttling,
    tokens,
    transport,
)
from webapp.attack.http import NoAnswer, Site, TooManyRequests
from webapp.attack.verdict import NotHeld, NotTried, Verdict

Probe = Callable[[Site], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: what it is called, what it stands for, and how it is made."""

    name: str
    asvs: tuple[str, ...]
    """Numbers of requirements in OWASP ASVS 5.0.0."""
    stands_for: str
    probe: Probe


@dataclass(frozen=True, slots=True)
class Finding:
    """An attack, and what it came to."""

    attack: Attack
    verdict: Verdict


def attacks(existing: str = "", *, throttle: bool = True) -> tuple[Attack, ...]:
    """The attacks; ``existing`` is the name of an account to compare unknown names with."""
    found = [
        Attack(
            "TLS certificate", ("12.1.1", "12.2.2"), "TLS of today, and a trusted certificate", transport.certificate
        ),
        Attack("old TLS", ("12.1.1",), "no outdated TLS", transport.old_versions),
        Attack("TLS asked for", ("3.4.1",), "browsers return over TLS only", headers.strict_transport),
        Attack("poisoned Host", ("4.1.3",), "headers of intermediaries are not believed from anybody", host.poisoned),
        Attack("malformed Host", ("2.2.1", "4.2.1"), "only well-formed requests are taken", host.malformed),
        Attack("content policy", ("3.4.3", "3.4.6"), "no foreign script, no frame", headers.content_policy),
        Attack("other headers", ("3.4.2", "3.4.4", "3.4.5", "3.4.8", "4.1.1"), "browser protections", headers.others),
        Attack("caches", ("14.3.2", "14.2.5"), "private pages are kept nowhere", caching.kept),
        Attack("foreign forms", ("3.5.1",), "no request forged by another site", origins.foreign_forms),
        Attack("changing by GET", ("3.5.3",), "changes need an unsafe method", origins.changing_by_get),
        Attack("leaving by next", ("3.7.2", "1.2.2"), "no redirect to other hosts", redirects.next_page),
        Attack("guarded pages", ("8.2.1", "8.3.1"), "pages need permission", errors.guarded),
        Attack("other methods", ("4.1.4", "13.4.4"), "no unused method, no TRACE", methods.refused),
        Attack("forged links", ("9.1.1", "14.2.1"), "tokens are verified, and not repeated", tokens.garbage),
        Attack("skipped step", ("2.3.1",), "the steps of recovery in their order", tokens.skipped_step),
        Attack("floods", ("2.2.1", "15.3.3", "15.3.7"), "input of the expected shape and size", floods.oversize),
        Attack("files", ("5.3.2", "13.4.1", "13.4.3"), "no file but the static ones", files.traversal),
        Attack("telling errors", ("16.5.1", "13.4.2", "13.4.6"), "errors say nothing of the inside", errors.leaks),
        Attack(
            "names at recovery",
            ("6.3.8",),
            "nobody learns who has an account",
            partial(enumeration.on_the_reset_page, existing=existing),
        ),
        Attack(
            "names at sign-in",
            ("6.3.8",),
            "nobody learns who has an account",
            partial(enumeration.on_the_sign_in_page, existing=existing),
        ),
        Attack("cookies", ("3.3.2", "3.3.4"), "cookies stay where they belong", cookies.attributes),
        Attack("cookies over TLS", ("3.3.1", "3.3.3"), "cookies travel over TLS, from this host", cookies.over_tls),
        Attack(
            "sign-in throttle", ("6.3.1",), "passwords cannot be guessed", throttling.guessing if throttle else _spared
        ),
    ]
    return tuple(found)


async def _spared(_site: Site) -> Verdict:
    return NotTried("Left out by --no-throttle.")


async def run(site: Site, planned: tuple[Attack, ...]) -> AsyncIterator[Finding]:
    """Make the attacks one after the other. A server that stops answering has not held."""
    for attack in planned:
        try:
            verdict = await attack.probe(site)
        except TooManyRequests as error:
            verdict = NotTried(f"The run may not send {error}.")
        except NoAnswer as error:
            verdict = NotHeld((f"There was no answer ({error}).",))
        yield Finding(attack, verdict)
