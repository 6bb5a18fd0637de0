"""pytest's plugin: the fixtures `mailgate` and `mailgate_gateway`.

pytest loads this in every run, also where no test wants mail: so nothing is imported before a fixture is asked for.
Under pytest-xdist each worker is a session of its own, and so has a server of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mailgate.testing.gateway import Gateway
    from mailgate.testing.namespace import Namespace

_NAMESPACE = pytest.StashKey["Namespace"]()


@pytest.fixture(scope="session")
def mailgate_gateway() -> Generator[Gateway, None, None]:
    """The server of this run, a `mailgate.testing.Gateway`; it is started when the first test wants it.

    Who wants it with other settings writes a fixture of this name into their own conftest.py:

        @pytest.fixture(scope="session")
        def mailgate_gateway():
            with mailgate.testing.Gateway(settings={"limits.message": "1 MiB"}) as gateway:
                yield gateway
    """
    from mailgate.testing.gateway import Gateway

    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def mailgate(request: pytest.FixtureRequest, mailgate_gateway: Gateway) -> Generator[Namespace, None, None]:
    """This test's own corner of a real mail server, a `mailgate.testing.Namespace`: addresses, mail, faults."""
    from mailgate.control.caller import GatewayGone

    namespace = mailgate_gateway.namespace()
    request.node.stash[_NAMESPACE] = namespace
    yield namespace
    with suppress(GatewayGone):  # whoever asked it has been told
        namespace.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failing test's mail. At its teardown the namespace has ended, and there is nothing to show."""
    report = yield
    namespace = item.stash.get(_NAMESPACE, None)
    if report.failed and call.when != "teardown" and namespace is not None:
        from mailgate.testing.report import sections

        report.sections += sections(namespace)
    return report
