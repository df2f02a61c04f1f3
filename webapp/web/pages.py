"""Pages and their regions."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import SplitResult, parse_qs, parse_qsl, quote, urlencode, urlsplit

from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webapp.jinja import environment
from webapp.principal import Principal
from webapp.text import LANGUAGES, Message, Translator, translator
from webapp.web.cookies import FLASH

_URL_SIGNS: Final = ":/%#?=@[]!$&'()*+,;"
PRODUCT: Final = "Postern"
FLASH_LIFETIME: Final = timedelta(minutes=1)
NOTHING_BESIDE: Final[Mapping[str, str]] = {}
VARY: Final = "HX-Request, HX-Request-Type, Cookie, Accept-Language"

Kind = Literal["success", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Toast:
    """A short word in the upper right corner."""

    text: Message
    kind: Kind = "success"
    detail: Message | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """What every page of somebody on the staff says at its top until it is mended."""

    text: Message
    kind: Kind = "warning"
    href: str = ""
    label: Message | None = None


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the navigation."""

    href: str
    label: Message
    icon: str


Navigation = Callable[[Principal], Sequence[NavItem]]
BannersFor = Callable[[Principal], Awaitable[Sequence[Banner]]]
NameOf = Callable[[], Awaitable[str]]
"""What the platform is called on pages for people who are not signed in."""


class Pages:
    """Renders a whole page, or one region of it when htmx asks; the only reader of htmx's headers."""

    def __init__(
        self,
        *,
        navigation: Navigation,
        banners_for: BannersFor,
        name_of: NameOf,
        flash_keys: Sequence[bytes],
        secure: bool,
        url: Callable[..., str],
        dev: bool,
    ) -> None:
        names = {"url": url, "languages": LANGUAGES, "product_name": PRODUCT, "dev": dev}
        self._environments: dict[str, Environment] = {
            language: environment(language, names=names) for language in LANGUAGES
        }
        self._navigation = navigation
        self._banners_for = banners_for
        self._name_of = name_of
        self._name = PRODUCT
        self._flash = URLSafeSerializer(list(flash_keys), salt="flash")
        self._secure = secure

    @staticmethod
    def wants_region(request: HTTPConnection[Any]) -> bool:
        """Whether htmx asks for a part of the page."""
        return request.headers.get("HX-Request-Type") == "partial"

    @staticmethod
    def shown_url(request: HTTPConnection[Any]) -> SplitResult:
        """The URL in the browser's address bar, as htmx reports it; empty without htmx. Not to be trusted."""
        try:
            return urlsplit(request.headers.get("HX-Current-URL", ""))
        except ValueError:
            return urlsplit("")

    async def render(
        self,
        request: HTTPConnection[Any],
        page: str,
        *,
        region: str = "",
        status: int = 200,
        toast: Toast | None = None,
        beside: Mapping[str, str] = NOTHING_BESIDE,
        **context: Any,
    ) -> Response:
        """The page, or its region when htmx asks for a part and there is a region.

        ``beside`` names further regions that what happened has changed: the id of each, and its template. They and the
        toast come along with the region.
        """
        if region and self.wants_region(request):
            parts = [self.part(request, region, **context)]
            parts += [_partial(name, self.part(request, template, **context)) for name, template in beside.items()]
            parts += [self.toast(request, toast)] if toast else []
            response: Response = HTMLResponse("".join(parts), status)
        else:
            flashed = self._read_flash(request)
            toasts = [each for each in (flashed, toast) if each]
            principal: Principal | None = _own(request, "principal")
            banners = await self._banners_for(principal) if principal else ()
            if principal is None:
                self._name = await self._name_of()
            response = HTMLResponse(self._page(request, page, toasts, banners, **context), status)
            if flashed:
                FLASH.clear(response, secure=self._secure)
        return _private(response, self.words(request))

    async def search(
        self,
        request: HTTPConnection[Any],
        page: str,
        *,
        region: str,
        shown_as: str,
        replaces: bool = False,
        **context: Any,
    ) -> Response:
        """The answer to a search: render(), and the address bar follows it.

        The first letters push a URL and those that follow replace it, so that Back leaves the search. ``shown_as`` is
        the search's own path and query. What is added to a list ``replaces`` the URL in any case.
        """
        response = await self.render(request, page, region=region, **context)
        if self.wants_region(request):
            searching = replaces or "q" in parse_qs(self.shown_url(request).query)
            response.headers["HX-Replace-Url" if searching else "HX-Push-Url"] = shown_as
        return response

    def _page(
        self,
        request: HTTPConnection[Any],
        page: str,
        toasts: Sequence[Toast],
        banners: Sequence[Banner],
        **context: Any,
    ) -> str:
        principal: Principal | None = _own(request, "principal")
        words = self.words(request)
        path = request.scope["path"]
        nav = [
            {
                "href": item.href,
                "label": words.show(item.label),
                "icon": item.icon,
                "current": path == item.href or (item.href != "/" and path.startswith(f"{item.href}/")),
            }
            for item in (self._navigation(principal) if principal else ())
        ]
        shown = [
            {
                "kind": banner.kind,
                "text": words.show(banner.text),
                "href": banner.href,
                "label": words.show(banner.label) if banner.label else "",
            }
            for banner in banners
        ]
        return self.part(
            request, page, nav=nav, banners=shown, toasts=[_toast_values(toast, words) for toast in toasts], **context
        )

    def part(self, request: HTTPConnection[Any], template: str, **context: Any) -> str:
        """A template as text, in the request's language."""
        principal: Principal | None = _own(request, "principal")
        return (
            self._environments[self.words(request).language]
            .get_template(template)
            .render(
                **{
                    "principal": principal,
                    "time_zone": principal.time_zone if principal else "",
                    "product_name": PRODUCT if principal else self._name,
                    "path": request.scope["path"],
                    "here": _here(request),
                    **context,
                }
            )
        )

    def toast(self, request: HTTPConnection[Any], toast: Toast) -> str:
        """A toast as an element that htmx puts into the upper right corner beside whatever else it swaps."""
        return self.part(request, "_toast.html", toast=_toast_values(toast, self.words(request)))

    async def done(
        self,
        request: HTTPConnection[Any],
        to: str,
        *,
        toast: Toast | None = None,
        page: str = "",
        region: str = "",
        beside: Mapping[str, str] = NOTHING_BESIDE,
        **context: Any,
    ) -> Response:
        """The answer to a POST that succeeded: the region for htmx, else 303 to ``to`` where the toast is shown."""
        if region and self.wants_region(request):
            response = await self.render(request, page, region=region, toast=toast, beside=beside, **context)
            if self.shown_url(request).path == to:
                response.headers["HX-Replace-Url"] = to  # a query that filled the form has served
            return response
        return self.redirect(request, to, toast=toast)

    def redirect(self, request: HTTPConnection[Any], to: str, *, toast: Toast | None = None) -> Response:
        """Send the browser on; ``to`` is a path of ours. htmx is told to load it as a page."""
        if self.wants_region(request):
            response: Response = Response(status_code=200, headers={"HX-Redirect": quote(to, safe=_URL_SIGNS)})
        else:
            response = RedirectResponse(to, 303)
        if toast:
            FLASH.write(response, self._flash.dumps(_flash_values(toast)), secure=self._secure, lifetime=FLASH_LIFETIME)
        return _private(response, None)

    def words(self, request: HTTPConnection[Any]) -> Translator:
        """The translator: of the language chosen in this browser, else of the person's, else of the browser's own."""
        principal: Principal | None = _own(request, "principal")
        chosen = _own(request, "chosen_language") or (principal.language if principal else "")
        return translator(chosen or _own(request, "language") or LANGUAGES[0])

    def _read_flash(self, request: HTTPConnection[Any]) -> Toast | None:
        cookie = FLASH.read(request, secure=self._secure)
        if not cookie:
            return None
        try:
            values = self._flash.loads(cookie)
        except BadSignature:
            return None
        return Toast(_message(values["text"]), values["kind"], _message(values["detail"]) if values["detail"] else None)


