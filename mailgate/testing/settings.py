"""Settings of a test's, as the configuration takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def written(settings: Mapping[str, Any]) -> list[str]:
    """`{"pop3.login_timeout": "5s"}` as overrides: `section.key=value`, the value in TOML."""
    # JSON's texts, numbers, truths and lists are TOML's as well.
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
