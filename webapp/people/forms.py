"""What the pages about people take in."""

from typing import Literal

from webapp.fields import FormModel
from webapp.users.create import NewPerson


class Creation(NewPerson):
    """A new person. Without a password and without ``generate`` they start with none, and may be invited.

    A password is always one to be changed, as it is in ``NewPassword``.
    """

    password: str = ""
    generate: bool = False
    must_change: bool = True
    invite: bool = False


class NewInvitation(FormModel):
    """What is to become of a person's invitation."""

    action: Literal["send", "withdraw"] = "send"


class NewPassword(FormModel):
    """A password for somebody else. It is always one to be changed: ``must_change`` may be left out, and says so."""

    new_password: str = ""
    generate: bool = False
    must_change: bool = True


class HandoffAction(FormModel):
    """What is to become of a person's handoff."""

    action: Literal["make", "cancel"] = "make"


class NewState(FormModel):
    """Whether the account may be used from now on, and with the same password."""

    state: Literal["active", "disabled", "thawed", "unlocked", "must_change", "may_keep"]


class Deletion(FormModel):
    """Whether the person is to be deleted or restored; to delete asks for their username."""

    action: Literal["delete", "restore"] = "delete"
    username: str = ""
    version: int | None = None
    """That of the person who was on the screen."""


def names_of(form: type[FormModel]) -> tuple[str, ...]:
    """The names of a form's fields."""
    return tuple(form.model_fields)
