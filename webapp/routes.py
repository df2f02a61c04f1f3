"""Every URL of the product, in one table, with who may call it."""

import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from webapp.account import endpoints as account
from webapp.account.address import endpoints as address
from webapp.audit import endpoints as audit
from webapp.brand import endpoints as brand
from webapp.brand.security_txt import endpoints as security_txt
from webapp.delivery.log import endpoints as mail_log
from webapp.delivery.samples import endpoints as samples
from webapp.dev_mailbox import endpoints as dev_mailbox
from webapp.jinja import STATIC_DIR
from webapp.mail_server import endpoints as mail_server
from webapp.mail_server.connections import endpoints as connections
from webapp.mail_server.domain import endpoints as sender_domain
from webapp.mail_server.history import endpoints as history
from webapp.mail_server.models import Slot
from webapp.mail_server.providers import endpoints as providers
from webapp.mail_server.receipts import endpoints as receipts
from webapp.mail_server.removal import endpoints as removal
from webapp.mail_server.searches import endpoints as searches
from webapp.mail_server.trials import endpoints as trials
from webapp.ops import endpoints as ops
from webapp.people import endpoints as people
from webapp.people.browsers import endpoints as browsers
from webapp.people.bulk import endpoints as bulk
from webapp.people.clearing import endpoints as clearing
from webapp.people.creation import endpoints as creation
from webapp.people.deletion import endpoints as deletion
from webapp.people.exports import endpoints as exports
from webapp.people.handoff import endpoints as handoff
from webapp.people.imports import endpoints as imports
from webapp.people.imports.plan import MOST_BYTES
from webapp.people.invitation import endpoints as invitation
from webapp.people.jobs import endpoints as jobs
from webapp.people.several import endpoints as several
from webapp.people.state import endpoints as account_state
from webapp.people.timeline import endpoints as timeline
from webapp.people.why import endpoints as why
from webapp.policy import endpoints as policy
from webapp.principal import Principal, Role
from webapp.recovery import endpoints as recovery
from webapp.recovery.advice import endpoints as advice
from webapp.recovery.handoffs import endpoints as handoffs
from webapp.recovery.help import endpoints as help_requests
from webapp.recovery.invitations import endpoints as invitations
from webapp.recovery.not_me import endpoints as not_me
from webapp.sessions import endpoints as sessions
from webapp.sessions.factors import endpoints as factors
from webapp.sessions.factors.asking import endpoints as second_step
from webapp.sessions.re_authentication import endpoints as re_authentication
from webapp.start import endpoints as start
from webapp.text import message
from webapp.web.guards import ADMIN, AUDIT_READERS, LOG_READERS, PUBLIC, SIGNED_IN, STAFF, Endpoint, Who, guarded
from webapp.web.pages import NavItem
from webapp.webhooks import endpoints as webhooks

FORM_BYTES: Final = 512 * 1024
UPLOAD_BYTES: Final = MOST_BYTES + FORM_BYTES


