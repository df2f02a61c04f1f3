"""What is asked of the list of people."""

import pytest

from webapp.db.search_text import fold_for_search, grams, grams_to_find, tokens
from webapp.principal import Role
from webapp.users.question import FIELDS, MOST_WORDS, BadQuestion, Question, Recovery, Sort, Status, Term, read

BLANK = dict.fromkeys(FIELDS, "")


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("", ()),
        ("Anna", (Term("anna"),)),
        ("Anna MÜLLER", (Term("anna"), Term("muller"))),
        ('"anna m"', (Term("anna m"),)),
        ('"anna m', (Term("anna m"),)),
        ('"', (Term('"'),)),
        ("email:Uni.", (Term("uni.", "email"),)),
        ('name:"de la" x', (Term("de la", "name"), Term("x"))),
        ("username:a username:a", (Term("a", "username"),)),
        ("is:nonsense", (Term("is:nonsense"),)),
        ("is:disabled", ()),
        ("Email:x", (Term("email:x"),)),
    ],
)
def test_words_phrases_and_places(typed: str, terms: tuple[Term, ...]) -> None:
    assert read(typed).terms == terms


def test_the_whole_text_is_what_exact_matches_are_told_by() -> None:
    assert read("anna  müller").whole == Term("anna muller")
    assert read("email:x").whole == Term("x", "email")
    assert read('"a b" c').whole is None
    assert read("email:x y").whole is None
    assert read("id:7 a").whole is None


def test_ids_and_states() -> None:
    assert read("id:7").id == 7
    assert not read("id:7").impossible
    assert read("id:x").impossible
    assert read("id:7 id:8").impossible
    assert read("is:Disabled is:helpdesk x").filters == (Status.DISABLED, Role.HELPDESK)
    assert len(read(" ".join(f"w{n}" for n in range(99))).terms) == MOST_WORDS


def test_a_question_comes_back_from_its_own_address() -> None:
    question = Question(
        text="anna",
        role=Role.USER,
        statuses=(Status.DISABLED, Status.NO_ADDRESS),
        recovery=(Recovery.NO_ADDRESS,),
        idle_days=30,
        sort=Sort.CREATED_DOWN,
    )
    assert Question.of(BLANK | question.query()) == question
    assert Question().query() == {}
    assert not Question(text="a").is_narrowed
    assert Question(text="is:admin").is_narrowed
    assert Question(text="is:locked").needs_locked


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"status": "active,odd"},
        {"recovery": "x"},
        {"sort": "height"},
        {"idle_days": "0"},
        {"idle_days": "-1"},
        {"idle_days": "١"},
        {"idle_days": "9" * 9},
    ],
)
def test_a_filter_that_there_is_not_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(BadQuestion):
        Question.of(BLANK | wrong)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Änne", "anne"),
        ("GROSS groß", "gross gross"),
        ("Søren Łukasz İzmir", "soren lukasz izmir"),
        ("Ёлка", "елка"),
        ("王小明 Ａｄａ", "王小明 ada"),
        ("がぎ", "がぎ"),
        ("देवनागरी", "देवनागरी"),
    ],
)
def test_marks_on_letters_do_not_matter(text: str, folded: str) -> None:
    assert fold_for_search(text) == folded
    assert fold_for_search(folded) == folded


def test_grams_are_all_stretches_of_up_to_three() -> None:
    assert grams("abcd") == {"a", "b", "c", "d", "ab", "bc", "cd", "abc", "bcd"}
    assert grams_to_find("abcd") == ["abc", "bcd"]
    assert grams_to_find("王") == ["王"]
    assert set(grams_to_find("aaaa")) <= grams("xaaaay")
    assert set(tokens("ab", None, "b").split()) == {"61", "62", "6162"}


def test_a_mark_without_its_letter_is_no_word() -> None:
    assert read("\u0308").terms == ()
    assert read("a \u0308").terms == (Term("a"),)
