"""What a person may type: single lines, addresses, names, and the sentence that says what is wrong."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final, Generic, TypeVar

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from webapp.text import Message, message

USERNAME_LENGTH: Final = 150
EMAIL_LENGTH: Final = 254
"""The longest address that fits an SMTP path (RFC 5321, 4.5.3.1.3)."""
NAME_LENGTH: Final = 200

for _local in ("local", "localhost"):
    # The library's own way to accept them: a mail server of one's own may well be in such a domain.
    SPECIAL_USE_DOMAIN_NAMES.remove(_local)

_LOCAL_PART_LENGTH: Final = 64
"""The longest local part (RFC 5321, 4.5.3.1.1)."""
_USUAL_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")
_ENCODED_WORD: Final = "=?"
"""How an encoded word begins (RFC 2047): in a header it is decoded, whatever it holds."""
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing: with them two usernames could look the same."""

FormT = TypeVar("FormT", bound=BaseModel)


class FieldError(ValueError):
    """Raised by a validator if a field cannot be accepted; holds the sentence for the person."""

    def __init__(self, text: Message) -> None:
        super().__init__(text.msgid)
        self.text = text


class FormModel(BaseModel):
    """A form as pydantic checks it: text in, typed values out, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Valid(Generic[FormT]):
    """A form that can be used."""

    form: FormT


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with a form, one sentence per field; ``""`` is the form as a whole."""

    errors: Mapping[str, Message]


def check(model: type[FormT], values: Mapping[str, str]) -> Valid[FormT] | Invalid:
    """Check the text of a form against its model."""
    try:
        return Valid(model.model_validate(dict(values)))
    except ValidationError as error:
        errors: dict[str, Message] = {}
        for problem in error.errors(include_url=False, include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            cause = problem.get("ctx", {}).get("error")
            errors.setdefault(name, cause.text if isinstance(cause, FieldError) else _sentence(problem["type"]))
        return Invalid(errors)


def _sentence(kind: str) -> Message:
    match kind:
        case "missing":
            return message("Please fill in this field.")
        case "extra_forbidden":
            return message("This form has no such field.")
        case "int_parsing" | "int_type":
            return message("Please give a whole number.")
        case "enum" | "literal_error":
            return message("Please choose one of the values offered.")
        case _:
            return message("This value cannot be used.")


def single_line(text: str) -> str:
    """One line of text without white space around it.

    Raises:
        FieldError: the text holds a control character, such as a line break.
    """
    text = text.strip()
    if text.isascii() and text.isprintable():
        return text
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise FieldError(message("Please give a single line, without line breaks or control characters."))
    return text


def several_lines(text: str) -> str:
    """Lines of text without white space around them; line breaks become LF.

    Raises:
        FieldError: the text holds a control character other than line breaks and tabs.
    """
    text = text.replace("\r\n", "\n").strip()
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t" for character in text):
        raise FieldError(message("Please leave out control characters."))
    return text


def plain_words(text: str) -> str:
    """A text for a header of mail, which holds nothing that a mail program would decode (RFC 2047).

    Raises:
        FieldError: an encoded word may begin in it; whatever that holds, line breaks included, would become a header.
    """
    if _ENCODED_WORD in text:
        raise FieldError(message("Please leave out the signs =? together: in mail they announce encoded text."))
    return text


def required(text: str) -> str:
    """Refuse an empty text.

    Raises:
        FieldError: there is nothing in it.
    """
    if not text:
        raise FieldError(message("Please fill in this field."))
    return text


def at_most(length: int) -> AfterValidator:
    """A validator that refuses a text of more than ``length`` characters."""

    def validate(text: str) -> str:
        if len(text) > length:
            raise FieldError(message("Please use at most %(length)s characters.", length=length))
        return text

    return AfterValidator(validate)


def email_address(text: str) -> str:
    """An address for mail as it will be used (RFC 5321, RFC 6531), its domain in the form people read.

    Local and special-use domains and bare hosts are accepted; quoted local parts, comments and domain literals are not,
    nor is what mail servers may decode into another address (RFC 2047).

    Raises:
        FieldError: it is not an address, or cannot be written in an envelope without loss.
    """
    plain_words(text)
    try:
        local, _, domain = text.rpartition("@")
        # A file of people has few domains, and checking one takes most of the time.
        is_usual = _USUAL_LOCAL_PART.fullmatch(local) and len(local) <= _LOCAL_PART_LENGTH
        found = f"{local}@{_domain(domain)}" if is_usual else _address(text)
    except EmailNotValidError:
        raise FieldError(message("Please give an address such as name@example.org.")) from None
    if len(found) > EMAIL_LENGTH:
        raise FieldError(message("Please use at most %(length)s characters.", length=EMAIL_LENGTH))
    return found


@lru_cache(10_000)
def _domain(domain: str) -> str:
    return _address(f"a@{domain}").rpartition("@")[2]


def _address(text: str) -> str:
    return validate_email(
        text,
        check_deliverability=False,
        test_environment=True,
        globally_deliverable=False,
        allow_quoted_local=False,
        allow_domain_literal=False,
        allow_display_name=False,
    ).normalized


def optional_email(text: str) -> str | None:
    """An address, or None where nothing was typed.

    Raises:
        FieldError: it is not an address.
    """
    return email_address(text) if text else None


def username(text: str) -> str:
    """A username: letters, digits and ``. _ - +``, in NFKC, never an address.

    Raises:
        FieldError: it cannot be a username.
    """
    text = unicodedata.normalize("NFKC", text)
    if "@" in text:
        raise FieldError(message("A username cannot be a mail address; leave out the @."))
    if _INVISIBLE.search(text) or not all(
        unicodedata.category(character)[0] in "LMN" or character in "._-+" for character in text
    ):
        raise FieldError(message("Please use letters, digits, and the signs . _ - + only, without spaces."))
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise FieldError(message("Please use at least one letter or digit."))
    return text


def fold(text: str) -> str:
    """The form by which names and addresses are compared: NFKC, case-folded, NFKC again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


Line = Annotated[str, AfterValidator(single_line)]
Paragraph = Annotated[str, AfterValidator(several_lines)]
RequiredLine = Annotated[str, AfterValidator(single_line), AfterValidator(required)]
EmailAddress = Annotated[RequiredLine, AfterValidator(email_address)]
OptionalEmail = Annotated[Line, AfterValidator(optional_email)]
Username = Annotated[RequiredLine, at_most(USERNAME_LENGTH), AfterValidator(username)]
DisplayName = Annotated[Line, at_most(NAME_LENGTH), AfterValidator(plain_words)]
