"""What follows where several have something to say."""

from __future__ import annotations

from hypothesis import given

from mailgate.accounts.decisions import NOTHING_SAID, SAFE_REMOVED_DAYS, Decisions
from mailgate.accounts.domain_rules import DomainRules
from mailgate.accounts.passwords import StoredPassword
from mailgate.accounts.ruling import contradictory, rules_of
from mailgate.accounts.users import Account
from mailgate.rules import Quota, Retention
from tests.accounts.test_decisions import DECISIONS

TRASH = Decisions(dele="trash")
KEEPING = Decisions(dele="trash", removed_days=3)
NOTHING_KEPT = Decisions(removed_days=0)


def account(decisions: Decisions, domain: str = "a.test") -> Account:
    return Account(f"alice@{domain}", StoredPassword("PLAIN", "x"), where="users:7", decisions=decisions)


def test_user_before_domain_before_default() -> None:
    rules = rules_of(
        Decisions(keep_days=1), Decisions(keep_days=2, keep_messages=2), Decisions(keep_days=3, login_delay=3)
    )
    assert rules.retention == Retention(days=1, messages=2)
    assert rules.login_delay_seconds == 3
    quotas = rules_of(Decisions(quota=0), Decisions(quota=2, quota_messages=2), Decisions(quota=3))
    assert quotas.quota == Quota(messages=2)


@given(DECISIONS, DECISIONS, DECISIONS)
def test_they_never_fail(user: Decisions, domain: Decisions, default: Decisions) -> None:
    assert rules_of(user, domain, default) == user.over(domain.over(default)).rules()


@given(DECISIONS, DECISIONS)
def test_while_the_domain_is_not_understood_nothing_is_removed_for_good(user: Decisions, default: Decisions) -> None:
    rules = rules_of(user, None, default)
    assert rules.retention.expire_days is None
    assert rules.dele == (user.dele or "trash")
    assert rules.removed_days == (user.removed_days or (0 if user.removed_days == 0 and user.dele == "expunge" else 30))
    assert SAFE_REMOVED_DAYS == 30
    expected = default.login_delay if user.login_delay is None else user.login_delay
    assert rules.login_delay_seconds == (expected or 0)
    # Nor is a message refused but by what the user's own line says.
    assert rules.quota == Quota(octets=user.quota or 0, messages=user.quota_messages or 0)


def faults(account: Account, domain: Decisions | None, default: Decisions = NOTHING_SAID) -> list[str]:
    domains = {"a.test": DomainRules(domain, "rules:1")} if domain is not None else {}
    return [str(fault).partition(" (")[0] for fault in contradictory([account], domains, default)]


def test_a_contradiction_is_told_where_it_was_said_last() -> None:
    of_user, of_domain = "users:7: the trash of alice@a.test keeps nothing", "rules:1: the trash of this domain keeps"
    nobody = account(NOTHING_SAID)
    assert faults(nobody, TRASH) == faults(nobody, TRASH, NOTHING_KEPT) == [f"{of_domain} nothing"]
    assert faults(nobody, NOTHING_KEPT, KEEPING) == [f"{of_domain} nothing"]
    assert faults(account(TRASH), NOTHING_SAID) == [of_user]
    assert faults(account(TRASH), NOTHING_KEPT) == [of_user]
    assert faults(account(NOTHING_KEPT), KEEPING) == faults(account(NOTHING_KEPT), NOTHING_SAID, KEEPING) == [of_user]


def test_what_makes_sense_together() -> None:
    assert faults(account(TRASH), Decisions(removed_days=1)) == []
    assert faults(account(TRASH), NOTHING_SAID, KEEPING) == []
    assert faults(account(NOTHING_KEPT), NOTHING_SAID) == []
    assert faults(account(Decisions(dele="expunge", removed_days=0)), KEEPING) == []
    assert faults(account(NOTHING_SAID), TRASH, KEEPING) == []


def test_what_is_told_elsewhere_is_not_told_again() -> None:
    assert faults(account(NOTHING_SAID), NOTHING_SAID, TRASH) == []  # the default's own, and the configuration's to say
    assert faults(account(TRASH), None) == []  # the domain's rules are not understood
