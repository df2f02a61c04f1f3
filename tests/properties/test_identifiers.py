"""Names and addresses: whoever types one in another way means the same person, and nobody else."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import bounded
from tests.world import World
from webapp.audit.record import Actor
from webapp.fields import FieldError, Invalid, Valid, check, email_address, fold, username
from webapp.recovery.request import Ask
from webapp.users.create import Created, NewPerson, create
from webapp.users.find import by_identifier

TEXT = st.text(max_size=30)
NAMES = st.text(st.characters(categories=["L", "M", "N"]) | st.sampled_from("._-+"), min_size=1, max_size=20)


@bounded(500)
@given(TEXT)
@example("\u0345\u03b1")
@example("\u1e9e\ufb03\u0130")
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@bounded(500)
@given(NAMES)
def test_however_its_accents_are_written_a_name_is_the_same(text: str) -> None:
    assert len({fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}) == 1


@bounded(200)
@given(st.text(st.characters(max_codepoint=127, categories=["L"]), min_size=1))
def test_large_and_small_letters_are_the_same(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower())


@bounded(500)
@given(NAMES)
def test_a_username_that_is_taken_stays_what_it_is(text: str) -> None:
    try:
        taken = username(text)
    except FieldError:
        return
    assert username(taken) == taken
    assert fold(taken) == fold(text)
    assert "@" not in taken
    assert taken.isprintable()


@bounded(500)
@given(TEXT, st.sampled_from(["@example.org", "@müller.example", "@EXAMPLE.org", "@x"]))
def test_an_address_that_is_taken_stays_what_it_is_and_is_no_username(local: str, domain: str) -> None:
    try:
        taken = email_address(local + domain)
    except FieldError:
        return
    assert email_address(taken) == taken
    assert not set(taken) & set("\r\n\x00 ,;<>")
    assert taken.count("@") == 1


@bounded(300)
@given(st.text())
def test_any_text_is_a_name_or_is_refused_in_words(text: str) -> None:
    outcome = check(Ask, {"identifier": text})
    assert isinstance(outcome, Valid) or list(outcome.errors) == ["identifier"]


@bounded(40)
@given(NAMES)
async def test_whoever_is_found_is_whoever_was_created(world: World, name: str) -> None:
    checked = check(NewPerson, {"username": name, "email": "", "display_name": "", "role": "user"})
    if isinstance(checked, Invalid):
        return
    made = await create(checked.form, actor=Actor("tests"), now=world.clock(), password_hash=None)
    if not isinstance(made, Created):
        found = await by_identifier(name)  # taken by an earlier example, by the same name
        assert found is not None
        assert fold(found.username) == fold(name)
        return
    for way in (name, f" {name} ", unicodedata.normalize("NFD", name)):
        found = await by_identifier(way)
        assert found is not None
        assert found.id == made.user_id
