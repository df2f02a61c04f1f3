"""The banners over every page of staff while something is wrong or waits for them."""

from datetime import UTC
from typing import Final

from webapp.delivery.standing import paused, standing
from webapp.health.now import fails
from webapp.mail_server import active as mail_server
from webapp.mail_server.models import Slot
from webapp.mail_server.revisions import newest
from webapp.principal import Principal, Role
from webapp.recovery.help.inbox import is_any_open
from webapp.routes import path_of
from webapp.text import message
from webapp.tools import Tools
from webapp.users.find import frozen_accounts
from webapp.web.guards import STAFF
from webapp.web.pages import Banner


async def banners_for(kit: Tools, principal: Principal) -> list[Banner]:
    """What this person should see first on every page; nothing while they may reach none of the pages it leads to."""
    needs_factor = principal.role in (await kit.policy()).factor_roles and not principal.second_factor
    if principal.must_change or needs_factor:
        return []
    trouble = await _trouble(kit) if principal.role is Role.ADMIN else None
    found = [trouble] if trouble else []
    if principal.role in STAFF and await is_any_open(principal.role, vault=kit.vault):
        text = message("Somebody asks for help.")
        found.append(Banner(text, "info", path_of("help_inbox"), message("See the requests")))
    return found


async def _trouble(kit: Tools) -> Banner | None:
    if await paused() is not None:
        return await _fallback_banner(kit) or Banner(
            message("The mail server does not take letters at the moment. They wait, and none is lost."),
            "error",
            path_of("mail_log"),
            message("See what it says"),
        )
    frozen = await frozen_accounts()
    if frozen:
        return Banner(
            message("An account is frozen: its holder said that a change was not theirs.")
            if frozen == 1
            else message(
                "%(number)s accounts are frozen: their holders said that a change was not theirs.", number=frozen
            ),
            "error",
            f"{path_of('people')}?status=frozen",
            message("See who it is") if frozen == 1 else message("See who they are"),
        )
    preset = kit.settings.preset()
    revision = await newest()
    if kit.settings.canary_minutes and await fails(revision, kit.vault, preset):
        return Banner(
            _LOCKED_OUT[isinstance(await _active_fallback(kit), mail_server.ActiveServer)],
            "error",
            path_of("mail_server"),
            message("Go to the mail server"),
        )
    state = (await mail_server.health_of(revision, kit.vault, preset)).state
    if state is mail_server.State.NOT_READY and (carried := await _fallback_banner(kit)):
        return carried
    text = _TROUBLES.get(state)
    return Banner(text, "warning", path_of("mail_server"), message("Go to the mail server")) if text else None


async def mail_is_down(kit: Tools) -> bool:
    """Whether it is known that no letter can go out now. It hangs on nobody who asks."""
    if isinstance(await _active_fallback(kit), mail_server.ActiveServer):
        found = await standing(kit.vault, kit.presets)
        if found is None or found.relieved:
            return False
        return await paused() is not None
    if await paused() is not None:
        return True
    preset = kit.settings.preset()
    revision = await newest()
    if kit.settings.canary_minutes and await fails(revision, kit.vault, preset):
        return True
    health = await mail_server.health_of(revision, kit.vault, preset)
    return health.state in {mail_server.State.NONE, mail_server.State.NOT_READY}


async def _active_fallback(kit: Tools) -> mail_server.ActiveServer | mail_server.NotReady | None:
    return await mail_server.active_server(kit.vault, kit.presets[Slot.FALLBACK], Slot.FALLBACK)


async def _fallback_banner(kit: Tools) -> Banner | None:
    """That the fallback server has taken over, since when and why; None if it has not."""
    found = await standing(kit.vault, kit.presets)
    if found is None or not found.relieved:
        return None
    why, pause_on = found.reply[:_SAID] or found.reason, await paused()
    if pause_on is None:
        text = message("The fallback server takes the letters: %(why)s", why=why)
        return Banner(text, "warning", path_of("mail_server"), message("Go to the mail server"))
    since = pause_on.since.astimezone(UTC)
    shape = "%H:%M UTC" if since.date() == kit.clock().date() else "%Y-%m-%d %H:%M UTC"
    text = message(
        "The fallback server has taken the letters since %(time)s; the mail server refuses: %(why)s",
        time=since.strftime(shape),
        why=why,
    )
    return Banner(text, "warning", path_of("mail_log"), message("See the mail log"))


_LOCKED_OUT: Final = {
    False: message("The mail server does not let Postern in: letters cannot go out now."),
    True: message("The mail server does not let Postern in: letters go out by the fallback server."),
}
"""By whether there is a fallback server."""

_SAID: Final = 200
"""How much of a mail server's reply a banner repeats."""

_TROUBLES: Final = {
    mail_server.State.NONE: message("No mail server is set up: nobody can get back in by mail."),
    mail_server.State.NOT_READY: message("The mail server cannot be used as it is set up: letters wait."),
    mail_server.State.UNTESTED: message("The mail server's settings were never tested."),
    mail_server.State.FAILED: message("The last test of the mail server failed."),
}
