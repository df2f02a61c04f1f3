"""Passkeys, by Chromium's virtual authenticator, and the pages around them."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, Tab, Tabs

pytestmark = pytest.mark.one_engine  # what is looked at is the browser; tests/sessions has the rest on both


async def virtual_authenticator(tab: Tab) -> Any:
    """Give the tab a security key that agrees to everything; the session by which it is asked."""
    cdp = await tab.page.context.new_cdp_session(tab.page)
    await cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, made["authenticatorId"]


async def add_passkey(tab: Tab) -> None:
    """Add a passkey to the signed-in account."""
    page = tab.page
    await tab.go("/account/factors")
    await page.locator("#password-passkey").fill(PASSWORD)
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_label("Name").fill("Laptop")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()


async def give_password(tab: Tab) -> None:
    """The first step of signing in."""
    await tab.go("/sign-in")
    await tab.page.get_by_label("Username or mail address").fill("root")
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.page.get_by_role("button", name="Sign in").click()
    await tab.page.wait_for_url("**/sign-in/factor")


async def test_a_passkey_is_added_and_signs_in_and_a_copy_does_not(tabs: Tabs) -> None:
    tab = await tabs.open()
    cdp, key = await virtual_authenticator(tab)
    await tab.set_up()
    await add_passkey(tab)
    await tab.page.get_by_role("button", name="Sign out").first.click()
    await give_password(tab)
    await tab.page.get_by_role("button", name="Use passkey").click()
    await tab.page.wait_for_url(lambda url: "/sign-in" not in url)

    # A copy of the key counts from where it was copied.
    held = (await cdp.send("WebAuthn.getCredentials", {"authenticatorId": key}))["credentials"][0]
    await tab.page.get_by_role("button", name="Sign out").first.click()
    await give_password(tab)
    await cdp.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    copied = {**held, "signCount": 0}
    await cdp.send("WebAuthn.addCredential", {"authenticatorId": key, "credential": copied})
    await tab.page.get_by_role("button", name="Use passkey").click()
    await expect(tab.page.get_by_text("This passkey did not work here.")).to_be_visible()


async def test_an_answer_made_for_another_origin_is_refused(tabs: Tabs) -> None:
    tab = await tabs.open()
    await virtual_authenticator(tab)
    await tab.set_up()
    await add_passkey(tab)
    await tab.page.get_by_role("button", name="Sign out").first.click()
    await give_password(tab)
    # What a page elsewhere would have the key sign says so in the client's data.
    await tab.page.evaluate(
        """() => {
          const get = navigator.credentials.get.bind(navigator.credentials);
          navigator.credentials.get = async (options) => {
            const signed = await get(options);
            const data = JSON.parse(new TextDecoder().decode(signed.response.clientDataJSON));
            const elsewhere = new TextEncoder().encode(JSON.stringify({ ...data, origin: "http://evil.example" }));
            const { authenticatorData, signature } = signed.response;
            const { id, rawId, type } = signed;
            return { id, rawId, type, response: { clientDataJSON: elsewhere, authenticatorData, signature } };
          };
        }"""
    )
    await tab.page.get_by_role("button", name="Use passkey").click()
    await expect(tab.page.get_by_text("This passkey did not work here.")).to_be_visible()


async def test_a_recovery_code_signs_in_without_scripts(tabs: Tabs) -> None:
    tab = await tabs.open()
    await virtual_authenticator(tab)
    await tab.set_up()
    await add_passkey(tab)
    code = (await tab.page.locator("#recovery-codes").inner_text()).split()[0]
    plain = await tabs.open(scripts=False, width=390)
    await give_password(plain)
    await expect(plain.page.get_by_role("button", name="Use passkey")).to_be_hidden()
    await plain.page.get_by_label("Code").press_sequentially(code)
    await plain.page.keyboard.press("Enter")
    await plain.page.wait_for_url(lambda url: "/sign-in" not in url)
