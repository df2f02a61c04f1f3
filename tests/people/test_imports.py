"""Taking people over from a file."""

import asyncio
import re
from collections.abc import Sequence

import pytest

from tests.people.conftest import SignedIn
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.crew import create_job_worker
from webapp.db import lease
from webapp.jobs.models import Job, JobChunk, JobRow, JobState
from webapp.jobs.worker import LEASE
from webapp.outbox.models import Letter
from webapp.people.imports import apply as applying
from webapp.people.imports import plan
from webapp.people.imports.fates import Fate, Judged, Wanted, judge
from webapp.users.models import User
from webapp.users.question import Question
from webapp.users.search import find

HASH = "pbkdf2_sha256$600000$abcdefghijkl$" + "A" * 43 + "="


async def work(world: World) -> None:
    """Do all jobs there are, as the worker does."""
    worker = create_job_worker(world.kit, lambda: None)
    while await worker.once(asyncio.Event()):
        pass


async def upload(browser: Browser, content: bytes, **fields: str) -> Job:
    answer = await browser.post("/users/imports", fields, files={"file": ("people.csv", content, "text/csv")})
    assert answer.status_code == 303, answer.text
    return await Job.get(id=int(answer.headers["location"].rpartition("/")[2]))


async def apply(browser: Browser, job: Job) -> None:
    assert (await browser.post(f"/users/jobs/{job.id}", {"action": "apply"})).status_code == 303


async def fates(job: Job) -> list[tuple[str, str]]:
    return [(row.name, row.fate) for row in await JobRow.filter(job_id=job.id).order_by("position")]


