"""What a listener shows."""

from __future__ import annotations

import pytest

from mailgate.pop3.personality import KEYWORDS, Personality


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


def test_a_banner_can_stand_in_a_greeting() -> None:
    assert Personality(hostname="x", banner="ready {now}").banner == "ready {now}"
    assert Personality(hostname="x").banner == ""
    for banner in ("a\nb", "<1@x>", "\u00e9", "x" * 300):
        with pytest.raises(ValueError, match="banner"):
            Personality(hostname="x", banner=banner)


def test_a_keyword_that_is_none_cannot_be_hidden() -> None:
    assert Personality(hostname="x", hidden=KEYWORDS).hidden == KEYWORDS
    with pytest.raises(ValueError, match=r"'SIZE' cannot be hidden; AUTH-RESP-CODE, CAPA, EXPIRE, .* can"):
        Personality(hostname="x", hidden=frozenset({"TOP", "SIZE"}))
