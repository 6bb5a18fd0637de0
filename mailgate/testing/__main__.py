"""`python -m mailgate.testing`: see `mailgate.testing.server`."""

from __future__ import annotations

import gc
import sys

gc.disable()  # what is imported stays: `foreground.settle` looks for garbage when all is there

from mailgate.testing.server import main  # noqa: E402

sys.exit(main())
