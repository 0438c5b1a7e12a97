"""App projects on this machine: what can be read out of them, and their own tools, run.

Nothing is guessed: what is found is returned with where it was found, and what is not found is an error that names each
place looked at. A project's build scripts are read, never executed; its bundler is the project's own.
"""
