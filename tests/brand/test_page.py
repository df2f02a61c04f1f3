"""The page on which letters get their looks."""

import re
from html import unescape
from typing import Any

import pytest

from tests.brand.pictures import gif, png
from tests.postal import ask, html_of, post, text_of, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.audit.models import AuditEntry
from webapp.audit.record import COMMAND_LINE
from webapp.brand.models import BrandRow
from webapp.brand.save import Overtaken, Saved, save
from webapp.brand.stored import stored
from webapp.letters.brand import PLAIN, Brand
from webapp.letters.examples import KINDS
from webapp.principal import Role

LOOKS = {
    "name": "Northwind",
    "colour": "#7A1F3E",
    "support": "help@northwind.example",
    "footer": "Northwind GmbH\r\nBerlin",
}


async def send(browser: Browser, fields: dict[str, str], logo: bytes | None = None, *, htmx: bool = False) -> Any:
    """What a browser sends: a form in parts, with an empty file where none was chosen."""
    part = ("logo.svg", logo, "image/svg+xml") if logo is not None else ("", b"", "application/octet-stream")
    headers = {"Sec-Fetch-Site": "same-origin"}
    if htmx:
        headers |= {"HX-Request": "true", "HX-Request-Type": "partial"}
    return await browser.client.post("/letters", data=fields, files={"logo": part}, headers=headers)


async def test_what_is_saved_is_how_the_next_letter_looks(world: World) -> None:
    admin = await world.admin()
    await world.person("alice", email="alice@example.org")
    answer = await send(admin, {**LOOKS, "version": "0"}, png())
    assert answer.status_code == 303
    assert answer.headers["location"] == "/letters"
    page = (await admin.get("/letters")).text
    assert 'value="Northwind"' in page
    assert 'value="#7a1f3e"' in page
    assert "Remove the logo" in page
    async with smtp_server() as server:
        await use_server(world, server)
        await ask(world, "alice")
        await post(world)
        letter = await server.next_letter()
    assert str(letter.message["Subject"]) == "Set a new password for Northwind"
    assert "help@northwind.example" in text_of(letter)
    assert "background-color: #7a1f3e" in html_of(letter)
    picture = next(part for part in letter.message.walk() if part.get_content_type() == "image/png")
    assert picture.get_content() == png()
    entry = await AuditEntry.get(action="brand:saved")
    assert entry.actor == "root"
    assert (entry.details["colour after"], entry.details["logo"]) == ("#7a1f3e", "changed")
    shown = (await admin.get("/audit")).text
    assert "changed how letters look" in shown


async def test_a_tests_letter_has_them_too(world: World) -> None:
    admin = await world.admin()
    await send(admin, {**LOOKS, "version": "0"})
    async with smtp_server() as server:
        await use_server(world, server)
        fields = {"host": server.host, "port": str(server.port), "security": "none", "auth": "none"}
        fields |= {"sender_address": "no-reply@example.org", "timeout_seconds": "5", "recipient": "root@example.org"}
        assert (await admin.post("/mail-server/tests", fields)).status_code == 200
        letter = await server.next_letter()
    assert str(letter.message["Subject"]) == "Test from Northwind"


async def test_a_logo_stays_until_it_is_removed(world: World) -> None:
    admin = await world.admin()
    await send(admin, {**LOOKS, "version": "0"}, gif())
    await send(admin, {**LOOKS, "name": "Southwind", "version": "1"})
    assert (await stored()).brand.logo == gif()
    assert (await stored()).brand.logo_type == "image/gif"
    await send(admin, {**LOOKS, "version": "2", "remove_logo": "on"})
    assert (await stored()).brand.logo == b""
    assert (await BrandRow.get()).logo is None
    # Everything emptied: Postern's own looks again.
    await send(admin, {"version": "3"})
    assert (await stored()).brand == PLAIN


