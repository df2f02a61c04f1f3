"""The SMTP password is written and never read back: from no page, export, entry, error or row, not even its length."""

import base64
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.abuse.test_row_37_log_as_takeover import everything_stored
from tests.cli.postern import Postern
from tests.databases import dsn
from tests.mail_server.filling import fields, with_password
from tests.postal import crew
from tests.served import Served
from tests.smtp_server import replies, scripted_server, smtp_server
from tests.world import KEYS, Browser
from webapp.db.connect import Database
from webapp.mail_server.models import Revision
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.routes import URLS

PATH: Final = "/mail-server"
SECRET: Final = "Kanarienvogel/7+ä?&<b>"
"""Long enough to be found, and different in URLs, HTML, JSON and base64."""

FORMS: Final = (
    SECRET,
    "Kanarienvogel",
    *(base64.b64encode(bytes(lead) + SECRET.encode())[4:-4].decode() for lead in range(3)),
)
PAGES: Final = [url.path for url in URLS if url.get and "{" not in url.path]


def holds_secret(text: str) -> bool:
    """Whether the secret is in a text, in any of its forms."""
    return any(form in text for form in FORMS)


async def every_page(browser: Browser) -> dict[str, str]:
    """All pages that have no parameters, whole and as htmx gets them, headers included."""
    found = {}
    for path in [*PAGES, *await linked(browser, "/audit"), *await linked(browser, "/mail-log")]:
        for get in (browser.get, browser.htmx_get):
            response = await get(path)
            found[f"{get.__name__} {path}"] = f"{response.headers}{response.text}"
    return found


async def linked(browser: Browser, path: str) -> list[str]:
    """The pages below this one to which it has links."""
    return sorted(set(re.findall(rf'href="({path}/[0-9]+)"', (await browser.get(path)).text)))


async def test_no_page_holds_it(
    site: Served, db: Database, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", SECRET)) as server:
        form = with_password(server, password=SECRET)
        answers: list[Any] = [await root.htmx_post(f"{PATH}/tests", {**form, "recipient": "a@example.org"})]
        assert "The test mail has been sent." in answers[0].text
        answers.append(await root.post(f"{PATH}/tests", {**form, "recipient": "a@example.org"}))
        answers.append(await root.post(PATH, form))
        answers.append(await root.htmx_post(PATH, {**form, "sender_name": "Changed"}))
        assert [secret for _, _, secret in server.sign_ins] == [SECRET, SECRET]
        person = await site.world.person("carol", email="carol@example.org")
        order = Order(kind="password_changed", recipient="carol@example.org", language="en", user_id=person.id)
        await enqueue(order, now=site.world.clock())
        worker = crew(site.world).worker
        await worker.once()
        await worker.aclose()
        assert len(server.sign_ins) == 3
    for answer in answers:
        assert not holds_secret(f"{answer.headers}{answer.text}")
    pages = await every_page(root)
    assert f"get {PATH}" in pages
    assert [where for where, text in pages.items() if holds_secret(text)] == []
    assert not holds_secret(await everything_stored())
    captured = capfd.readouterr()
    assert not holds_secret(captured.out + captured.err + caplog.text)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"host": "no/host"}, 422),
        ({"port": "many"}, 422),
        ({"sender_address": "nobody"}, 422),
        ({"username": ""}, 422),
        ({"ca_certificate": "-----BEGIN CERTIFICATE-----"}, 422),
        ({"password": SECRET + "\nx"}, 422),
        ({"password": SECRET * 60}, 422),
        ({"unknown": "field"}, 422),
        ({"revision": "0"}, 409),
    ],
)
async def test_no_refusal_gives_it_back(site: Served, changes: dict[str, str], status: int) -> None:
    root = await site.signed_in()
    if status == 409:
        await root.post(PATH, fields())
    form = {**with_password(password=SECRET), **changes}
    for post in (root.post, root.htmx_post):
        response = await post(PATH, form)
        assert response.status_code == status, response.text
        assert not holds_secret(response.text)
        response = await post(f"{PATH}/tests", {**form, "recipient": "not an address"})
        assert response.status_code == 422
        assert not holds_secret(response.text)


