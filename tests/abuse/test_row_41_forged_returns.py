"""Nobody marks addresses as undeliverable by inventing returned mail."""

import re

from tests.bounces.reports import About, exchange, postfix
from tests.postal import ask, post, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.bounces.models import Return
from webapp.bounces.take_in import Ignored, Noted, Why, take_in
from webapp.bounces.verp import Verp
from webapp.crypto.keys import Keys
from webapp.outbox.models import Letter
from webapp.users.models import User

STRANGER = Verp(Keys.parse("a key that the stranger made up themselves"))


async def nobody_is_marked() -> bool:
    return not await User.filter(email_refused_at__not_isnull=True).exists() and not await Return.exists()


async def test_a_stranger_who_knows_address_and_number_marks_nobody(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    await world.person("mallory", email="mallory@example.org")
    async with smtp_server() as server:
        await use_server(world, server, bounce_address="returns@example.org")
        for name in ("alice", "mallory"):
            await ask(world, name)
            await post(world)
        for_alice, for_mallory = server.letters
    victim = await Letter.get(recipient="alice@example.org")
    verp = Verp(world.kit.keys)

    async def forged(about: About) -> object:
        first, second = [await take_in(write(about), verp=verp, now=world.clock()) for write in (postfix, exchange)]
        assert await nobody_is_marked(), about
        assert first == second
        return first[0]

    # No signature, somebody else's, a guess, and one with holes.
    guesses = [
        "returns@example.org",
        f"returns+{victim.id}@example.org",
        STRANGER.address(victim.id, "returns@example.org") or "",
        "returns+b.aaaaaaaaaaaaaaaa@example.org",
        re.sub(r"\..{16}@", ".@", for_alice.sender),
    ]
    ids = ["", "<>", "<%>", "<' OR 1=1 --@example.org>", f"<{victim.id}@example.org>", "<" + "0" * 32 + "@example.org>"]
    for sent_to in guesses:
        for message_id in ids:
            assert await forged(About(sent_to=sent_to, message_id=message_id)) == Ignored(Why.NO_SUCH_LETTER)

    # Mallory's own letter, its signature included, speaks for Mallory's address alone.
    own = About(sent_to=for_mallory.sender, message_id=str(for_mallory.message["Message-ID"]))
    assert await forged(own) == Ignored(Why.OTHER_RECIPIENT, victim.id + 1)
    # Nor does the signature of one letter fit another's number.
    number, signature = (re.search(r"\+(.+)\.(.{16})@", each.sender) for each in (for_alice, for_mallory))
    assert number
    assert signature
    mixed = f"returns+{number[1]}.{signature[2]}@example.org"
    assert await forged(own.but(sent_to=mixed, message_id="")) == Ignored(Why.NO_SUCH_LETTER)

    # The servers on the way do know it.
    true = About(sent_to=for_alice.sender)
    assert isinstance((await take_in(postfix(true), verp=verp, now=world.clock()))[0], Noted)
    assert (await User.get(username="alice")).email_refused_at is not None
    assert (await User.get(username="mallory")).email_refused_at is None


async def test_a_marked_address_still_gets_letters(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    await User.filter(username="alice").update(email_refused_at=world.clock(), email_refusal="550 5.1.1")
    async with smtp_server() as server:
        await use_server(world, server)
        await ask(world, "alice")
        await post(world)
        assert [each.recipients for each in server.letters] == [["alice@example.org"]]