async def test_a_form_without_parts_is_taken_too_and_nothing_new_writes_nothing(world: World) -> None:
    admin = await world.admin()
    assert (await admin.post("/letters", {**LOOKS, "version": "0"})).status_code == 303
    assert (await admin.post("/letters", {**LOOKS, "version": "1"})).status_code == 303
    assert (await stored()).version == 1
    assert await AuditEntry.filter(action="brand:saved").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "x" * 81, "at most 80 characters"),
        ("name", "two\nlines", "a single line"),
        ("name", "=?utf-8?q?x?=", "leave out the signs =?"),
        ("colour", "teal", "a colour such as #0a5c5e"),
        ("colour", "#12345", "a colour such as #0a5c5e"),
        ("colour", "#7a1f3e;x:y", "a colour such as #0a5c5e"),
        ("colour", "#ffcc00", "hard to read (1.5 to 1; 4.5 to 1 is needed). #"),
        ("support", "x" * 201, "at most 200 characters"),
        ("support", "a\x1bb", "a single line"),
        ("footer", "x" * 501, "at most 500 characters"),
        ("footer", "\n".join("123456 7"), "at most 6 lines"),
        ("footer", "a\x1bb", "leave out control characters"),
    ],
)
async def test_what_cannot_be_used_is_refused_on_the_field(world: World, field: str, value: str, why: str) -> None:
    admin = await world.admin()
    answer = await send(admin, {**LOOKS, field: value, "version": "0"}, htmx=True)
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith("<form")
    assert why in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert "Northwind" in answer.text or field == "name"
    assert not await BrandRow.exists()


async def test_the_darker_colour_that_is_offered_is_taken(world: World) -> None:
    admin = await world.admin()
    refused = await send(admin, {**LOOKS, "colour": "fc0", "version": "0"})
    offered = re.search(r"(#[0-9a-f]{6}) would do", refused.text)
    assert offered
    assert (await send(admin, {**LOOKS, "colour": offered[1], "version": "0"})).status_code == 303
    assert (await stored()).brand.colour == offered[1]


@pytest.mark.parametrize(
    ("logo", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG is not shown"),
        (b"MZ" + b"\x00" * 100, "a PNG, JPEG, GIF or WebP picture"),
        (png(601, 10), "at most 600 by 200 pixels; this one has 601 by 10"),
        (png(10, 201), "at most 600 by 200 pixels; this one has 10 by 201"),
        (png() + b"\x00" * 65_536, "at most 64 KB"),
    ],
)
async def test_a_file_that_is_no_fitting_picture_is_refused(world: World, logo: bytes, why: str) -> None:
    admin = await world.admin()
    answer = await send(admin, {**LOOKS, "version": "0"}, logo)
    assert answer.status_code == 422
    assert why in answer.text
    assert "Northwind" in answer.text
    assert not await BrandRow.exists()


async def test_more_than_one_file_or_a_file_elsewhere_is_refused(world: World) -> None:
    admin = await world.admin()
    headers = {"Sec-Fetch-Site": "same-origin"}
    for files in (
        [("logo", ("a.png", png(), "image/png")), ("logo", ("b.png", png(), "image/png"))],
        [("name", ("a.png", png(), "image/png"))],
        [("other", ("a.png", png(), "image/png"))],
    ):
        answer = await admin.client.post("/letters", data={"version": "0"}, files=files, headers=headers)
        assert answer.status_code in {400, 422}
    assert (await admin.post("/letters", {"logo": "text", "version": "0"})).status_code == 422
    huge = await admin.client.post(
        "/letters", data={}, files={"logo": ("a.png", b"\x00" * 600_000, "image/png")}, headers=headers
    )
    assert huge.status_code == 413
    assert not await BrandRow.exists()


async def test_whoever_saves_second_sees_what_the_first_has_changed(world: World) -> None:
    admin = await world.admin()
    await send(admin, {**LOOKS, "version": "0"})
    for version in ("0", "7", "", "x"):
        answer = await send(admin, {**LOOKS, "name": "Southwind", "version": version}, png(), htmx=True)
        assert answer.status_code == 409
        assert "Somebody else has changed the letters meanwhile" in answer.text
        assert "Northwind" in answer.text
        assert "Southwind" in answer.text
        assert f"a picture of {len(png())} bytes" in answer.text
        assert 'name="version" value="1"' in answer.text
    assert (await stored()).brand.name == "Northwind"
    assert (await send(admin, {**LOOKS, "name": "Southwind", "version": "1"})).status_code == 303


async def test_of_two_first_saves_one_is_kept(world: World) -> None:
    now = world.clock()
    assert await save(Brand(name="One"), version=0, actor=COMMAND_LINE, now=now) == Saved(changed=True)
    late = await save(Brand(name="Two"), version=0, actor=COMMAND_LINE, now=now)
    assert isinstance(late, Overtaken)
    assert late.current.brand.name == "One"
    assert await AuditEntry.filter(action="brand:saved").count() == 1


