"""The certificates that a configuration names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import formatEvent

from mailgate.config import TLS, Config, Pair
from mailgate.development import write_certificate
from mailgate.service.certificates import certificates_of
from tests.support import Facts, logged


async def at_once(work: Any) -> Any:
    return work()


def test_none_is_named() -> None:
    assert certificates_of(Config(), Clock(), at_once, Facts(), for_tests=False) is None


@pytest.mark.parametrize("for_tests", [True, False])
def test_all_pairs_and_the_name_that_they_should_have(tmp_path: Path, for_tests: bool) -> None:
    certificate, key = write_certificate(str(tmp_path))
    tls = TLS(certificate=certificate, key=key, also=(Pair(certificate=certificate, key=key),))
    made = certificates_of(Config(hostname="mx.test", tls=tls), Clock(), at_once, Facts(), for_tests=for_tests)
    assert made is not None
    with logged() as events:
        made.load()
    assert len(made.slots) == 2
    said = " ".join(formatEvent(event) for event in events)
    assert ("is not for the hostname mx.test" in said) is not for_tests
