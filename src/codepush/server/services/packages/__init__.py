"""Contents of releases: archives, the diffs between them, their compression, and their download URLs."""