class _Id(Convertor[int]):
    """A row's id: as many digits as a 64-bit number may have. Starlette's own takes more than Python reads."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", _Id())


@dataclass(frozen=True, slots=True)
class Url:
    """One path, what answers it, and who may call it."""

    name: str
    path: str
    who: Who
    get: Endpoint | None = None
    post: Endpoint | None = None
    anonymous: bool = False
    """Cookies are not looked at: it answers while the database is away, too."""
    fresh: bool = False
    """What is posted asks for the password again if it was not typed for a while; see guards.FRESH_FOR."""
    body_bytes: int = FORM_BYTES
    """How much may be posted."""
    slot: Slot | None = None
    """Which of the two mail servers it is about; endpoints find it among the parameters of the path."""


def _for_both_servers() -> Iterator[Url]:
    """What there is for the mail server, and the same for the fallback server beneath a path of its own."""
    for slot, path in mail_server.PATHS.items():
        yield from (
            replace(url, name=_NAMES[slot] + url.name, path=path + url.path, slot=slot)
            for url in (
                Url("mail_server", "", ADMIN, mail_server.index, mail_server.save, fresh=True),
                Url("mail_server_tests", "/tests", ADMIN, post=trials.test, fresh=True),
                Url("mail_server_connections", "/connections", ADMIN, post=connections.connect, fresh=True),
                Url("mail_server_domain", "/domain", ADMIN, sender_domain.index),
                Url("mail_server_providers", "/providers", ADMIN, providers.recognise),
                Url("mail_server_fillings", "/fillings", ADMIN, post=providers.fill),
                Url("mail_server_searches", "/searches", ADMIN, post=searches.search, fresh=True),
                Url("mail_server_revisions", "/revisions", ADMIN, history.index),
                Url("mail_server_return", "/revisions/{id:id}/return", ADMIN, post=history.take_up, fresh=True),
            )
        )
    fallback = mail_server.PATHS[Slot.FALLBACK]
    name = _NAMES[Slot.FALLBACK] + "mail_server_removal"
    yield Url(name, f"{fallback}/removal", ADMIN, removal.index, removal.confirm, fresh=True, slot=Slot.FALLBACK)


_NAMES: Final = {Slot.PRIMARY: "", Slot.FALLBACK: "fallback_"}
"""What the names of their URLs begin with."""

URLS: Final = (
    Url("start", "/", SIGNED_IN, start.index),
    Url("setup", "/setup", PUBLIC, start.setup, start.set_up),
    Url("sign_in", "/sign-in", PUBLIC, sessions.sign_in_form, sessions.sign_in),
    Url("sign_in_factor", "/sign-in/factor", PUBLIC, second_step.form, second_step.answer),
    Url("sign_out", "/sign-out", SIGNED_IN, post=sessions.sign_out),
    Url("account", "/account", SIGNED_IN, account.index, account.choose),
    Url("account_email", "/account/email", SIGNED_IN, address.form, address.ask),
    Url("account_email_pending", "/account/email/pending", SIGNED_IN, post=address.settle),
    Url("account_sessions", "/account/sessions", SIGNED_IN, account.browsers, account.end_browsers),
    Url("account_events", "/account/events", SIGNED_IN, account.events),
    Url("re_authentication", "/re-authentication", PUBLIC, post=re_authentication.re_authenticate),
    Url("account_password", "/account/password", SIGNED_IN, sessions.password_form, sessions.change_password),
    Url("factors", "/account/factors", SIGNED_IN, factors.index, factors.begin),
    Url("factor_app", "/account/factors/app", SIGNED_IN, post=factors.add_app),
    Url("factor_passkey", "/account/factors/passkey", SIGNED_IN, post=factors.add_passkey),
    Url("factor", "/account/factors/{id:id}", SIGNED_IN, post=factors.change),
    Url("password_advice", "/password-advice", PUBLIC, post=advice.for_anybody),
    Url("change_password", "/.well-known/change-password", PUBLIC, advice.change_password, anonymous=True),
    Url("security_policy", "/security-policy", ADMIN, policy.index, policy.save, fresh=True),
    Url("help_requests", "/help-requests", PUBLIC, help_requests.form, help_requests.ask),
    Url("help_sent", "/help-requests/sent", PUBLIC, help_requests.sent),
    Url("help_inbox", "/help-requests/inbox", STAFF, help_requests.read),
    Url("help_request", "/help-requests/{id:id}", STAFF, post=help_requests.settle),
    Url("forgot", "/password-reset", PUBLIC, recovery.forgot, recovery.ask),
    Url("asked", "/password-reset/sent", PUBLIC, recovery.asked),
    Url("new_password", "/password-reset/new", PUBLIC, recovery.new_password, recovery.set_new_password),
    Url("reset_advice", "/password-reset/new/advice", PUBLIC, post=advice.for_holder),
    Url("follow", "/password-reset/{token}", PUBLIC, recovery.follow),
    *_for_both_servers(),
    Url("mail_server_receipt", "/mail-server/receipts/{id:id}", ADMIN, receipts.receipt),
    Url("webhook", "/webhook", ADMIN, webhooks.index, webhooks.save, fresh=True),
    Url("webhook_tests", "/webhook/tests", ADMIN, post=webhooks.test, fresh=True),
    Url("mail_server_samples", "/mail-server/samples", ADMIN, post=samples.order, fresh=True),
    Url("mail_server_sample", "/mail-server/samples/{id:id}", ADMIN, samples.follow),
    Url("letters", "/letters", ADMIN, brand.index, brand.save, fresh=True),
    Url("letter_preview", "/letters/{kind}/preview", ADMIN, brand.preview),
    Url("first_password", "/invitations/new", PUBLIC, invitations.first_password, invitations.set_first_password),
    Url("invitation_advice", "/invitations/new/advice", PUBLIC, post=advice.for_invited),
    Url("invitation", "/invitations/{token}", PUBLIC, invitations.follow),
    Url("address_confirmation", "/address-confirmations/new", PUBLIC, address.confirmation, address.confirm),
    Url("address_link", "/address-confirmations/{token}", PUBLIC, address.follow),
    Url("handoff_password", "/handoffs/new", PUBLIC, handoffs.new_password, handoffs.set_new_password),
    Url("handoff_advice", "/handoffs/new/advice", PUBLIC, post=advice.for_handed),
    Url("handoff", "/handoffs/{token}", PUBLIC, handoffs.follow),
    Url("not_me", "/not-me/{token}", PUBLIC, not_me.ask, not_me.freeze),
    Url("received", "/received/{token}", PUBLIC, receipts.follow, receipts.confirm),
    Url("people", "/users", STAFF, people.index, creation.create, fresh=True),
    Url("new_person", "/users/new", STAFF, creation.new),
    Url("several", "/users/new/several", STAFF, several.index, several.create, fresh=True),
    Url("imports", "/users/imports", ADMIN, imports.index, imports.upload, fresh=True, body_bytes=UPLOAD_BYTES),
    Url("exports", "/users/exports", ADMIN, exports.index, exports.export, fresh=True),
    Url("bulk", "/users/bulk", ADMIN, bulk.ask, bulk.change, fresh=True),
    Url("job", "/users/jobs/{id:id}", ADMIN, jobs.show, jobs.change, fresh=True),
    Url("job_report", "/users/jobs/{id:id}/report", ADMIN, jobs.download),
    Url("why", "/users/why", STAFF, why.index),
    Url("person", "/users/{id:id}", STAFF, people.person, people.correct, fresh=True),
    Url("person_password", "/users/{id:id}/password", STAFF, post=people.set_password, fresh=True),
    Url("person_reset_link", "/users/{id:id}/reset-link", STAFF, post=people.send_reset_link, fresh=True),
    Url("person_invitation", "/users/{id:id}/invitation", STAFF, post=invitation.invite, fresh=True),
    Url("person_handoff", "/users/{id:id}/handoff", STAFF, post=handoff.hand_off, fresh=True),
    Url("person_sessions", "/users/{id:id}/sessions", STAFF, post=browsers.end_sessions),
    Url("person_state", "/users/{id:id}/state", STAFF, post=account_state.change_state, fresh=True),
    Url("person_factors", "/users/{id:id}/factors", STAFF, post=clearing.clear, fresh=True),
    Url("person_reachable", "/users/{id:id}/reachable", ADMIN, post=account_state.mark_reachable),
    Url("person_deletion", "/users/{id:id}/deletion", ADMIN, post=deletion.settle, fresh=True),
    Url("person_timeline", "/users/{id:id}/timeline", STAFF, timeline.index),
    Url("mail_log", "/mail-log", LOG_READERS, mail_log.mail_log),
    Url("mail_log_changes", "/mail-log/changes", LOG_READERS, mail_log.changes),
    Url("mail_log_requests", "/mail-log/requests", ADMIN, mail_log.requests),
    Url("letter", "/mail-log/{id:id}", LOG_READERS, mail_log.letter),
    Url("letter_resend", "/mail-log/{id:id}/resend", ADMIN, post=mail_log.resend, fresh=True),
    Url("audit", "/audit", AUDIT_READERS, audit.index),
    Url("audit_export", "/audit/exports", AUDIT_READERS, post=audit.export, fresh=True),
    Url("security_txt", "/.well-known/security.txt", PUBLIC, security_txt.show),
    Url("healthz", "/healthz", PUBLIC, ops.healthz, anonymous=True),
    Url("readyz", "/readyz", PUBLIC, ops.readyz, anonymous=True),
    Url("metrics", "/metrics", PUBLIC, ops.metrics, anonymous=True),
)

DEV_URLS: Final = (
    Url("dev_mailbox", "/dev/mailbox", PUBLIC, dev_mailbox.index),
    Url("dev_letter", "/dev/mailbox/{id:id}", PUBLIC, dev_mailbox.letter),
    Url("dev_letter_html", "/dev/mailbox/{id:id}/html", PUBLIC, dev_mailbox.letter_html),
    Url("dev_kit", "/dev/kit", PUBLIC, dev_mailbox.kit),
)


def routes(*, dev: bool) -> list[Route | Mount]:
    """The table as Starlette's routes, every endpoint behind its guard."""
    table = URLS + (DEV_URLS if dev else ())
    return [*(route for url in table for route in _routes(url)), Mount("/static", _Static(directory=STATIC_DIR))]


