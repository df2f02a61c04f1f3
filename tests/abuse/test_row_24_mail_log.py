"""Markup and links in what the mail log shows (addresses, names, replies, reports, what was typed) are inert text."""

from html.parser import HTMLParser

from tests.delivery.test_mail_log_search import letter, tried
from tests.world import World
from webapp.bounces.models import Action, Return
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.recovery.request import BINDING
from webapp.users.models import User

MARKUP = "\"'><img src=x onerror=alert(1)><a href=https://evil.example hx-get=/audit>{{ 7*7 }}%(name)s"


def planted(text: str) -> list[str]:
    """The elements and attributes in a page that were planted."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            evil = "evil" in (given.get("href") or "") and not (given["href"] or "").startswith(("/mail-log?", "?"))
            if tag in {"img", "b"} or "onerror" in given or given.get("hx-get") == "/audit" or evil:
                found.append(f"{tag} {given}")

    Reader().feed(text)
    return found


async def test_whatever_the_log_was_given_is_shown_as_text(world: World) -> None:
    root = await world.admin()
    mallory = await world.person("mallory", email="mallory@example.org")
    await User.filter(id=mallory.id).update(username=MARKUP)
    shown = await letter(
        world, MARKUP, user_id=mallory.id, kind="reset_link", requested_by_id=mallory.id, network=MARKUP[:64]
    )
    await Letter.filter(id=shown).update(message_id=f"<{MARKUP}>", language="en")
    await tried(
        world,
        shown,
        outcome="failed",
        host=MARKUP,
        reply_code=550,
        enhanced_code="5.1.1",
        reply=MARKUP,
        queue_id=MARKUP[:100],
        diagnosis="recipient_unknown",
    )
    await tried(world, shown, host=MARKUP, reply_code=250, reply=MARKUP, queue_id=MARKUP[:100])
    await Return.create(
        letter_id=shown, at=world.clock(), action=Action.FAILED, diagnostic=MARKUP, remote_host=MARKUP, digest="1"
    )
    strange = await letter(world, "a@example.org", kind="<b>kind</b>")
    await RecoveryRequest.create(
        sealed_identifier=world.kit.vault.seal(MARKUP + "\u202e", BINDING),
        identifier_digest="x",
        language="en",
        network=MARKUP[:64],
        requested_at=world.clock(),
        resolved_at=world.clock(),
        outcome=RequestOutcome.NO_SUCH_ACCOUNT,
        user_id=mallory.id,
    )
    pages = [
        await root.get(path)
        for path in (
            "/mail-log",
            f"/mail-log?person={mallory.id}",
            f"/mail-log/{shown}",
            f"/mail-log/{strange}",
            "/mail-log/requests",
        )
    ]
    pages.append(
        await root.client.get("/mail-log", params={"q": MARKUP, "address": MARKUP, "kind": MARKUP, "code": MARKUP})
    )
    pages.append(await root.client.get("/mail-log", params={"q": MARKUP}))
    await Letter.filter(id=shown).update(state=LetterState.ACCEPTED, attempts=2)
    pages.append(await root.htmx_get(f"/mail-log/changes?letters={shown}-0"))
    pages.append(await root.htmx_get(f"/mail-log/{shown}?mark=x"))
    pages.append(await root.htmx_post(f"/mail-log/{strange}/resend"))
    for page in pages:
        assert page.status_code in {200, 409}
        assert not planted(page.text)
