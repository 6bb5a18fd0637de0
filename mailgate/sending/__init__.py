"""Sending out through a smarthost: `client` hands a message over within the session that brought it."""
