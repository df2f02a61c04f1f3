"""Whom to tell of a fault in this installation (RFC 9116)."""

import pytest

from tests.world import World
from webapp.brand.models import BrandRow
from webapp.brand.stored import ROW


async def support(world: World, contact: str) -> None:
    await BrandRow.update_or_create(id=ROW, defaults={"support": contact, "version": 1, "updated_at": world.clock()})


@pytest.mark.parametrize(
    ("contact", "uri"),
    [
        ("help@example.org", "mailto:help@example.org"),
        ("a+b@example.org", "mailto:a%2Bb@example.org"),
        ("https://example.org/help?a=b", "https://example.org/help?a=b"),
    ],
)
async def test_it_names_the_support_contact(world: World, contact: str, uri: str) -> None:
    await support(world, contact)
    answer = await world.browser().get("/.well-known/security.txt")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        f"Contact: {uri}\n"
        "Expires: 2026-12-22T12:00:00Z\n"
        "Preferred-Languages: en, zh-Hans\n"
        "Canonical: http://localhost:8000/.well-known/security.txt\n"
    )


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "extension 4711",
        "http://example.org",
        "https://",
        "https://a b",
        "javascript:x",
        "https://[",
        "https://h/\rX: y",
    ],
)
async def test_what_may_not_stand_there_does_not(world: World, contact: str) -> None:
    await support(world, contact)
    assert (await world.browser().get("/.well-known/security.txt")).status_code == 404
