"""Effects that tests pass in."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that goes on only when told to."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Let time pass: ``advance(minutes=5)``."""
        self.now += timedelta(**by)
