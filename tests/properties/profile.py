"""How properties are tried: the same examples each time, in bounded number."""

from hypothesis import HealthCheck, settings


def bounded(examples: int) -> settings:
    """At most so many examples, each as long as a busy machine needs."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
