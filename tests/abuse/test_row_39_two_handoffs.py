"""Two handoffs in two tabs of one browser: a form sets the password of its own link's person, or nobody's."""

from tests.handoffs import follow, hand_off, send
from tests.world import World
from webapp.recovery.models import Handoff
from webapp.users.models import User


async def test_a_form_never_sets_another_persons_password(world: World) -> None:
    admin = await world.admin()
    ada, bob = await world.person("ada"), await world.person("bob")
    for_ada, for_bob = await hand_off(admin, ada), await hand_off(admin, bob)
    browser = world.browser()
    first_tab, second_tab = await follow(browser, for_ada), await follow(browser, for_bob)
    for code in (for_ada.code, for_bob.code):
        answer = await send(browser, first_tab, code)
        assert answer.status_code == 409
        assert "another link" in answer.text
    assert (await send(browser, "", for_bob.code)).status_code == 409
    assert not await Handoff.filter(attempts__gt=0).exists()
    assert (await send(browser, second_tab, for_bob.code)).status_code == 303
    assert (await User.get(id=ada.id)).password_hash is None
