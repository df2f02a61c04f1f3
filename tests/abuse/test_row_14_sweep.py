"""Secrets of a whole installation at work: planted in every place that takes one, and then found nowhere.

Not in a row of the database, not on a page (whole or as htmx gets it), not in a metric, and in no line of the log.
"""

import base64
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from pydantic import SecretStr

from tests.abuse.test_row_19_secret_read_back import PAGES
from tests.abuse.test_row_37_log_as_takeover import everything_stored
from tests.bounces.reports import About, postfix
from tests.mail_server.filling import fields
from tests.postal import html_of, open_link, post, text_of
from tests.served import Served, served
from tests.smtp_server import Received, SmtpServer, smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import filled
from tests.world import KEYS, Browser
from webapp.bounces.take_in import take_in
from webapp.bounces.verp import Verp
from webapp.crew import create_caller, create_canary
from webapp.db.connect import Database
from webapp.health.models import Check
from webapp.logs import configure
from webapp.mail_server.models import Slot
from webapp.outbox.models import Letter
from webapp.users.models import User
from webapp.webhooks.models import WebhookCall

LINK = re.compile(r"https?://[^\s<>\"]+/(?:password-reset|invitations|not-me|received)/([^\s<>\"]+)")
LINK_FIELD_LENGTH = 10
SETUP_TOKEN = "canary-Setup-7f3a-token"
SMTP, SECOND_SMTP = "canary-Smtp 7f3a/+ä", "canary-Second 7f3a/+ä"
PASSWORDS = tuple(f"canary-{name} 7f3a purple" for name in ("Apple", "Birch", "Cedar", "Daisy"))
WEBHOOK_SECRET = "canary-Webhook-7f3a"
IN_THE_ADDRESS = ("canary-in-the-address", "canary-in-the-query")
WRONG = "canary-Wrong 7f3a guess"


class Planted:
    """The secrets, as they come about."""

    def __init__(self) -> None:
        self.secrets = {SETUP_TOKEN, SMTP, SECOND_SMTP, *PASSWORDS, WEBHOOK_SECRET, *IN_THE_ADDRESS, WRONG, KEYS}

    def links_of(self, letter: Received) -> list[str]:
        """The links of a letter, whose tokens are secret from now on."""
        found = LINK.finditer(text_of(letter) + html_of(letter))
        links = []
        for match in found:
            links.append(match[0])
            self.secrets |= {part for part in match[1].split(".") if len(part) > LINK_FIELD_LENGTH}
        return links

    def sessions_of(self, browser: Browser) -> None:
        """The cookies of a browser are secret from now on."""
        self.secrets |= {part for cookie in browser.client.cookies.jar for part in _long(cookie.value)}

    def found_in(self, text: str) -> set[str]:
        """Those that are in a text, in whatever form."""
        return {secret for secret in self.secrets if any(form in text for form in _forms(secret))}


def _long(value: str | None) -> list[str]:
    return [part for part in (value or "").split(".") if len(part) > LINK_FIELD_LENGTH]


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), repr(secret)[1:-1])
    for lead in range(3):
        yield base64.b64encode(bytes(lead) + secret.encode())[4:-4].decode()


async def set_up(site: Served) -> Browser:
    """What the operator and the first administrator do."""
    root = site.browser()
    typed = {"token": SETUP_TOKEN, "username": "root", "email": "root@example.org", "password": PASSWORDS[0]}
    assert (await root.post("/setup", typed)).status_code == 303
    wrong = await site.browser().post("/sign-in", {"identifier": "root", "password": WRONG})
    assert wrong.status_code == 422, wrong.text
    return root


async def use_servers(root: Browser, first: SmtpServer, second: SmtpServer) -> None:
    """Both mail servers with a password, and the first one tested."""
    bounces = {"bounce_address": "returns@example.org"}
    form = {**fields(first), **bounces, "auth": "password", "username": "postern", "password": SMTP}
    tested = await root.post("/mail-server/tests", {**form, "recipient": "root@example.org"})
    assert "accepted" in tested.text, tested.text
    assert (await root.post("/mail-server", form)).status_code == 303
    other = {**fields(second), "auth": "password", "username": "postern", "password": SECOND_SMTP}
    assert (await root.post("/mail-server/fallback", other)).status_code == 303


async def letters_out(site: Served, server: SmtpServer, planted: Planted, count: int) -> list[str]:
    """Send what is due, and return the links of so many letters."""
    await post(site.world)
    return [link for _ in range(count) for link in planted.links_of(await server.next_letter())]


def path_in(links: list[str], below: str) -> str:
    return next(f"/{below}/{link.partition(f'/{below}/')[2]}" for link in links if f"/{below}/" in link)


async def every_page(root: Browser) -> dict[str, str]:
    """All that an administrator can open, and all that is linked from the lists."""
    found = {}
    paths = set(PAGES) - {"/sign-out"}
    for path in ("/audit", "/mail-log", "/users", "/mail-server/revisions"):
        listed = (await root.get(path)).text
        paths |= set(re.findall(r'href="(/(?:audit|mail-log|users|mail-server/revisions)/[0-9]+)"', listed))
    paths |= {f"/letters/{kind}/preview" for kind in ("reset_link", "password_changed", "invitation")}
    for path in sorted(paths):
        for get in (root.get, root.htmx_get):
            response = await get(path)
            found[f"{get.__name__} {path}"] = f"{response.headers}{response.text}"
    return found


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """All that is logged, as an operator has it who looks for a fault."""
    handlers, level = logging.root.handlers[:], logging.root.level
    configure("debug", "json")
    with (tmp_path / "log").open("w") as kept:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(kept))
        for handler in logging.root.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(kept)
        try:
            yield tmp_path / "log"
        finally:
            structlog.reset_defaults()
            logging.basicConfig(handlers=handlers, level=level, force=True)


