"""Counting requests and measuring how long they take."""

import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})


class Measurements:
    """What is known of the requests so far, by the route: never by the URL, which may hold a token."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._requests = Counter(
            "postern_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "postern_request_seconds",
            "Seconds until an answer was complete.",
            ["route"],
            registry=self.registry,
            buckets=_SECONDS,
        )

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. ``status`` is 0 for one that was never answered."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class Measured:
    """Counts each request."""

    def __init__(self, app: ASGIApp, *, measurements: Measurements) -> None:
        self._app = app
        self._measurements = measurements

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and look at the clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = time.perf_counter()

        async def watched(event: Message) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
            await send(event)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = str(getattr(scope.get("route"), "path", "-"))
            self._measurements.add(scope["method"], route, status, time.perf_counter() - started)
