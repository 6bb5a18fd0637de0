from __future__ import annotations

import pytest

from tests.crash.syncs import ROOT_PATH, Sync, of_directory, of_file_system

MAILDROP = (*ROOT_PATH, "example.org", "a")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ((), Sync.ABOVE),
        (ROOT_PATH[:1], Sync.ABOVE),
        (ROOT_PATH, Sync.ROOT),
        (MAILDROP[:-1], Sync.DOMAIN),
        (MAILDROP, Sync.MAILDROP),
        ((*MAILDROP, "new"), Sync.NAMES),
        ((*MAILDROP, "mailgate-removed"), Sync.TRASH),
    ],
)
def test_a_directory_says_what_its_sync_is_for(path: tuple[str, ...], kind: Sync) -> None:
    assert of_directory(path, removing=False) == kind


def test_a_removal_syncs_both_folders() -> None:
    assert of_directory((*MAILDROP, "new"), removing=True) == Sync.REMOVED_NEW
    assert of_directory((*MAILDROP, "cur"), removing=True) == Sync.REMOVED_CUR


@pytest.mark.parametrize("folder", ["cur", "tmp"])
def test_other_syncs_are_for_nothing(folder: str) -> None:
    with pytest.raises(ValueError, match=folder):
        of_directory((*MAILDROP, folder), removing=False)


def test_a_sync_of_all_is_for_contents_while_there_are_any_without_a_final_name() -> None:
    assert of_file_system([(*MAILDROP, "new", "x"), (*MAILDROP, "tmp", "y")]) == Sync.BATCH_CONTENTS
    assert of_file_system([(*MAILDROP, "new", "x")]) == Sync.BATCH_NAMES
    assert of_file_system([]) == Sync.BATCH_NAMES