async def test_the_preview_follows_what_is_typed_and_keeps_nothing(world: World) -> None:
    admin = await world.admin()
    query = "/letters?kind=invitation&lang=zh_Hans&name=Typed&colour=%237a1f3e&support=&footer="
    region = await admin.htmx_get(query, shown="/letters")
    assert region.text.lstrip().startswith("<div")
    assert 'id="preview"' in region.text
    assert region.text.count("<iframe") == region.text.count(" sandbox ") == 2
    assert "Typed" in region.text
    source = unescape(re.findall(r'src="([^"]+)"', region.text)[0])
    assert source.startswith("/letters/invitation/preview?lang=zh_Hans&name=Typed")
    letter = await admin.get(source)
    assert '<html lang="zh-Hans">' in letter.text
    assert "background-color: #7a1f3e" in letter.text
    assert not await BrandRow.exists()
    page = await admin.get(query)
    assert 'value="Typed"' in page.text
    assert "<html" in page.text
    assert not await BrandRow.exists()


async def test_what_cannot_be_used_is_left_out_of_the_preview_and_said_there(world: World) -> None:
    admin = await world.admin()
    region = await admin.htmx_get("/letters?name=Typed&colour=%23ffcc00&support=&footer=")
    assert "hard to read" in region.text
    letter = await admin.get("/letters/test/preview?name=Typed&colour=%23ffcc00")
    assert letter.status_code == 200
    assert "Typed" in letter.text
    assert "ffcc00" not in letter.text


@pytest.mark.parametrize("kind", KINDS)
async def test_each_letter_is_a_document_in_which_nothing_can_happen(world: World, kind: str) -> None:
    admin = await world.admin()
    await send(admin, {**LOOKS, "version": "0"}, png())
    letter = await admin.get(f"/letters/{kind}/preview")
    policy = letter.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert "allow-" not in policy
    assert letter.headers["x-frame-options"] == "SAMEORIGIN"
    assert letter.headers["cache-control"] == "no-store"
    assert 'src="data:image/png;base64,' in letter.text
    assert "cid:" not in letter.text
    assert "Northwind" in letter.text
    page = await admin.get(f"/letters?kind={kind}")
    assert page.headers["content-security-policy"].endswith("; frame-src 'self'")
    assert page.headers["x-frame-options"] == "DENY"


async def test_saving_shows_the_preview_anew_for_the_letter_that_was_chosen(world: World) -> None:
    admin = await world.admin()
    answer = await send(admin, {**LOOKS, "version": "0", "kind": "test", "lang": "en"}, htmx=True)
    assert answer.status_code == 200
    assert '<hx-partial hx-target="#preview"' in answer.text
    assert "/letters/test/preview?" in answer.text
    assert "Saved." in answer.text


async def test_there_is_no_preview_of_what_is_no_letter(world: World) -> None:
    admin = await world.admin()
    assert (await admin.get("/letters/layout/preview")).status_code == 404
    assert (await admin.get("/letters/..%2Flayout/preview")).status_code == 404
    assert (await admin.get("/letters?kind=layout&lang=xx")).status_code == 200
    assert (await admin.get("/letters/test/preview?name=a&name=b")).status_code == 422


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_nobody_but_administrators_gets_at_it(world: World, role: Role) -> None:
    await world.person("other", password=PASSWORD, role=role)
    browser = world.browser()
    await browser.sign_in("other", PASSWORD)
    assert (await browser.get("/letters")).status_code == 403
    assert (await browser.get("/letters/test/preview")).status_code == 403
    assert (await browser.post("/letters", {"version": "0"})).status_code == 403
    assert 'href="/letters"' not in (await browser.get("/account")).text


async def test_people_who_are_not_signed_in_see_the_platforms_name(world: World) -> None:
    admin = await world.admin()
    stranger = world.browser()
    assert "Northwind" not in (await stranger.get("/sign-in")).text
    await send(admin, {**LOOKS, "name": "Northwind & <b>", "version": "0"})
    world.clock.advance(seconds=11)
    for path in ("/sign-in", "/password-reset", "/password-reset/sent", "/not-me/x", "/nothing"):
        page = (await stranger.get(path)).text
        assert "Northwind &amp; &lt;b&gt;" in page
        assert "Postern" not in page
    assert "<span>Postern</span>" in (await admin.get("/letters")).text
