"""The record as a file."""

import csv
import io
import json

import httpx2

from tests.audit.tampering import recorded
from tests.people.conftest import SignedIn, signed_in
from tests.world import World
from webapp.audit.chain import ChainKeys
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.sealer import Sealer
from webapp.audit.search import EXPORT_BATCH
from webapp.principal import Role

__all__ = ["signed_in"]


def rows_of(answer: httpx2.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


async def test_what_matches_is_a_file_of_csv_without_formulas(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    await recorded(world, "=cmd|' /C calc'!A0", 'Ünal, "the" one')
    await Sealer(ChainKeys(world.kit.keys)).once()
    await recorded(world, "ada", action="user:disabled")
    answer = await browser.post("/audit/exports", {"format": "csv", "action": "user:created"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="postern-audit-')
    assert answer.headers["cache-control"] == "no-store"
    rows = rows_of(answer)
    assert [row["subject"] for row in rows] == ['Ünal, "the" one', "'=cmd|' /C calc'!A0", "root"]
    assert rows[0]["at"].endswith("Z")
    assert rows[0]["number"]


async def test_json_lines_hold_everything_page_after_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    now = world.clock()
    entries = [
        AuditEntry(at=now, actor="root", action="user:created", subject=f"=n{number}", details={"role": "user"})
        for number in range(EXPORT_BATCH + 5)
    ]
    await AuditEntry.bulk_create(entries, batch_size=500)
    answer = await browser.post("/audit/exports", {"format": "jsonl"})
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == await AuditEntry.all().count()
    assert lines[0]["action"] == "audit:exported"
    assert [line["subject"] for line in lines[1:3]] == [f"=n{EXPORT_BATCH + 4}", f"=n{EXPORT_BATCH + 3}"]
    assert lines[1]["details"] == {"role": "user"}


async def test_an_export_is_recorded_with_what_was_asked(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    await browser.post("/audit/exports", {"format": "csv", "q": "ada", "from": "2026-01-01"})
    entry = await AuditEntry.get(action="audit:exported")
    assert (entry.actor, entry.details) == ("root", {"format": "csv", "only": "q=ada&from=2026-01-01"})


async def test_the_password_is_asked_for_again(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    world.clock.advance(minutes=11)
    answer = await browser.post("/audit/exports", {"format": "csv"})
    assert answer.status_code == 401
    assert not await AuditEntry.filter(action="audit:exported").exists()


async def test_auditors_export_and_helpdesk_does_not(world: World) -> None:
    for name, role, status in (("aud", Role.AUDITOR, 200), ("desk", Role.HELPDESK, 403), ("usr", Role.USER, 403)):
        await world.person(name, role=role)
        browser = await world.entered(name)
        assert (await browser.post("/audit/exports", {"format": "csv"})).status_code == status
        assert (await browser.get("/audit")).status_code == status


async def test_a_format_or_filter_that_there_is_not_is_refused(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    for fields in ({"format": "xlsx"}, {}, {"format": "csv", "person": "x"}, {"format": "csv", "odd": "1"}):
        assert (await browser.post("/audit/exports", fields)).status_code == 422
    assert not await AuditEntry.filter(action="audit:exported").exists()


async def test_the_page_offers_the_file_of_what_it_shows(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    await record(Actor("desk"), Deed("user:disabled", Subject("ada", 5)), now=world.clock())
    page = await browser.get("/audit?q=ada&person=5")
    assert '<form class="actions" method="post" action="/audit/exports">' in page.text
    assert page.text.count('<input type="hidden" name="person" value="5">') == 2
    assert page.text.count('<input type="hidden" name="q" value="ada">') == 1
    assert "On ada" in page.text
