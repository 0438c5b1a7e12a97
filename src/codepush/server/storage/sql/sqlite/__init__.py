"""The adapter for SQLite: one file, one writer, and a counter of other processes' commits."""
