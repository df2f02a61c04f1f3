"""What may be said of the security policy, and what is wrong with it."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from webapp.audit.words import NAMES
from webapp.fields import FieldError, FormModel, fold
from webapp.policy.stored import policy_of
from webapp.principal import Role
from webapp.security_policy import FIELDS, Policy
from webapp.text import Message, message

SHORTEST_WORD: Final = 3
LONGEST_WORD: Final = 64
MOST_WORDS: Final = 200
ROLE: Final = "factor_role_"
"""What the names of the boxes begin with, one for each role."""

NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "minimum_length": (8, 64),
    "minimum_length_with_factor": (8, 64),
    "password_history": (1, 24),
    "lock_out_failures": (3, 100),
    "lock_out_minutes": (1, 1_440),
    "session_idle_minutes": (1, 1_440),
    "session_hours": (1, 720),
    "link_minutes": (5, 1_440),
    "staff_password_hours": (1, 168),
}
"""The least and the most of each number."""

LABELS: Final[Mapping[str, Message]] = {name: NAMES[name] for name in FIELDS}
"""What the fields are called, on the page and in the record."""


def _within(least: int, most: int) -> AfterValidator:
    def validate(number: int) -> int:
        if not least <= number <= most:
            raise FieldError(message("Please give a number from %(least)s to %(most)s.", least=least, most=most))
        return number

    return AfterValidator(validate)


def _digits(text: object) -> object:
    """Nothing but what is shown again: no signs, spaces, underscores or points, which pydantic would take."""
    if isinstance(text, str):
        text = text.strip()
        if not text:
            raise FieldError(message("Please fill in this field."))
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise FieldError(message("Please give a whole number."))
    return text


def _words(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(fold(text).split()))
    if len(words) > MOST_WORDS:
        raise FieldError(message("Please use at most %(most)s words.", most=MOST_WORDS))
    for word in words:
        if not SHORTEST_WORD <= len(word) <= LONGEST_WORD:
            raise FieldError(
                message(
                    "Please use words of %(least)s to %(most)s characters; “%(word)s” is not.",
                    least=SHORTEST_WORD,
                    most=LONGEST_WORD,
                    word=word[: LONGEST_WORD + 1],
                )
            )
    return words


class PolicyForm(FormModel):
    """The policy as it is typed, the boxes for roles already put together."""

    minimum_length: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["minimum_length"])]
    minimum_length_with_factor: Annotated[
        int, BeforeValidator(_digits), _within(*NUMBERS["minimum_length_with_factor"])
    ]
    password_history: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["password_history"])]
    forbidden_words: Annotated[str, AfterValidator(_words)] = ""
    lock_out_failures: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["lock_out_failures"])]
    lock_out_minutes: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["lock_out_minutes"])]
    session_idle_minutes: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["session_idle_minutes"])]
    session_hours: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["session_hours"])]
    link_minutes: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["link_minutes"])]
    factor_roles: str = ""
    staff_set_passwords: str = ""
    staff_password_hours: Annotated[int, BeforeValidator(_digits), _within(*NUMBERS["staff_password_hours"])]


POSTED: Final = (
    *(name for name in FIELDS if name != "factor_roles"),
    *(f"{ROLE}{role.value}" for role in Role),
    "version",
)
"""What the form sends."""


def typed(posted: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, as text by the names of the policy's fields; what the environment fixes cannot be typed."""
    roles = " ".join(role.value for role in Role if posted[f"{ROLE}{role.value}"])
    values = {name: posted.get(name, "") for name in FIELDS} | {"factor_roles": roles}
    return {**values, "staff_set_passwords": "true" if values["staff_set_passwords"] else "false", **fixed}


def policy_from(form: PolicyForm) -> Policy:
    """The policy that the form asks for."""
    values = {name: getattr(form, name) for name in FIELDS}
    words = " ".join(form.forbidden_words)
    return policy_of({name: str(value) for name, value in values.items()} | {"forbidden_words": words})
