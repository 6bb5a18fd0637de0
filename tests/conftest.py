"""Settings that all tests share."""

from __future__ import annotations

from hypothesis import settings

# A shared machine may be slow for a moment; that is no finding.
settings.register_profile("mailgate", deadline=None)
settings.load_profile("mailgate")