@pytest.mark.one_engine  # it is the server that speaks
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "MESSAGE"])
async def test_a_server_that_repeats_it_is_not_quoted(site: Served, db: Database, step: str) -> None:
    """The transcript, the rungs, the text for support and the mail log mask what the server says back."""
    encoded = base64.b64encode(f"\0postern\0{SECRET}".encode()).decode()
    code = {"GREETING": "554", "EHLO": "550", "AUTH": "535"}.get(step, "550")
    root = await site.signed_in()
    async with scripted_server(replies({step: f"{code} 5.7.0 no: {SECRET} {encoded}"})) as server:
        form = with_password(server, password=SECRET)
        response = await root.htmx_post(f"{PATH}/tests", {**form, "recipient": "a@example.org"})
        assert response.status_code == 200
        assert "********" in response.text
        assert not holds_secret(response.text)
        await root.post(PATH, form)
        await site.world.person("carol", email="carol@example.org")
        await enqueue(
            Order(kind="password_changed", recipient="carol@example.org", language="en"), now=site.world.clock()
        )
        worker = crew(site.world).worker
        await worker.once()
        await worker.aclose()
    pages = await every_page(root)
    assert [where for where, text in pages.items() if holds_secret(text)] == []
    assert not holds_secret(await everything_stored())


async def test_its_length_is_not_told(site: Served) -> None:
    root = await site.signed_in()
    seen = set()
    for secret in ("a", "b" * 12, "ü" * 400):
        await Revision.all().delete()
        await root.post(PATH, with_password(password=secret))
        await root.get(PATH)  # which shows what was just done, and is told apart from what stays
        page = (await root.get(PATH)).text
        seen.add((len(page), page))
    assert len(seen) == 1


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_other_roles_do_not_even_see_the_settings(site: Served, role: Role) -> None:
    await (await site.signed_in()).post(PATH, with_password(password=SECRET))
    other = await site.signed_in("other", role)
    for url in URLS:
        if url.path.startswith(PATH):
            path = url.path.replace("{id:id}", "1")
            if url.get:
                assert (await other.get(path)).status_code == 403
            if url.post:
                assert (await other.post(path, with_password(password=""))).status_code == 403
    assert not holds_secret("".join((await every_page(other)).values()))


async def test_the_command_line_does_not_print_it(database: Database, tmp_path: Path) -> None:
    postern = Postern(tmp_path, DATABASE_URL=dsn(database), SECRET_KEYS=KEYS)
    async with smtp_server(credentials=("postern", SECRET)) as server:
        start = ["--host", server.host, "--port", str(server.port), "--security", "none", "--auth", "password"]
        more = ["--username", "postern", "--sender-address", "postern@example.org", "--password-stdin"]
        ports = str(server.port)
        done = [await postern.run("mail-server", "set", *start, *more, text=SECRET, EGRESS_PORTS=ports)]
        commands = (["show"], ["show", "--json"], ["test", "--to", "a@example.org", "--json"])
        done += [await postern.run("mail-server", *command, EGRESS_PORTS=ports) for command in commands]
        assert [each.status for each in done] == [0] * 4, done
        assert {secret for _, _, secret in server.sign_ins} == {SECRET}
        preset = {"MAIL_SERVER_PASSWORD": SECRET, "MAIL_SERVER_HOST": server.host, "MAIL_SERVER_PORT": ports}
        preset |= {"MAIL_SERVER_SECURITY": "none", "MAIL_SERVER_USERNAME": "postern", "EGRESS_PORTS": ports}
        done.append(await postern.run("mail-server", "show", "--json", **preset))
        done.append(await postern.run("mail-server", "test", "--to", "a@example.org", "--json", **preset))
        done.append(await postern.run("doctor", "--json", **preset))
        done.append(await postern.run("mail-server", "show", **{**preset, "MAIL_SERVER_PORT": "none"}))
    assert not any(holds_secret(each.out + each.err) for each in done)
