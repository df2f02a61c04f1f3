"""The test of the mail server in a browser: it can be stopped, and an edit makes what was tested untested."""

import asyncio
import ssl

import pytest
from playwright.async_api import FilePayload, Request, expect

from tests.e2e.conftest import Site, Tab, Tabs
from tests.e2e.test_main_job import fill_in_the_mail_server
from tests.smtp_server import ca_pem

pytestmark = pytest.mark.one_engine  # what is looked at is the page; tests/mail_server has the rest on both

PASSWORD = "typed and never in an address"


async def set_up(tabs: Tabs) -> Tab:
    tab = await tabs.open()
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.save()
    return tab


async def test_an_edit_turns_the_verdict_to_untested(tabs: Tabs) -> None:
    tab = await set_up(tabs)
    page = tab.page
    untested, tested = page.locator("#untested"), page.locator("#tested-verdict")
    await expect(untested).to_be_hidden()
    await page.get_by_label("Sender's name").fill("Other")
    await expect(untested).to_be_visible()
    await page.get_by_role("button", name="Test Mail Server").click()
    await expect(tested).to_contain_text("Tested, and not saved yet")
    await expect(untested).to_be_hidden()
    await page.get_by_label("Sender's name").fill("Another")
    await expect(tested).to_be_hidden()
    await expect(untested).to_be_visible()


async def test_a_test_can_be_stopped(tabs: Tabs, site: Site) -> None:
    dialled, left = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.set()
        await reader.read()
        left.set()
        writer.close()

    tab = await set_up(tabs)
    page = tab.page
    async with await asyncio.start_server(silent, "127.0.0.1", site.free_port):
        await page.get_by_role("textbox", name="Port").fill(str(site.free_port))
        button = page.get_by_role("button", name="Test Mail Server")
        await button.click()
        # Stopped earlier, there would be nothing to leave.
        await asyncio.wait_for(dialled.wait(), 20)
        await page.locator("#ladder-card").get_by_role("button", name="Stop").click()
        await expect(page.locator("#ladder > li").last).to_contain_text("Stopped")
        await expect(button).to_be_focused()
        await asyncio.wait_for(left.wait(), 20)
    await expect(page.locator("#outcome")).to_be_empty()
    await expect(page.get_by_role("button", name="Stop")).to_be_hidden()


async def test_a_host_is_recognised_as_it_is_typed_and_no_password_is_sent_for_it(tabs: Tabs) -> None:
    tab = await set_up(tabs)
    page = tab.page
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/providers" in request.url else None)
    await page.locator("input[name=auth][value=password]").check()
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Host").fill("smtp.163.com")
    await page.get_by_role("textbox", name="Port").focus()
    await expect(page.locator("#provider-proposal")).to_contain_text("smtp.163.com, port 465, TLS")
    await expect(page.get_by_role("textbox", name="Port")).to_be_focused()
    assert [(each.method, each.post_data) for each in asked] == [("GET", None)]
    assert "password" not in asked[0].url
    await page.get_by_role("button", name="Use these").click()
    await expect(page.get_by_role("textbox", name="Port")).to_have_value("465")
    await expect(page.get_by_label("Password", exact=True)).to_have_value(PASSWORD)


async def test_a_certificate_is_taken_from_a_file(tabs: Tabs) -> None:
    tab = await set_up(tabs)
    page = tab.page
    await page.get_by_text("Less common settings").click()
    binary = ssl.PEM_cert_to_DER_cert(ca_pem())
    for content in (ca_pem().encode(), binary):
        await page.locator("#ca_certificate").fill("")
        file = FilePayload(name="authority", mimeType="application/octet-stream", buffer=content)
        await page.get_by_label("Or take it from a file").set_input_files(file)
        await expect(page.locator("#ca_certificate")).to_have_value(ca_pem())
    await tab.save()


async def test_a_long_name_does_not_push_the_page_apart(tabs: Tabs) -> None:
    tab = await set_up(tabs)
    page = tab.page
    await page.get_by_label("Host").fill(".".join(["a-name-of-sixty-signs-" + "x" * 38] * 3) + ".invalid")
    await page.get_by_role("textbox", name="Port").fill("25")
    await page.get_by_role("button", name="Test Mail Server").click()
    await expect(page.locator("#outcome-verdict")).to_contain_text("was not sent")
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_way_back_to_earlier_settings_fits_on_the_page(tabs: Tabs) -> None:
    tab = await set_up(tabs)
    await tab.page.locator("input[name=auth][value=password]").check()
    await tab.page.get_by_label("Username").fill("postern")
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.save()
    await tab.page.locator("input[name=auth][value=none]").check()
    await tab.save()
    await tab.go("/mail-server/revisions")
    await tab.page.locator("#revision-2 summary").click()
    for element in ("#revision-2 input[type=password]", "#revision-1 button"):
        box = await tab.page.locator(element).bounding_box()
        assert box is not None
        assert box["width"] > 100
    assert await tab.page.evaluate("(t => t.scrollWidth <= t.clientWidth)(document.getElementById('revisions'))")
