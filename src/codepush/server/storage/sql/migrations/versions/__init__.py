"""The steps, one per file, in the order of their numbers."""
