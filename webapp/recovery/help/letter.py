"""What administrators are told of a request for help."""

from webapp.outbox.kind import Kind, Words
from webapp.outbox.models import Letter
from webapp.recovery.not_me.letters import NOTICES


def help_asked(*, public_url: str, inbox_path: str) -> Kind:
    """That the inbox holds one. It names nobody, and quotes nothing."""

    async def write(letter: Letter) -> Words:
        return Words({"inbox_url": f"{public_url}{inbox_path}"}, letter.language)

    return Kind(write, ceiling=NOTICES)
