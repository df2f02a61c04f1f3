"""What the pages of the second factor refuse, each with a word on what is wrong and nothing changed."""

import pytest

from tests.sessions.factors.having import Phone, with_app
from tests.world import PASSWORD, Browser, World
from webapp.sessions.endpoints import PASSWORD_TRIES
from webapp.sessions.factors.held import MAX_FACTORS
from webapp.sessions.models import Factor, FactorKind, RecoveryCode
from webapp.users.models import User

PAGE = "/account/factors"


@pytest.fixture
async def alice(world: World) -> Browser:
    await world.person("alice", password=PASSWORD)
    return await world.entered("alice")


async def test_an_action_that_there_is_not(world: World, alice: Browser) -> None:
    assert (await alice.post(PAGE, {"action": "fax", "current_password": PASSWORD})).status_code == 422
    browser, _, _ = await with_app(world, "alice")
    path = f"{PAGE}/{(await Factor.get()).id}"
    assert (await browser.post(path, {"action": "fax", "current_password": PASSWORD})).status_code == 422
    assert await Factor.all().count() == 1


@pytest.mark.parametrize("action", ["app", "passkey", "codes"])
async def test_a_wrong_password(world: World, alice: Browser, action: str) -> None:
    answer = await alice.post(PAGE, {"action": action, "current_password": "not mine at all"})
    assert answer.status_code == 422
    assert f'id="password-{action}-error"' in answer.text or action == "codes"
    assert not await Factor.all().exists()


async def test_passwords_without_end(world: World, alice: Browser) -> None:
    wrong = {"action": "app", "current_password": "not mine at all"}
    answers = [await alice.post(PAGE, wrong) for _ in range(PASSWORD_TRIES.limit + 1)]
    assert [each.status_code for each in answers] == [422] * PASSWORD_TRIES.limit + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_recovery_codes_without_a_factor_and_new_ones_with_one(world: World, alice: Browser) -> None:
    assert (await alice.post(PAGE, {"action": "codes", "current_password": PASSWORD})).status_code == 409
    browser, _, before = await with_app(world, "alice")
    answer = await browser.post(PAGE, {"action": "codes", "current_password": PASSWORD})
    assert answer.status_code == 200
    assert not any(code in answer.text for code in before)
    assert await RecoveryCode.all().count() == len(before) == 10


async def test_a_wrong_code_of_the_app_keeps_what_was_typed(world: World, alice: Browser) -> None:
    page = await alice.post(PAGE, {"action": "app", "current_password": PASSWORD})
    begun, phone = alice.hidden(page, "begun"), Phone(world, page.text)
    answer = await alice.post(f"{PAGE}/app", {"begun": begun, "name": "My phone", "code": phone.code(off=50)})
    assert answer.status_code == 422
    assert "Check that the clock of your device is right." in answer.text
    assert "My phone" in answer.text
    assert (await alice.post(f"{PAGE}/app", {"begun": begun, "name": "", "code": phone.code()})).status_code == 200
    assert (await Factor.get()).name == "Authenticator app"


@pytest.mark.parametrize(("way", "shown"), [("app", {"code": "1"}), ("passkey", {"passkey": "{}"})])
async def test_what_was_not_begun_or_is_over_begins_again(
    world: World, alice: Browser, way: str, shown: dict[str, str]
) -> None:
    page = await alice.post(PAGE, {"action": way, "current_password": PASSWORD})
    begun = alice.hidden(page, "begun")
    world.clock.advance(minutes=11)
    for each in (begun, "forged", ""):
        answer = await alice.post(f"{PAGE}/{way}", {"begun": each, "name": "x", **shown})
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert not await Factor.all().exists()


async def test_a_passkey_that_is_none(world: World, alice: Browser) -> None:
    page = await alice.post(PAGE, {"action": "passkey", "current_password": PASSWORD})
    answer = await alice.post(f"{PAGE}/passkey", {"begun": alice.hidden(page, "begun"), "name": "x", "passkey": "{}"})
    assert answer.status_code == 422
    assert "The browser made no passkey for this site." in answer.text


async def test_more_factors_than_anybody_needs(world: World, alice: Browser) -> None:
    browser, _, _ = await with_app(world, "alice")
    user = await User.get(username="alice")
    for number in range(MAX_FACTORS - 1):
        await Factor.create(
            user_id=user.id,
            kind=FactorKind.PASSKEY,
            name=str(number),
            created_at=world.clock(),
            credential_id=str(number),
        )
    page = await browser.post(PAGE, {"action": "app", "current_password": PASSWORD})
    fields = {"begun": browser.hidden(page, "begun"), "name": "one more", "code": Phone(world, page.text).code()}
    answer = await browser.post(f"{PAGE}/app", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert await Factor.all().count() == MAX_FACTORS


async def test_a_factor_of_somebody_else_or_without_a_name(world: World, alice: Browser) -> None:
    browser, _, _ = await with_app(world, "alice")
    await world.person("bob", password=PASSWORD)
    bob = await world.entered("bob")
    factor = await Factor.get()
    path = f"{PAGE}/{factor.id}"
    assert (await bob.post(path, {"action": "rename", "name": "mine now"})).status_code == 422
    assert (await bob.post(path, {"action": "remove", "current_password": PASSWORD})).status_code == 404
    assert (await browser.post(path, {"action": "rename", "name": "  "})).status_code == 422
    assert (await Factor.get(id=factor.id)).name == factor.name
