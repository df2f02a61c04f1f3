"""One request to a token server: a form that is posted, and what its failure means."""

import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from webapp.smtp import token_diagnoses as diagnoses
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.https import Answer, NoAnswer, Trouble, WebUrl
from webapp.smtp.https import post as post_body
from webapp.smtp.resolve import Dial, Egress, Lookup

_TROUBLES: Final[Mapping[Trouble, Diagnosis]] = {
    Trouble.HOST_UNKNOWN: diagnoses.TOKEN_HOST_UNKNOWN,
    Trouble.NOT_ALLOWED: diagnoses.TOKEN_SERVER_NOT_ALLOWED,
    Trouble.UNTRUSTED: diagnoses.TOKEN_SERVER_UNTRUSTED,
    Trouble.UNREACHABLE: diagnoses.TOKEN_SERVER_UNREACHABLE,
    Trouble.NOT_HTTP: diagnoses.TOKEN_URL_WRONG,
    Trouble.TOO_LONG: diagnoses.TOKEN_URL_WRONG,
}


async def post(
    url: WebUrl,
    form: Mapping[str, str],
    *,
    egress: Egress,
    dial: Dial,
    lookup: Lookup,
    tls: ssl.SSLContext | None,
    seconds: float,
) -> Answer | Diagnosis:
    """Send the form, and return the answer, or why there is none: see webapp.smtp.https."""
    answer = await post_body(
        url,
        urlencode(form).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
        egress=egress,
        dial=dial,
        lookup=lookup,
        tls=tls,
        seconds=seconds,
    )
    if isinstance(answer, NoAnswer):
        return _TROUBLES[answer.trouble].about({"token_host": url.host, "reason": answer.reason})
    return answer
