"""Request, link, and what becomes of it, in any order: the links that work are those that should."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from tests.fakes import FakeClock
from tests.properties.profile import bounded
from tests.world import World, a_world
from webapp.audit.record import Actor
from webapp.crew import create_worker
from webapp.crypto.links import Purpose
from webapp.db.connect import Database, connected
from webapp.db.models import Lease
from webapp.outbox.models import Letter
from webapp.recovery.new_password import Done, set_new_password
from webapp.recovery.request import Ask, request_link
from webapp.recovery.reset_link import Expired, Invalid, Open, Spent, mint, verify
from webapp.recovery.send_link import Sent, send_reset_link
from webapp.security_policy import Policy
from webapp.users.change_state import disable, enable
from webapp.users.edit import Corrected, Correction, correct
from webapp.users.models import User
from webapp.users.set_password import Change, change_password

BY = Actor("tests")
LIFETIME = timedelta(minutes=30)
POLICY = Policy(link_minutes=30, password_history=1)


@dataclass(frozen=True)
class Link:
    """A link that was sent."""

    token: str
    version: int
    minted_at: datetime


class Bench:
    """One database, and an event loop that stays open between the steps."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self.runner = runner
        self.world = world
        self.people = 0


class Recovery(RuleBasedStateMachine):
    """One person, the links sent to them, and what the rules say of each."""

    links = Bundle("links")

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.world = bench.world
        self.run = bench.runner.run
        bench.people += 1
        self.name = f"person{bench.people}"
        self.clock: FakeClock = self.world.clock
        self.clock.advance(hours=2)
        self.user_id = self.run(self.world.person(self.name, email=f"{self.name}@example.org")).id
        self.version = 1
        self.active = True
        self.addresses = 0
        self.sent: list[Link] = []
        self.letters = 0
        self.passwords = 0

    @rule(target=links)
    def ask(self) -> object:
        """The person, or anybody, asks on the forgot page: no link dies by it."""
        self.clock.advance(seconds=61)
        self.run(self._ask())
        return self._mint()

    async def _ask(self) -> None:
        asked, kit = Ask(identifier=self.name.upper()), self.world.kit
        await request_link(asked, vault=kit.vault, network="127.0.0.1", language="en", now=self.clock())
        crew = create_worker(kit)
        await crew.drain.once()
        await crew.worker.aclose()
        await Lease.all().delete()

    @rule(target=links)
    def resend(self) -> object:
        """An administrator sends a link: those sent before are superseded."""
        outcome = self.run(send_reset_link(self.user_id, actor=BY, now=self.clock(), language="en"))
        assert isinstance(outcome, Sent) == self.active
        self.version += self.active
        return self._mint()

    def _mint(self) -> object:
        """What the worker would send for letters that came about since, as it does: minted now, for the letter."""
        return multiple(*self.run(self._minted()))

    async def _minted(self) -> list[Link]:
        letters = await Letter.filter(user_id=self.user_id, kind="reset_link", id__gt=self.letters).order_by("id")
        made = []
        for letter in letters:
            self.letters = letter.id
            assert self.active, "a disabled person was written to"
            assert letter.recovery_version == self.version
            token = mint(self.world.kit.links, user_id=self.user_id, recovery_version=self.version, letter_id=letter.id)
            made.append(Link(token, self.version, self.clock().replace(microsecond=0)))
        self.sent += made
        return made

    @rule(minutes=st.integers(1, 25))
    def wait(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @rule()
    def shut(self) -> None:
        self.run(disable(self.user_id, actor=BY, now=self.clock()))
        self.version += self.active
        self.active = False

    @rule()
    def open_again(self) -> None:
        self.run(enable(self.user_id, actor=BY, now=self.clock()))
        self.active = True

    @rule()
    def move(self) -> None:
        """A new address ends the links that went to the old one."""
        self.addresses += 1
        self.run(self._move(f"{self.name}.{self.addresses}@example.org"))
        self.version += 1

    async def _move(self, address: str) -> None:
        person = await User.get(id=self.user_id)
        correction = Correction(email=address, display_name="", version=person.version)
        assert isinstance(await correct(self.user_id, correction, actor=BY, now=self.clock()), Corrected)

    @rule()
    def be_given_a_password(self) -> None:
        change = Change(user_id=self.user_id, password_hash="x", action="user:set_password")
        assert self.run(change_password(change, actor=BY, now=self.clock()))
        self.version += 1

    @rule(link=links, at_once=st.integers(1, 5))
    def use(self, link: Link, at_once: int) -> None:
        """Of any number at the same moment one succeeds, if the link works at all."""
        works = self._state(link) is Open
        outcomes = self.run(self._used(link.token, at_once))
        assert sum(isinstance(outcome, Done) for outcome in outcomes) == works
        assert all(isinstance(outcome, Done | Spent | Expired) for outcome in outcomes)
        self.version += works

    async def _used(self, token: str, times: int) -> list[object]:
        self.passwords += times
        uses = (
            set_new_password(
                token,
                f"nine purple lanterns {self.passwords + number}",
                links=self.world.kit.links,
                policy=POLICY,
                passwords=self.world.passwords,
                network="127.0.0.1",
                now=self.clock(),
            )
            for number in range(times)
        )
        return list(await asyncio.gather(*uses))

    @rule(link=links, place=st.integers(0, 10_000), other=st.sampled_from("A_z9-."), purpose=st.sampled_from(Purpose))
    def forge(self, link: Link, place: int, other: str, purpose: Purpose) -> None:
        """Another character, or another door: nothing opens."""
        place %= len(link.token)
        forged = link.token[:place] + other + link.token[place + 1 :]
        if forged != link.token:
            verified = self.run(verify(self.world.kit.links, forged, lifetime=LIFETIME))
            assert isinstance(verified, Invalid)
        elsewhere = self.run(verify(self.world.kit.links, link.token, lifetime=LIFETIME, purpose=purpose))
        assert isinstance(elsewhere, Invalid) == (purpose is not Purpose.RESET)

    @invariant()
    def the_right_links_work(self) -> None:
        for link in self.sent[-6:]:
            found = self.run(verify(self.world.kit.links, link.token, lifetime=LIFETIME))
            assert type(found) is self._state(link)

    @invariant()
    def the_version_is_the_one_expected(self) -> None:
        assert self.run(self._version()) == self.version

    async def _version(self) -> int:
        return (await User.get(id=self.user_id)).recovery_version

    def _state(self, link: Link) -> type[Open | Spent | Expired]:
        if self.clock().replace(microsecond=0) - link.minted_at > LIFETIME:
            return Expired
        return Open if self.active and link.version == self.version else Spent


def test_the_links_that_work_are_those_that_should(database: Database, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        runner.run(stack.enter_async_context(connected(database)))
        try:
            bench = Bench(runner, runner.run(stack.enter_async_context(a_world(database, tmp_path))))

            class Here(Recovery):
                def __init__(self) -> None:
                    super().__init__(bench)

            run_state_machine_as_test(Here, settings=bounded(20))
        finally:
            runner.run(stack.aclose())
