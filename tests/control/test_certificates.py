"""The call about certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.control.calls import Arguments, CallError
from mailgate.control.certificates import make_certificate_functions
from tests.support import result_of
from tests.tls.support import DAY, NOW, certificate
from tests.tls.test_certificates import Bench


def test_what_is_shown_and_what_is_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.certificates.load()
    bench.main.write(certificate("mx.test", serial=2, ends=NOW - DAY))
    result_of(bench.certificates.reload())
    call = make_certificate_functions(bench.certificates, now=lambda: NOW)["certificates"]
    main, also = result_of(call(Arguments({})))["certificates"]
    assert main == {
        "certificate": str(bench.main.certificate),
        "key": str(bench.main.key),
        "names": ["mx.test"],
        "issuer": "CN=mx.test",
        "serial": "01",
        "sha256": bench.certificates.slots[0].shown.fingerprint,
        "not_before": int(NOW - DAY),
        "not_after": int(NOW + 90 * DAY),
        "days_left": 90,
        "shown_since": int(NOW),
        "refused": [
            {
                "where": str(bench.main.certificate),
                "what": "has expired: it was valid until 2026-09-20 14:13 UTC",
                "hint": "renew it",
            }
        ],
    }
    assert (also["names"], also["refused"]) == (["other.test"], [])
    with pytest.raises(CallError, match="there is no argument"):
        result_of(call(Arguments({"name": "x"})))


def test_without_certificates() -> None:
    call = make_certificate_functions(None, now=lambda: NOW)["certificates"]
    assert result_of(call(Arguments({}))) == {"certificates": []}
