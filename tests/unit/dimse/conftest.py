"""Property tests judge what is right; how fast an example runs says only how busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
