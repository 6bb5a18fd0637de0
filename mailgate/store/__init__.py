"""Keeps maildrops: in memory for tests, in Maildirs for the rest. Only here is known what a maildrop's name means."""