async def test_a_file_is_foretold_and_then_taken_over(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org", display_name="Ada")
    await world.person("bob", email="bob@example.org", display_name="Bob")
    content = (
        "Username,E-mail,Name,Role,Shoe size,password_hash\r\n"
        f"carol,carol@example.org,Carol Müller,helpdesk,38,{HASH}\r\n"
        "ADA,ada@example.com,,,,\r\n"
        "bob,,Bob,,,\r\n"
        "dave,bob@example.org,,,,\r\n"
        "not a name,,,,,\r\n"
        "carol,,,,,\r\n"
        "eve,,=1+1,,,\r\n"
        "fay,fay@example.org,,king,,\r\n"
        "gus,,,,,plain text\r\n"
    ).encode()
    job = await upload(browser, content)
    await work(world)
    assert await fates(job) == [
        ("carol", "new"),
        ("ADA", "changed"),
        ("bob", "same"),
        ("dave", "wrong"),
        ("not a name", "wrong"),
        ("carol", "wrong"),
        ("eve", "wrong"),
        ("fay", "wrong"),
        ("gus", "wrong"),
    ]
    assert await User.filter(username="carol").count() == 0
    page = (await browser.get(f"/users/jobs/{job.id}")).text
    for said in (
        "Nothing is changed yet.",
        "These columns are not used: Shoe size.",
        "Somebody else has this address.",
        "Line 2 has the same username.",
        "begins like a formula",
        "The password hash is of no kind",
    ):
        assert said in page
    assert "becomes “ada@example.com”" in (await browser.get(f"/users/jobs/{job.id}?fate=changed")).text
    await apply(browser, job)
    await work(world)
    carol = await User.get(username="carol")
    assert (carol.role, carol.password_hash, carol.display_name) == ("helpdesk", HASH, "Carol Müller")
    assert (await User.get(username="ada")).email == "ada@example.com"
    assert {each.kind for each in await Letter.all()} == {"address_changed"}
    done = await Job.get(id=job.id)
    assert (done.state, done.counts) == (JobState.DONE, {"new": 1, "changed": 1, "same": 1, "wrong": 6})
    assert [person.username for person in (await find(Question(text="müller"), now=world.clock())).people] == ["carol"]
    report = await browser.get(f"/users/jobs/{job.id}/report")
    assert report.text.splitlines()[1] == f"2,carol,{carol.id},new,"
    assert "'=1+1" not in report.text
    assert await AuditEntry.filter(action="people:imported").count() == 1
    assert await AuditEntry.filter(action="user:created", subject="carol").count() == 1
    assert HASH not in "".join(str(row) for row in await JobRow.filter(job_id=job.id).values())
    assert await JobChunk.all().count() == 0


async def test_a_hash_that_no_library_computes_is_refused_on_its_row(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    salted = f"$2b$04$abcdefghijklmnopqrstu9{'.' * 31}"
    too_much = f"scrypt$65536$salt$1$1${'A' * 43}="
    job = await upload(browser, f"username,password_hash\nada,{salted}\nbob,{too_much}\ncarol,{HASH}\n".encode())
    await work(world)
    assert await fates(job) == [("ada", "wrong"), ("bob", "wrong"), ("carol", "new")]
    assert "The password hash is of no kind" in (await browser.get(f"/users/jobs/{job.id}?fate=wrong")).text


async def test_a_second_import_of_the_same_file_changes_nothing(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    content = b"username;email;name\nada;ada@example.org;Ada\nbob;;\n"
    outcomes = []
    for _ in range(2):
        job = await upload(browser, content)
        await work(world)
        await apply(browser, job)
        await work(world)
        outcomes.append(await fates(job))
    assert outcomes[1] == [("ada", "same"), ("bob", "same")]
    assert (await User.get(username="ada")).version == 1


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("username,name\nanna,Änne Groß\n".encode("utf-8-sig"), ["Änne Groß"]),
        ("username\tname\nanna\tÄnne Groß\n".encode("utf-16"), ["Änne Groß"]),
        ("username,name\nanna,Änne Groß\n".encode("cp1252"), ["Änne Groß"]),
        ("username,name\nanna,王小明\nbob,李娜\n".encode("gb18030"), ["王小明", "李娜"]),
        ('{"username": "anna", "display_name": "Änne"}\n{"username": "bob", "email": null}\n'.encode(), ["Änne", ""]),
        (b'username,name\n"anna","Multi ""word"" name"\n', ['Multi "word" name']),
        (b"username,name\nanna,'=1\n", None),
    ],
)
async def test_files_of_every_make_are_read(
    world: World, signed_in: SignedIn, content: bytes, names: list[str] | None
) -> None:
    browser = await signed_in()
    job = await upload(browser, content)
    await work(world)
    if names is None:
        assert await fates(job) == [("anna", "wrong")]
        return
    await apply(browser, job)
    await work(world)
    assert [user.display_name for user in await User.filter(username__in=["anna", "bob"]).order_by("id")] == names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "No column is called"),
        (b" \n ", "The file is empty."),
        (b"username,user\na,b\n", "Two columns mean the same"),
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(200), "This is a workbook"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "This is no text file"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(
    world: World, signed_in: SignedIn, content: bytes, said: str
) -> None:
    browser = await signed_in()
    job = await upload(browser, content)
    await work(world)
    page = (await browser.get(f"/users/jobs/{job.id}")).text
    assert said in page
    assert (await Job.get(id=job.id)).state is JobState.FAILED
    answer = await browser.post(f"/users/jobs/{job.id}", {"action": "apply"})
    assert answer.status_code == 409


