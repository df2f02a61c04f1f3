"""A letter to look at before anybody gets one."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from webapp.brand.form import FIELDS, BrandForm, Logo, brand_of
from webapp.fields import Invalid, check
from webapp.letters.brand import LOGO_ID, Brand
from webapp.letters.examples import KINDS, example
from webapp.letters.prepare import rendered
from webapp.text import LANGUAGES, Message, message

NAMES: Final[Mapping[str, Message]] = {
    "reset_link": message("Reset link"),
    "invitation": message("Invitation"),
    "password_changed": message("Password changed"),
    "new_browser": message("Sign-in in a new browser"),
    "address_changed": message("Address changed"),
    "address_asked": message("Another address asked for"),
    "address_confirmation": message("Address to confirm"),
    "second_factor": message("Second factor changed"),
    "handoff": message("Link and code given"),
    "account_frozen": message("Account frozen"),
    "help_asked": message("Help asked for"),
    "account_deleted": message("Account deleted"),
    "test": message("Test"),
    "sample": message("Sample of a reset link"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which letter is looked at, in which language, with which looks, as text that may not hold."""

    kind: str
    language: str
    values: Mapping[str, str]

    @property
    def query(self) -> str:
        """The language and the looks as a query."""
        return urlencode({"lang": self.language, **self.values})


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter, in all that it consists of."""

    subject: str
    text: str
    html: str


def chosen(kind: str, language: str, values: Mapping[str, str]) -> Chosen:
    """What is looked at; kinds and languages that there are none of give way to the first."""
    return Chosen(
        kind if kind in KINDS else KINDS[0],
        language if language in LANGUAGES else LANGUAGES[0],
        {name: values[name] for name in FIELDS},
    )


def tried(values: Mapping[str, str], stored: Brand) -> tuple[Brand, Mapping[str, Message]]:
    """The looks that are being typed, and what is wrong with them: they are left out. The logo is the one kept."""
    given = {name: values[name] for name in FIELDS}
    checked = check(BrandForm, given)
    errors = checked.errors if isinstance(checked, Invalid) else {}
    form = BrandForm.model_validate({name: value for name, value in given.items() if name not in errors})
    return brand_of(form, Logo(stored.logo, stored.logo_type)), errors


def preview(what: Chosen, brand: Brand, *, public_url: str) -> Preview:
    """The letter with made-up words; the logo stands in it, for there is nothing that it could come along with."""
    subject, text, html = rendered(what.kind, what.language, brand, example(what.kind, public_url=public_url))
    if brand.logo:
        data = base64.b64encode(brand.logo).decode("ascii")
        html = html.replace(f'src="cid:{LOGO_ID}"', f'src="data:{brand.logo_type};base64,{data}"')
    return Preview(subject, text, html)
