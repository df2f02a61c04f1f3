"""What the sender's domain asks receivers to do with letters that fail (RFC 7489).

The organisational domain is found by walking up through the parents, as long as they have two labels, and not by the
public suffix list: a policy at a registry's own name, such as ``co.uk``, would be taken for the organisation's.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from webapp.mail_server.domain.dkim import tags_of
from webapp.mail_server.domain.finding import Finding, Grade, Record, Topic, unanswered
from webapp.smtp.records import Ask, Kind, Records, Unanswered
from webapp.text import Message, message

PARENTS_LIMIT: Final = 6
"""Parents that are asked for a policy."""
_ENFORCING: Final = ("quarantine", "reject")
_POLICIES: Final = ("none", *_ENFORCING)
_VERSION: Final = "v=DMARC1"


@dataclass(frozen=True, slots=True)
class Published:
    """The records found, and where. Without any, ``texts`` is empty."""

    place: str = ""
    texts: tuple[str, ...] = ()
    of_parent: bool = False
    trouble: Unanswered | None = field(default=None)


async def find_policy(domain: str, ask: Ask) -> Published:
    """The policy of the domain, else of the nearest parent that has one."""
    labels = domain.split(".")
    tops = [".".join(labels[start:]) for start in range(1, len(labels) - 1)][:PARENTS_LIMIT]
    for name in (domain, *tops):
        place = f"_dmarc.{name}"
        match await ask(place, Kind.TXT):
            case Records(values):
                texts = tuple(text for text in values if _is_policy(text))
                if texts:
                    return Published(place, texts, of_parent=name != domain)
            case Unanswered() as why:
                return Published(place, trouble=why)
            case _:
                pass
    return Published()


def _is_policy(text: str) -> bool:
    return text.partition(";")[0].replace(" ", "") == _VERSION


def policy(domain: str, published: Published, *, spf: Grade, dkim: Grade) -> Finding:
    """What becomes of the letters; ``spf`` and ``dkim`` say how those two stand.

    Postern's letters have one domain in envelope and From, so that SPF is always aligned.
    """
    place = f"_dmarc.{domain}"
    if published.trouble:
        return unanswered(Topic.DMARC, published.place, published.trouble)
    found = tuple(Record(published.place, Kind.TXT, text) for text in published.texts)
    proposal = Record(place, Kind.TXT, f"{_VERSION}; p=none")
    match len(found):
        case 0:
            text = message("%(domain)s has no DMARC record; large receivers ask for one.", domain=domain)
            return Finding(Topic.DMARC, Grade.WARN, text, publish=proposal)
        case 1:
            return _judged(domain, published, found, proposal, passing=(spf, dkim))
        case n:
            text = message(
                "There are %(n)s DMARC records at %(name)s; with more than one, none counts.", n=n, name=place
            )
            return Finding(Topic.DMARC, Grade.WRONG, text, found=found, publish=Record(place, Kind.TXT, found[0].value))


def _judged(
    domain: str,
    published: Published,
    found: tuple[Record, ...],
    proposal: Record,
    *,
    passing: tuple[Grade, Grade],
) -> Finding:
    tags = tags_of(published.texts[0]) or {}
    asked = tags.get("sp", tags.get("p", "")) if published.of_parent else tags.get("p", "")
    if asked.lower() not in _POLICIES or tags.get("p", "").lower() not in _POLICIES:
        text = message("The DMARC record at %(name)s cannot be understood.", name=published.place)
        return Finding(Topic.DMARC, Grade.WRONG, text, found=found, publish=proposal)
    notes = _notes(domain, published, tags)
    grade, text = _outcome(asked.lower(), *passing)
    # A stricter policy is proposed only to those whose own letters pass.
    tighten = asked.lower() == "none" and Grade.OK in passing
    return Finding(Topic.DMARC, grade, text, notes, found, _stricter(domain, published) if tighten else None)


def _stricter(domain: str, published: Published) -> Record:
    """The same record with ``p=quarantine``; of a parent's, a record of the domain's own."""
    own = re.sub(r"(;\s*p\s*=\s*)none", r"\1quarantine", published.texts[0], count=1, flags=re.IGNORECASE)
    text = f"{_VERSION}; p=quarantine" if published.of_parent else own
    return Record(f"_dmarc.{domain}", Kind.TXT, text)


def _outcome(asked: str, spf: Grade, dkim: Grade) -> tuple[Grade, Message]:
    if asked not in _ENFORCING:
        return Grade.WARN, message("DMARC only watches (p=none): forged letters in your name are not turned away.")
    ways = [name for name, grade in (("SPF", spf), ("DKIM", dkim)) if grade is Grade.OK]
    if ways:
        return Grade.OK, message(
            "DMARC turns forged letters away (p=%(policy)s), and yours pass by %(ways)s.",
            policy=asked,
            ways=" / ".join(ways),
        )
    if spf is Grade.WRONG:
        return Grade.WRONG, message(
            "DMARC turns letters away that fail (p=%(policy)s), and neither SPF nor DKIM lets yours pass.", policy=asked
        )
    return Grade.WARN, message(
        "DMARC turns letters away that fail (p=%(policy)s), and it is not certain that yours pass.", policy=asked
    )


def _notes(domain: str, published: Published, tags: dict[str, str]) -> tuple[Message, ...]:
    notes = [message("Envelope and From have the same domain, so that SPF is aligned.")]
    if tags.get("adkim", "r").lower() == "s":
        notes.append(message("A signature counts only with exactly %(domain)s as its domain (adkim=s).", domain=domain))
    else:
        notes.append(message("A signature counts if its domain (d=) belongs to %(domain)s.", domain=domain))
    if published.of_parent:
        parent = published.place.partition(".")[2]
        notes.append(message("The policy is that of the parent domain %(parent)s.", parent=parent))
    if tags.get("pct", "100") != "100":
        notes.append(message("It is applied to %(percent)s%% of the letters only.", percent=tags["pct"]))
    return tuple(notes)
