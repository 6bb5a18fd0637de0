"""The life of every message, written down as it happens and found again by who asks where a message is.

The journal is told facts, as the log is. It keeps those that say what became of a message, a line of JSON each, in
files that nobody else may read; what a message says, its subject too, is not among them, and neither is any password.
It is bounded in size and age. Nothing waits for it: what it cannot write is lost, and counted.
"""
