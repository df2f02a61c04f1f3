"""The URLs of the site with Django's views (bench.django_site): its process alone imports them."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordResetDoneView, PasswordResetView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


def unasked(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: forms come without a token against forged requests, as in Django's own test client."""

    def answer(request: HttpRequest) -> HttpResponse:
        request._dont_enforce_csrf_checks = True  # noqa: SLF001 - there is no public name
        return get_response(request)

    return answer


def ready(_request: HttpRequest) -> HttpResponse:
    """That the site is there."""
    return HttpResponse()


@login_required  # type: ignore[untyped-decorator]  # Django is published without types
def account(request: HttpRequest) -> HttpResponse:
    """A page for whoever is signed in."""
    return render(request, "account.html")


urlpatterns: list[Any] = [
    path("readyz", ready),
    path("account", account),
    path("sign-in", LoginView.as_view()),
    path("password-reset", PasswordResetView.as_view(success_url="/password-reset/sent")),
    path("password-reset/sent", PasswordResetDoneView.as_view()),
]
