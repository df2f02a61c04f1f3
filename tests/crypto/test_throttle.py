"""Throttles: exact counts, hidden subjects, networks as clients."""

import asyncio
from collections import Counter as Tally
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto.throttle import NOWHERE, Allowed, Limit, Refused, Throttle, network_of, site_of

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SIGN_INS = Limit("sign-ins", 30, 60)


class MemoryCounter:
    """Counts in a dictionary; lets other tasks run before and after, as a database does."""

    def __init__(self) -> None:
        self.counts: Tally[tuple[str, int]] = Tally()

    async def add(
        self,
        key: str,
        window_seconds: int,
        now: datetime,
        amount: int = 1,
        *,
        about: int | None = None,  # noqa: ARG002 - the protocol's
    ) -> int:
        await asyncio.sleep(0)
        place = (key, int(now.timestamp()) // window_seconds)
        self.counts[place] += amount
        total = self.counts[place]
        await asyncio.sleep(0)
        return total


class Hands:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def throttle(counter: MemoryCounter, clock: Hands | None = None, key: bytes = b"k" * 32) -> Throttle:
    return Throttle(counter, clock or Hands(), key)


async def test_what_is_within_the_limit_is_allowed_and_the_rest_refused() -> None:
    ours = throttle(MemoryCounter())
    limit = Limit("resets", 2, 3_600)
    assert [await ours.count(limit, "anna") for _ in range(4)] == [
        Allowed(1),
        Allowed(0),
        Refused(3_600),
        Refused(3_600),
    ]


@pytest.mark.parametrize("processes", [1, 3])
async def test_of_many_at_once_exactly_the_limit_is_allowed(processes: int) -> None:
    counter = MemoryCounter()
    ours = [throttle(counter) for _ in range(processes)]
    outcomes = await asyncio.gather(*(ours[n % processes].count(SIGN_INS, "192.0.2.1") for n in range(200)))
    assert sum(isinstance(outcome, Allowed) for outcome in outcomes) == 30


async def test_subjects_and_limits_do_not_share_their_counts() -> None:
    ours = throttle(MemoryCounter())
    once = Limit("once", 1, 60)
    assert await ours.count(once, "anna") == Allowed(0)
    assert await ours.count(once, "bob") == Allowed(0)
    assert await ours.count(Limit("twice", 1, 60), "anna") == Allowed(0)


async def test_the_next_window_starts_afresh_when_the_refusal_said() -> None:
    clock = Hands(NOON + timedelta(seconds=17, microseconds=900_000))
    ours = throttle(MemoryCounter(), clock)
    once = Limit("once", 1, 60)
    await ours.count(once, "anna")
    refusal = await ours.count(once, "anna")
    assert refusal == Refused(43)
    clock.now += timedelta(seconds=42)
    assert await ours.count(once, "anna") == Refused(1)
    clock.now += timedelta(seconds=1)
    assert await ours.count(once, "anna") == Allowed(0)


async def test_an_amount_counts_as_so_many_events() -> None:
    ours = throttle(MemoryCounter())
    assert await ours.count(SIGN_INS, "anna", 29) == Allowed(1)
    assert await ours.count(SIGN_INS, "anna", 2) == Refused(60)


async def test_a_limit_of_none_refuses_at_once() -> None:
    assert await throttle(MemoryCounter()).count(Limit("never", 0, 60), "anna") == Refused(60)


async def test_subjects_do_not_stand_in_the_counter() -> None:
    counter = MemoryCounter()
    ours = throttle(counter)
    for name in ("one", "two"):
        await ours.count(Limit(name, 5, 60), "anna@example.org")
    await ours.count(Limit("one", 5, 60), "\udcff\0" * 1_000)
    await throttle(counter, key=b"other" * 8).count(Limit("one", 5, 60), "anna@example.org")
    keys = [key for key, _ in counter.counts]
    assert len(keys) == 4
    assert not any("anna" in key for key in keys)
    assert len({key.partition(":")[2] for key in keys}) == 4
    assert max(map(len, keys)) <= 80


@pytest.mark.parametrize(("name", "limit", "seconds"), [("", 1, 60), ("x", -1, 60), ("x", 1, 0)])
def test_a_limit_without_sense_is_a_bug(name: str, limit: int, seconds: int) -> None:
    with pytest.raises(ValueError, match="not a usable limit"):
        Limit(name, limit, seconds)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_one_client_in_every_spelling(address: IPv4Address) -> None:
    spellings = [str(address), f"::ffff:{address}", f"::FFFF:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"]
    assert {network_of(spelling) for spelling in [*spellings, f"64:ff9b::{address}"]} == {str(address)}


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_whole_ipv6_slash_64_is_one_client(address: IPv6Address, host: int) -> None:
    network = IPv6Network((address, 64), strict=False)
    neighbour = network[host]
    if any(found.ipv4_mapped or found in IPv6Network("64:ff9b::/96") for found in (address, neighbour)):
        return
    assert network_of(str(address)) == network_of(neighbour.exploded.upper()) == str(network)


def test_a_zone_id_does_not_make_another_client() -> None:
    assert network_of("fe80::1%eth0") == network_of("fe80::2%1") == network_of(" fe80::3 ") == "fe80::/64"


@given(st.text(max_size=40))
def test_no_text_makes_it_fail(text: str) -> None:
    try:
        ip_address(text.strip().partition("%")[0])
    except ValueError:
        assert network_of(text) == NOWHERE
    else:
        assert network_of(text) != NOWHERE


@pytest.mark.parametrize("text", ["", "testclient", "192.0.2.1:80", "[::1]", "192.0.2.01", "1.2.3.4, 5.6.7.8", "\0"])
def test_what_is_no_address_shares_one_network(text: str) -> None:
    assert network_of(text) == NOWHERE


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:0:7::1", "2001:db8::/48"),
        ("2001:db8:1::1", "2001:db8:1::/48"),
        ("", NOWHERE),
    ],
)
def test_a_site_has_many_networks(address: str, site: str) -> None:
    assert site_of(network_of(address)) == site
