"""The first minutes with a new installation."""

from tests.e2e.conftest import Tabs


async def test_the_link_on_the_console_leads_to_the_mail_server(tabs: Tabs) -> None:
    tab = await tabs.open()
    await tab.become_administrator()
    assert await tab.page.get_by_role("heading", level=1).inner_text() == "Mail server"
    assert "Welcome" in await tab.page.locator("#toasts").inner_text()