async def test_broken_letters_spoil_their_row_alone(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    good = "".join(f"user{n},Jörg Nr. {n}\n" for n in range(20)).encode()
    job = await upload(browser, b"username,name\n" + good + b"bad,J\xf6rg\nnul,a\x00b\nlong," + b"x" * 20_000 + b"\n")
    await work(world)
    assert [name for name, fate in await fates(job) if fate == "wrong"] == ["bad", "nul", ""]
    assert len(await fates(job)) == 23


async def test_names_of_a_json_line_that_stand_there_twice_or_mean_nothing(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    content = (
        b'{"username": "ada", "username": "eve"}\n'
        b'{"username": "bob", "shoe": 38, "shoe": 39}\n'
        b'{"username": "carol", "hat": 1}\n[]\n'
    )
    job = await upload(browser, content)
    await work(world)
    assert [fate for _, fate in await fates(job)] == ["wrong", "new", "new", "wrong"]
    page = (await browser.get(f"/users/jobs/{job.id}")).text
    assert "It names username twice." in page
    assert "These columns are not used: shoe, hat." in page


async def test_what_is_new_is_shown_before_it_is_written_however_it_was_read(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    content = f"username,email,name,role,password_hash\nada,ada@example.org,Łucja,helpdesk,{HASH}\n".encode("cp1250")
    job = await upload(browser, content)
    await work(world)
    page = (await browser.get(f"/users/jobs/{job.id}?fate=new")).text
    assert "Read as Windows-1252." in page
    assert "£ucja · ada@example.org · helpdesk" in page
    assert HASH not in page
    await apply(browser, job)
    await work(world)
    assert "ada@example.org" not in (await browser.get(f"/users/jobs/{job.id}")).text


async def test_what_has_changed_meanwhile_is_judged_anew(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    job = await upload(browser, b"username,email\nada,ada@example.org\nbob,bob@example.org\n")
    await work(world)
    await world.person("other", email="ada@example.org")
    await world.person("bob", email="bob@example.org")
    await apply(browser, job)
    await work(world)
    assert await fates(job) == [("ada", "wrong"), ("bob", "same")]


async def test_new_people_are_invited_if_one_says_so(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    content = f"username,email,password_hash\nada,ada@example.org,\nbob,,\neve,eve@example.org,{HASH}\n".encode()
    job = await upload(browser, content, invite="on", must_change="on")
    await work(world)
    await apply(browser, job)
    await work(world)
    assert [(each.kind, each.recipient) for each in await Letter.all()] == [("invitation", "ada@example.org")]
    assert (await User.get(username="eve")).must_change


async def test_no_password_here_is_replaced(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", password="correct horse battery 2")
    job = await upload(browser, f"username,password_hash\nada,{HASH}\n".encode())
    await work(world)
    assert await fates(job) == [("ada", "same")]
    await apply(browser, job)
    await work(world)
    assert (await User.get(id=ada.id)).password_hash == (await User.get(username="ada")).password_hash != HASH


async def test_a_job_can_be_thrown_away_and_stopped(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    job = await upload(browser, b"username\nada\n")
    assert (await browser.post(f"/users/jobs/{job.id}", {"action": "stop"})).status_code == 303
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.STOPPED
    assert not await JobChunk.exists()
    assert not await JobRow.exclude(data="").exists()
    job = await upload(browser, b"username\nada\n")
    await work(world)
    answer = await browser.post(f"/users/jobs/{job.id}", {"action": "discard"})
    assert answer.headers["location"] == "/users/imports"
    assert (await browser.get(f"/users/jobs/{job.id}")).status_code == 404
    assert not await User.filter(username="ada").exists()


async def test_without_a_file_or_with_too_much_nothing_is_begun(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    answer = await browser.post("/users/imports", {"encoding": ""})
    assert answer.status_code == 422
    assert "Please choose a file." in answer.text
    answer = await browser.post(
        "/users/imports", {"encoding": "rot13"}, files={"file": ("a.csv", b"username\n", "text/csv")}
    )
    assert answer.status_code == 422
    assert not await Job.exists()


def _names(page: str) -> Sequence[str]:
    return re.findall(r"<h1>([^<]*)", page)


async def test_the_pages_are_there(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    assert _names((await browser.get("/users/imports")).text) == ["Import users"]
    job = await upload(browser, b"username\nada\n")
    for query in ("?fate=nonsense", "?after=x", "?after=9999999999999"):
        assert (await browser.get(f"/users/jobs/{job.id}{query}")).status_code == 422
    page = (await browser.get(f"/users/jobs/{job.id}")).text
    assert "<progress" in page
    assert 'hx-trigger="every 1s"' in page
    assert f"/users/jobs/{job.id}" in (await browser.get("/users/imports")).text


async def test_whoever_is_there_without_a_password_gets_the_one_of_the_file(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", display_name="Ada")
    content = f"username,email,name,role,password_hash\nada,ada@example.com,Ada L.,helpdesk,{HASH}\nroot,,,user,\n"
    job = await upload(browser, content.encode())
    await work(world)
    assert await fates(job) == [("ada", "changed"), ("root", "wrong")]
    page = (await browser.get(f"/users/jobs/{job.id}?fate=changed")).text
    for change in (
        "“ada@example.org” becomes “ada@example.com”",
        "“Ada” becomes “Ada L.”",
        "the password is taken over",
    ):
        assert change in page
    page = (await browser.get(f"/users/jobs/{job.id}?fate=wrong")).text
    assert "This is you. Another administrator can change your role." in page
    await apply(browser, job)
    await work(world)
    now = await User.get(id=ada.id)
    assert (now.password_hash, now.email, now.role) == (HASH, "ada@example.com", "helpdesk")


async def test_a_file_has_an_end(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    job = await upload(browser, f"username,password_hash\nada,{HASH}\nbob,\ncarol,\n".encode())
    async for _ in plan.foretell(job, vault=world.kit.vault, clock=world.clock, most=2, batch=1):
        pass
    ended = await Job.get(id=job.id)
    assert (ended.state, ended.finished_at) == (JobState.FAILED, world.clock())
    assert [row.data for row in await JobRow.filter(job_id=job.id)] == ["", ""]
    assert not await JobChunk.filter(job_id=job.id).exists()
    assert "The file has more than 2 rows. Split it." in (await browser.get(f"/users/jobs/{job.id}")).text


async def test_what_is_taken_between_the_look_and_the_deed_is_looked_at_again(
    world: World, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await signed_in()
    job = await upload(browser, b"username,email\nada,ada@example.org\n")
    await work(world)
    await world.person("other", email="ada@example.org")
    looks: list[int] = []

    async def blind(rows: Sequence[Wanted], *, actor_id: int | None) -> list[Judged]:
        looks.append(len(rows))
        if len(looks) == 1:  # as if the other had come a moment later
            return [Judged(row.line, row.username, Fate.NEW, None, row) for row in rows]
        return await judge(rows, actor_id=actor_id)

    monkeypatch.setattr(applying, "judge", blind)
    await apply(browser, job)
    await work(world)
    assert (len(looks), await fates(job)) == (2, [("ada", "wrong")])
    assert (await Job.get(id=job.id)).state is JobState.DONE


async def test_a_job_that_cannot_go_on_fails_and_says_so(
    world: World, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await signed_in()
    job = await upload(browser, b"username\nada\n")
    await work(world)

    async def broken(*_: object, **__: object) -> list[Judged]:
        raise ZeroDivisionError

    monkeypatch.setattr(applying, "judge", broken)
    await apply(browser, job)
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.FAILED
    assert "Something went wrong here" in (await browser.get(f"/users/jobs/{job.id}")).text
    assert not await User.filter(username="ada").exists()


async def test_a_row_whose_hash_is_none_ends_the_job(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    job = await upload(browser, f"username,password_hash\nada,{HASH}\n".encode())
    await work(world)
    row = await JobRow.get(job_id=job.id)
    await JobRow.filter(id=row.id).update(data=row.data.replace(HASH, "gAAAAABsealed"))
    await apply(browser, job)
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.FAILED
    assert not await User.filter(username="ada").exists()
    assert (await JobRow.get(id=row.id)).data == ""


async def test_of_two_workers_one_works(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await upload(browser, b"username\nada\n")
    never = asyncio.Event()
    assert await lease.take(LEASE, "another process", 60)
    worker = create_job_worker(world.kit, lambda: None)
    assert not await worker.once(never)
    await lease.give_back(LEASE, "another process")
    assert await worker.once(never)


async def test_more_rights_end_a_password_that_staff_has_given_and_the_row_says_so(
    world: World, signed_in: SignedIn
) -> None:
    browser = await signed_in()
    for name in ("ada", "bob"):
        user = await world.person(name)
        fields = {"new_password": "lantern meadow quartz 7"}
        assert (await browser.post(f"/users/{user.id}/password", fields)).status_code == 303
    job = await upload(browser, f"username,role,password_hash\nada,helpdesk,\nbob,helpdesk,{HASH}\n".encode())
    await work(world)
    await apply(browser, job)
    await work(world)
    page = (await browser.get(f"/users/jobs/{job.id}?fate=changed")).text
    assert page.count("the password that staff had given ended") == 1
    assert (await User.get(username="ada")).password_hash is None
    assert (await User.get(username="bob")).password_hash == HASH
    assert (await AuditEntry.get(action="user:corrected", subject="ada")).details["password"] == "ended"


async def test_odd_names_in_a_file_spoil_neither_the_note_nor_the_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    job = await upload(browser, b'{"username": "ada", "x\\u0000y": 1, "\\ud800": 2}\n')
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.READY
    assert "These columns are not used: xy, ?." in (await browser.get(f"/users/jobs/{job.id}")).text
