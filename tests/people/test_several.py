"""Creating several people at once."""

import asyncio
import html
import re
from datetime import timedelta

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.people.conftest import SignedIn
from tests.people.test_staff_password import policy
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter
from webapp.people.several import create
from webapp.people.several.lines import MOST, Typed, Wrong, read, taken
from webapp.users.models import PasswordHash, User

HERE = "/users/new/several"


def said(text: str) -> list[tuple[str, str, str]]:
    """The number, the text and the fault of each line that has to be corrected."""
    found = re.findall(r'<li value="(\d+)"><code>(.*?)</code> <span class="error">(.*?)</span>', text, re.DOTALL)
    return [(number, html.unescape(line), html.unescape(reason)) for number, line, reason in found]


async def names() -> list[str]:
    return [user.username for user in await User.all().order_by("username")]


async def test_people_are_created_from_lines_of_every_kind_and_invited(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    lines = (
        'ada, ada@example.org, "Lovelace, Ada"',
        "",
        "bob\tbob@example.org\tBob, the builder",
        "李雷;li@example.org;李雷",
    )
    fields = {"people": "\r\n".join(lines), "role": "auditor", "way_in": "invite"}
    answer = await browser.post(HERE, fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/users?sort=-created")
    page = (await browser.get(answer.headers["Location"])).text
    assert "New users: 3." in page
    assert "Invitations on their way: 3." in page
    people = await User.exclude(username="root").order_by("username_key")
    assert [(each.username, each.email, each.display_name) for each in people] == [
        ("ada", "ada@example.org", "Lovelace, Ada"),
        ("bob", "bob@example.org", "Bob, the builder"),
        ("李雷", "li@example.org", "李雷"),
    ]
    assert {(each.role, each.password_hash, each.must_change) for each in people} == {("auditor", None, False)}
    letters = await Letter.all().order_by("recipient")
    assert [(letter.kind, letter.user_id) for letter in letters] == [("invitation", each.id) for each in people]
    for each in people:
        entries = await AuditEntry.filter(subject_id=each.id).order_by("id")
        assert [(entry.action, entry.actor) for entry in entries] == [
            ("user:created", "root"),
            ("user:invited", "root"),
        ]
        assert entries[0].details == {"role": "auditor", "email": each.email}


@pytest.mark.parametrize("more", [{}, {"must_change": "off"}])
async def test_passwords_that_were_made_up_are_shown_once_and_work(
    world: World, signed_in: SignedIn, more: dict[str, str]
) -> None:
    browser = await signed_in()
    fields = {"people": "bob\nada, ada@example.org", "way_in": "generate", **more}
    answer = await browser.post(HERE, fields)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "set-cookie" not in answer.headers
    text = re.search(r'<pre id="passwords"[^>]*>([^<]+)</pre>', answer.text)
    assert text
    passwords = dict(line.split("\t") for line in text[1].strip().splitlines())
    assert list(passwords) == ["bob", "ada"]
    assert all(answer.text.count(password) == 2 for password in passwords.values())
    again = await browser.post(HERE, fields)
    assert again.status_code == 422
    for name, password in passwords.items():
        user = await User.get(username=name)
        assert (user.must_change, user.password_expires_at) == (True, world.clock() + timedelta(hours=24))
        assert [kept.password_hash for kept in await PasswordHash.filter(user_id=user.id)] == [user.password_hash]
        signed = await world.browser().sign_in(name, password)
        assert signed.headers["Location"] == "/account/password"
        assert password not in again.text
        assert password not in str([entry.details for entry in await AuditEntry.all()])
    assert not await Letter.filter(kind="invitation").exists()


async def test_whoever_left_before_the_passwords_were_shown_has_created_nobody(
    world: World, signed_in: SignedIn
) -> None:
    browser, app = await signed_in(), world.app

    async def left_alone(scope: Scope, receive: Receive, send: Send) -> None:
        sent = False

        async def left() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            message = await receive()
            sent = not message.get("more_body", False)
            return message

        await app(scope, left, send)

    world.app = left_alone
    assert (await browser.post(HERE, {"people": "ada", "way_in": "generate"})).status_code == 408
    assert await names() == ["root"]
    assert (await browser.post(HERE, {"people": "ada"})).status_code == 303


async def test_each_line_says_what_is_wrong_and_nobody_is_created(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org")
    await User.filter(id=(await world.person("gone")).id).update(deleted_at=world.clock())
    typed = (
        "\nnew, new@example.org\nADA\nb, ada@example.org\na b\nc, nonsense\nd\nd\ne, new@example.org\n"
        "f, f@example.org, Fay, admin\ng,,=1+1\n<b>, x\ngone\n" + "h" * 1_001
    )
    page = await browser.post(HERE, {"people": typed, "way_in": "nothing"})
    region = await browser.htmx_post(HERE, {"people": typed, "way_in": "nothing"})
    assert (page.status_code, region.status_code) == (422, 422)
    assert region.text.strip() in page.text
    faults = {number: (line, reason) for number, line, reason in said(region.text)}
    assert faults["3"] == ("ADA", "Somebody already has this username.")
    assert faults["4"] == ("b, ada@example.org", "Somebody else has this address.")
    assert "without spaces" in faults["5"][1]
    assert "name@example.org" in faults["6"][1]
    assert faults["8"] == ("d", "Line 7 has the same username.")
    assert faults["9"] == ("e, new@example.org", "Line 2 has the same mail address.")
    assert "more than three parts" in faults["10"][1]
    assert "formula" in faults["11"][1]
    assert faults["12"][0] == "<b>, x"
    assert "deleted" in faults["13"][1]
    assert faults["14"][1] == "This line is too long."
    assert list(faults) == ["3", "4", "5", "6", "8", "9", "10", "11", "12", "13", "14"]
    assert "Nobody was created" in region.text
    assert html.escape(typed.strip()[:60], quote=False) in region.text
    assert await names() == ["ada", "gone", "root"]


async def test_an_invitation_needs_an_address_in_each_line(signed_in: SignedIn) -> None:
    browser = await signed_in()
    answer = await browser.post(HERE, {"people": "ada, ada@example.org\nbob,,Bob", "way_in": "invite"})
    assert said(answer.text) == [("2", "bob,,Bob", "An invitation needs an address to go to.")]
    assert not await Letter.all().exists()
    assert await names() == ["root"]


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"people": " \n \n"}, "people", "Please name at least one person."),
        ({"people": "\n".join(f"p{n}" for n in range(MOST + 1))}, "people", "more than 200 people"),
        ({"people": "ada\nb\x07b"}, "people", "control characters"),
        ({"people": "ada", "role": "king"}, "role", "one of the values offered"),
        ({"people": "ada", "way_in": "magic"}, "way_in", "one of the values offered"),
    ],
)
async def test_what_cannot_be_used_is_said_on_the_field(
    signed_in: SignedIn, fields: dict[str, str], field: str, sentence: str
) -> None:
    answer = await (await signed_in()).htmx_post(HERE, fields)
    assert answer.status_code == 422
    found = re.search(rf'id="{field}-error"[^>]*>([^<]*)<', answer.text)
    assert found
    assert sentence in found[1]
    assert await names() == ["root"]


