from __future__ import annotations

import pytest

from mailgate.store.memory import MemoryStore
from tests.store.abilities import AbilityContract
from tests.store.contract import StoreContract, Stores


class TestMemoryStore(StoreContract, AbilityContract):
    @pytest.fixture
    def stores(self) -> Stores:
        store = MemoryStore(clock=lambda: 1_700_000_000.0)
        return store, store
