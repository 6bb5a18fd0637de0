"""Counts that sessions share: bounded in memory, and kept in a file, so that a restart forgets nothing."""

from mailgate.tally.file import REST, SAVE_SECONDS, TallyFile
from mailgate.tally.tally import PARTS, Tally

__all__ = ["PARTS", "REST", "SAVE_SECONDS", "Tally", "TallyFile"]