async def test_as_many_as_may_be_are_created(signed_in: SignedIn) -> None:
    typed = "\n".join(f"p{n}, p{n}@example.org, Person {n}" for n in range(MOST))
    assert (await (await signed_in()).post(HERE, {"people": typed, "way_in": "invite"})).status_code == 303
    assert await User.all().count() == MOST + 1
    assert await Letter.filter(kind="invitation").count() == MOST


async def test_two_at_once_create_everybody_once(world: World, signed_in: SignedIn) -> None:
    first, second = await signed_in(), await signed_in("boss")

    async def post(browser: Browser, people: list[str]) -> int:
        return (await browser.post(HERE, {"people": "\n".join(people), "way_in": "invite"})).status_code

    people = [f"p{n}, p{n}@example.org" for n in range(40)]
    answers = await asyncio.gather(post(first, people), post(second, [*reversed(people), "last, last@example.org"]))
    assert sorted(answers) == [303, 422]
    created = [name for name in await names() if name not in {"root", "boss"}]
    assert len(created) == 40 + (answers[1] == 303)
    assert await AuditEntry.filter(action="user:created").exclude(actor="tests").count() == len(created)
    assert await Letter.filter(kind="invitation").count() == len(created)


@pytest.mark.parametrize("role", ["admin", "helpdesk", "auditor"])
async def test_helpdesk_creates_people_with_the_role_user_only(signed_in: SignedIn, role: str) -> None:
    browser = await signed_in("desk", "helpdesk")
    form = (await browser.get(HERE)).text
    assert 'name="people"' in form
    assert 'name="role"' not in form
    assert (await browser.post(HERE, {"people": "eve", "role": role})).status_code == 403
    assert await names() == ["desk"]
    entry = await AuditEntry.get(action="user:out_of_reach")
    assert (entry.actor, entry.details) == ("desk", {"attempt": "create", "role": "helpdesk"})
    assert (await browser.post(HERE, {"people": "eve"})).status_code == 303
    assert (await User.get(username="eve")).role == "user"


async def test_the_policy_may_forbid_passwords_that_staff_sets(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await policy(world, staff_set_passwords="false")
    form = (await browser.get(HERE)).text
    assert "The security policy has nobody set a password for somebody else." in form
    assert 'value="generate"' not in form
    answer = await browser.htmx_post(HERE, {"people": "ada", "way_in": "generate"})
    assert answer.status_code == 422
    assert await names() == ["root"]


def test_the_separator_of_a_line_is_the_one_that_it_has() -> None:
    found = [
        each.person if isinstance(each, Typed) else each
        for each in read("a\tb@example.org\tC; D, E\na;b@example.com;C, D\na", needs_address=False)
    ]
    assert [getattr(each, "display_name", None) for each in found] == ["C; D, E", None, None]
    assert [isinstance(each, Wrong) for each in found] == [False, True, True]


async def test_a_name_that_is_taken_between_the_look_and_the_deed_is_named(
    world: World, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await signed_in()
    looks: list[int] = []

    async def blind(people: list[Typed]) -> list[Wrong]:
        looks.append(len(people))
        if len(looks) == 1:
            await world.person("ada")
            return []
        return await taken(people)

    monkeypatch.setattr(create, "taken", blind)
    answer = await browser.post(HERE, {"people": "ada\nbob", "role": "user", "way_in": "nothing"})
    assert (answer.status_code, len(looks)) == (422, 2)
    assert await names() == ["ada", "root"]
