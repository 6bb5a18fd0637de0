"""What a listener shows."""

from __future__ import annotations

import pytest

from mailgate.pop3.personality import Personality


def test_the_defaults() -> None:
    personality = Personality(hostname="pop.example.test")
    assert not personality.tls_available
    assert not personality.allow_plaintext
    assert personality.idle_seconds >= 600  # RFC 1939 section 3
    assert personality.login_seconds == 60
    assert personality.language == "en"


@pytest.mark.parametrize("name", ["", "a\nb", "<a>", "é", "x" * 300])
def test_a_name_can_stand_in_a_greeting(name: str) -> None:
    with pytest.raises(ValueError, match="hostname"):
        Personality(hostname=name)
    with pytest.raises(ValueError, match="implementation"):
        Personality(hostname="x", implementation=name)


def test_the_language_is_one_that_is_there() -> None:
    assert Personality(hostname="x", language="de").language == "de"
    with pytest.raises(ValueError, match="language"):
        Personality(hostname="x", language="tlh")
