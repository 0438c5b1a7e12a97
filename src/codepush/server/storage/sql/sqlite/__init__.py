"""What is SQLite's own: one file, one writer, and a number that tells of other processes' commits."""