async def test_no_secret_of_a_whole_installation_is_found_anywhere(
    db: Database, tmp_path: Path, log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    planted = Planted()
    async with (
        served(db, tmp_path, setup_token=SecretStr(SETUP_TOKEN)) as site,
        smtp_server(credentials=("postern", SMTP)) as first,
        smtp_server(credentials=("postern", SECOND_SMTP)) as second,
        webhook_server() as alerts,
    ):
        root = await set_up(site)
        await use_servers(root, first, second)
        planted.links_of(await first.next_letter())
        form = filled(alerts, signed="on", secret=WEBHOOK_SECRET)
        assert (await root.post("/webhook", form)).status_code == 303
        assert (await root.post("/webhook/tests", form)).status_code == 200
        looks = {"name": "Lantern", "support": "help@example.org", "footer": "Be well", "colour": "", "version": "0"}
        assert (await root.post("/letters", looks)).status_code == 303
        await people(site, root, first, planted)
        await trouble(site, root, first, second, planted)
        answers = await every_page(root)
        metrics = (await root.get("/metrics")).text
        planted.sessions_of(root)
        stored = await everything_stored()
    assert len(planted.secrets) > 20
    read = "".join(text_of(each) + html_of(each) for each in first.letters + second.letters)
    assert len(planted.found_in(read)) > 12, "the letters themselves do hold their links"
    assert "postern_" in metrics
    answers["/metrics"] = metrics
    own = planted.found_in("\n".join(str(cookie.value) for cookie in root.client.cookies.jar))
    assert {where: found for where, text in answers.items() if (found := planted.found_in(text) - own)} == {}
    assert planted.found_in(stored) == set()
    captured, logged = capfd.readouterr(), log.read_text()
    assert "letter accepted" in logged
    assert planted.found_in(captured.out + captured.err + logged) == set()


async def people(site: Served, root: Browser, server: SmtpServer, planted: Planted) -> None:
    """Somebody is invited, forgets the password, gets another, and says that this was not her."""
    alice = {"username": "alice", "display_name": "Alice", "email": "alice@example.org", "role": "user", "invite": "on"}
    assert (await root.post("/users", alice)).status_code == 303
    links = await letters_out(site, server, planted, 1)
    visitor = site.browser()
    assert (await visitor.get(path_in(links, "invitations"))).status_code == 303
    link = visitor.hidden(await visitor.get("/invitations/new"), "link")
    chosen = await visitor.post("/invitations/new", {"new_password": PASSWORDS[1], "link": link})
    assert chosen.status_code == 303, chosen.text
    planted.sessions_of(visitor)
    # Most people type their password where the name belongs once in their life; only /mail-log/requests may show it.
    await site.browser().post("/password-reset", {"identifier": "alice"})
    links = await letters_out(site, server, planted, 1 + len(await Letter.filter(state="queued")))
    visitor = site.browser()
    link = await open_link(visitor, path_in(links, "password-reset"))
    planted.sessions_of(visitor)
    assert (await visitor.post("/password-reset/new", {"new_password": PASSWORDS[2], "link": link})).status_code == 303
    await letters_out(site, server, planted, 1)
    person = await User.get(username="alice")
    assert (await root.post(f"/users/{person.id}/password", {"new_password": PASSWORDS[3]})).status_code == 303
    links = await letters_out(site, server, planted, 1)
    await site.browser().post(path_in(links, "not-me"))
    await letters_out(site, server, planted, 1)


async def trouble(site: Served, root: Browser, first: SmtpServer, second: SmtpServer, planted: Planted) -> None:
    """A letter comes back whole, the first server's password is refused, the second takes over, and alerts go out."""
    letter = await Letter.filter(kind="reset_link").first()
    assert letter is not None
    verp = Verp(site.world.kit.keys)
    returned = postfix(
        About(message_id=letter.message_id, sent_to=verp.address(letter.id, "returns@example.org") or "")
    )
    whole = b"\n".join(each.raw for each in first.letters)
    assert await take_in(returned + whole, verp=verp, now=site.world.clock())
    bob = await site.world.person("bob", email="bob@example.org")
    async with smtp_server(credentials=("postern", "changed"), port=0) as stranger:
        refused = {**fields(stranger), "auth": "password", "username": "postern", "password": SMTP}
        assert (await root.post("/mail-server", refused)).status_code == 303
        canary = create_canary(site.world.kit)
        assert canary is not None
        await canary.once()
        assert await Check.filter(slot=Slot.PRIMARY, refused=True).exists()
        assert (await root.post(f"/users/{bob.id}/reset-link")).status_code == 303
        await letters_out(site, second, planted, 1)
        await create_caller(site.world.kit).once()
    assert await WebhookCall.all().exists()
