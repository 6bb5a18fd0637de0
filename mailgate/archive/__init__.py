"""Mail as other programs keep it: Maildir trees, mbox files, .eml files. Read and written; knows nothing of a store."""