def _routes(url: Url) -> Iterator[Route]:
    answers: dict[str, Callable[[Request], Awaitable[Response]]] = {}
    if url.get:
        answers["GET"] = answers["HEAD"] = url.get if url.anonymous else guarded(url.get, url.who)  # type: ignore[assignment]
    if url.post:
        answers["POST"] = guarded(url.post, url.who, fresh=url.fresh)

    async def answer(request: Request) -> Response:
        if url.slot:
            request.path_params["slot"] = url.slot
        return await answers[request.method](request)

    yield Route(url.path, answer, methods=sorted(answers), name=url.name, max_body_size=url.body_bytes)


def path_of(name: str, *, slot: Slot = Slot.PRIMARY, **values: object) -> str:
    """The path of a URL by its name; where there is one for each of the two mail servers, ``slot`` says which."""
    return _PATHS[_NAMES[slot] + name].replace(":id}", "}").format(**values)


_PATHS: Final = {url.name: url.path for url in URLS + DEV_URLS}


def navigation(principal: Principal) -> list[NavItem]:
    """What stands in the navigation on the left: the pages this person may see."""
    items = [
        ("start", message("Start"), "start"),
        ("people", message("Users"), "users"),
        ("help_inbox", message("Help requests"), "question"),
        ("mail_server", message("Mail server"), "server"),
        ("letters", message("Letters"), "letters"),
        ("mail_log", message("Mail log"), "log"),
        ("security_policy", message("Security policy"), "policy"),
        ("audit", message("Audit"), "audit"),
    ]
    allowed = {url.name for url in URLS if principal.role in url.who}
    if principal.role is not Role.ADMIN:
        allowed.discard("start")  # it leads them to another of these
    return [NavItem(path_of(name), label, icon) for name, label, icon in items if name in allowed]


class _Static(StaticFiles):
    """Static files; a URL that carries a mark of the content may be cached for ever."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        marked = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if marked else "no-cache"
        return response
