"""The handlers that mailgate ships, each a file to copy from; docs/handlers.md shows how to write another."""
