"""Settings that all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# A shared machine may be slow for a moment; that is no finding. Many short runs find what one long one does: who has
# the time asks for more, as in EXAMPLES=2000 make test.
settings.register_profile("mailgate", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "40")))
settings.load_profile("mailgate")
