"""What `--check` finds besides the configuration itself."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from mailgate.config import TLS, Config, Handler
from mailgate.development import write_certificate
from mailgate.service import inspect


def test_nothing_wrong(tmp_path: Path) -> None:
    certificate, key = write_certificate(str(tmp_path))
    config = Config(tls=TLS(certificate=certificate, key=key), handler=(Handler(use="loop-guard"),))
    assert inspect(config) == ()
    assert inspect(Config()) == ()


def test_certificate_and_every_handler(tmp_path: Path) -> None:
    certificate, key = write_certificate(str(tmp_path))
    config = Config(
        tls=TLS(certificate=certificate, key=certificate),
        handler=(Handler(use="loop-gard"), Handler(use="loop-guard"), Handler(use="add-field", name="mark")),
    )
    where = [fault.where for fault in inspect(config)]
    assert where == [certificate, "handler 1 (loop-gard)", "handler 3 (mark)"]
    assert inspect(evolve(config, handler=(), tls=TLS(certificate=certificate, key=key))) == ()
