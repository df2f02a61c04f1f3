"""Property tests run on busy machines: the examples are bounded, their time is not."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
