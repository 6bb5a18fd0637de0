"""Keeping maildrops to their retention: what a sweep does, and when there may be one."""