def _here(request: HTTPConnection[Any]) -> str:
    """A link to this page again, without a language that was chosen before.

    It names the query alone: browsers add the path, which may hold a token that no page repeats.
    """
    kept = [pair for pair in parse_qsl(request.scope["query_string"].decode("latin-1")) if pair[0] != "language"]
    return f"?{urlencode(kept)}" if kept else ""


def _own(request: HTTPConnection[Any], name: str) -> Any:
    return request.scope.get("state", {}).get(name)


def _partial(name: str, text: str) -> str:
    return f'<hx-partial hx-target="#{name}" hx-swap="outerHTML">{text}</hx-partial>'


def _private(response: Response, words: Translator | None) -> Response:
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = "no-store"
    if words:
        response.headers["Content-Language"] = words.tag
    return response


def _toast_values(toast: Toast, words: Translator) -> dict[str, str]:
    return {
        "kind": toast.kind,
        "text": words.show(toast.text),
        "detail": words.show(toast.detail) if toast.detail else "",
    }


def _flash_values(toast: Toast) -> dict[str, Any]:
    return {
        "kind": toast.kind,
        "text": _plain(toast.text),
        "detail": _plain(toast.detail) if toast.detail else None,
    }


def _plain(text: Message) -> list[Any]:
    return [text.msgid, json.loads(json.dumps(dict(text.params), default=str))]


def _message(values: list[Any]) -> Message:
    return Message(values[0], values[1])
