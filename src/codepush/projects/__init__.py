"""Local app projects: their settings, and running their tools.

Nothing is guessed: what is found is returned with where it was found, and what is not found is an error that names each
place looked at. A project's build scripts are read, never executed; its bundler is the project's own.
"""
