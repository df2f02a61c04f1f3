from tests.postal import use_server
from tests.world import World
from webapp.db.connect import writing
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Revision, Slot, Verdict
from webapp.mail_server.verdict import fingerprint
from webapp.ops.examination import Grade, fallback_server, mail_server

PRESET = {
    "host": "mail.example.org",
    "port": "587",
    "security": "starttls",
    "auth": "none",
    "sender_address": "postern@example.org",
}


async def test_the_mail_server_is_as_good_as_its_last_test(world: World) -> None:
    vault = world.kit.vault
    assert (await mail_server(vault, {})).grade is Grade.WARN
    assert (await mail_server(vault, PRESET)).grade is Grade.WARN
    active = await active_server(vault, PRESET)
    assert isinstance(active, ActiveServer)
    for passed, grade in ((False, Grade.WRONG), (True, Grade.OK)):
        await Verdict.create(
            fingerprint=fingerprint(vault, active.server),
            tested_at=world.clock(),
            passed=passed,
            step="message",
            milliseconds=1,
        )
        assert (await mail_server(vault, PRESET)).grade is grade


async def test_a_fallback_server_is_looked_at_where_there_is_one(world: World) -> None:
    vault = world.kit.vault
    assert await fallback_server(vault, {}) == []
    await use_server(world, slot=Slot.FALLBACK, host="mail.example.org")
    assert [each.grade for each in await fallback_server(vault, {})] == [Grade.WARN]
    active = await active_server(vault, {}, Slot.FALLBACK)
    assert isinstance(active, ActiveServer)
    for passed, grade in ((False, Grade.WARN), (True, Grade.OK)):
        await Verdict.create(
            fingerprint=fingerprint(vault, active.server),
            tested_at=world.clock(),
            passed=passed,
            step="message",
            milliseconds=1,
        )
        assert [each.grade for each in await fallback_server(vault, {})] == [grade]
    await Revision.all().update(host="not a host")
    assert [each.grade for each in await fallback_server(vault, {})] == [Grade.WARN]


async def test_a_mistake_of_ours_is_not_blamed_on_the_database(world: World) -> None:
    await writing().execute_query("DROP TABLE returns")
    await writing().execute_query("DROP TABLE attempts")
    await writing().execute_query("DROP TABLE recovery_requests")
    await writing().execute_query("DROP TABLE letters")
    assert (await world.browser().get("/metrics")).status_code == 500
