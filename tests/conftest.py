"""Settings that all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# A shared machine may be slow for a moment; that is no finding. Many short runs find what one long one does: who has
# the time asks for more, as in EXAMPLES=2000 make test.
settings.register_profile("mailgate", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "40")))
settings.load_profile("mailgate")

if "PYTEST_XDIST_WORKER" in os.environ:
    # What a test starts is not measured: every module has tests of its own, and hundreds of starts would take twice
    # as long. The worker itself is measured already.
    for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]:
        del os.environ[name]
