from __future__ import annotations

from threading import Thread

import pytest

from tests.crash import gate as gate_module
from tests.crash.gate import Gate


def test_clients_wait_until_it_opens_and_shutting_waits_for_them() -> None:
    gate = Gate(2)
    passed: list[str] = []

    def client(name: str) -> None:
        gate.wait()
        passed.append(name)
        gate.leave()

    threads = [Thread(target=client, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    gate.shut()  # both have come
    assert passed == []
    gate.open()
    for thread in threads:
        thread.join()
    gate.shut()  # both have gone
    assert sorted(passed) == ["a", "b"]


def test_who_does_not_come_back_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(TimeoutError, match="hangs"):
        Gate(1).shut()
