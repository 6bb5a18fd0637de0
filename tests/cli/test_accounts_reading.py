"""What could be read of account files that have a fault."""

from __future__ import annotations

from pathlib import Path

from mailgate.accounts.app_passwords import hash_app_password
from mailgate.accounts.domains import Domains
from mailgate.accounts.register import Register
from mailgate.accounts.secrets import APP_GROUPS, make_secret
from mailgate.cli.accounts_reading import is_doubtful, legible
from mailgate.faults import Fault
from tests.cli.accounts_support import write

ALICE, BOB = "alice@example.test", "bob@example.test"
USERS = "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_disable\n"


def register(house: Path) -> Register:
    return Domains(str(house / "domains"), list[Fault]().append).current()


def read(house: Path) -> Register:
    return legible(str(house / "domains"), register(house))


def test_the_lines_without_a_fault(gateway: Path) -> None:
    write(gateway, "users", USERS)
    write(gateway, "aliases", "info: alice\nsales: bob\nnonsense\n")
    write(gateway, "app-passwords", f"alice:phone:{hash_app_password(make_secret(APP_GROUPS))}\nalice\n")
    found = read(gateway)
    own = found.domains["example.test"]
    assert list(found.names.accounts) == list(own.accounts) == [ALICE]
    assert list(found.names.aliases) == ["info@example.test", "sales@example.test"]
    assert found.broken == {}  # bob may be somebody
    assert [each.name for each in found.app_passwords(ALICE)] == ["phone"]
    assert own.unread_users is not None and is_doubtful(own)


def test_the_rules_of_the_domain(gateway: Path) -> None:
    write(gateway, "users", USERS)
    write(gateway, "rules", "quota = '1 GiB'\n")
    assert read(gateway).rules(ALICE).quota.octets == 1 << 30
    write(gateway, "rules", "nonsense = 1\n")
    assert read(gateway).domains["example.test"].decisions is None


def test_of_application_passwords_alone(gateway: Path) -> None:
    write(gateway, "app-passwords", f"alice:phone:{hash_app_password(make_secret(APP_GROUPS))}\nalice\n")
    assert register(gateway).app_passwords(ALICE) == ()
    assert [each.name for each in read(gateway).app_passwords(ALICE)] == ["phone"]
    assert is_doubtful(read(gateway).domains["example.test"])


def test_a_domain_without_fault_is_not_read_again(gateway: Path) -> None:
    before = register(gateway)
    write(gateway, "users", USERS)
    after = legible(str(gateway / "domains"), before)
    assert after.domains == before.domains
    assert not is_doubtful(after.domains["example.test"])


def test_what_cannot_be_read_at_all_has_no_lines(gateway: Path) -> None:
    (gateway / "domains" / "example.test" / "users").write_bytes(b"alice:{PLAIN}x\n\xff\n")
    write(gateway, "users", "alice:{PLAIN}x\n", "Misnamed.test")
    found = read(gateway)
    assert list(found.domains) == ["example.test", "misnamed.test"]
    assert found.names.accounts == {} and all(map(is_doubtful, found.domains.values()))


def test_spelling_and_defaults_are_kept(gateway: Path) -> None:
    before = register(gateway)
    assert (read(gateway).names.spelling, read(gateway).default) == (before.names.spelling, before.default)
