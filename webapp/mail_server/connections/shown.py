"""How a connection ended, as people see it."""

from webapp.mail_server.connections.connect import Reached
from webapp.mail_server.shown import OutcomeView
from webapp.text import message


def outcome_view(reached: Reached, *, host: str) -> OutcomeView:
    """How it ended, in words that nobody takes for a whole test."""
    if reached.works:
        return OutcomeView(
            "success",
            message("The connection works; no letter was sent."),
            message("Whether %(host)s takes letters, only Test Mail Server shows.", host=host),
            unsaved=False,
            field="",
            blame=None,
        )
    diagnosis = reached.last.diagnosis
    cause = diagnosis.cause if diagnosis else message("The mail server did not let Postern in.")
    field = (diagnosis.field or "") if diagnosis else ""
    text = message("The connection does not work; no letter was sent.")
    return OutcomeView("error", text, cause, unsaved=False, field=field, blame=cause if field else None)
