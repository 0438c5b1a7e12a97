# Generated from src/codepush/client/_async/__init__.py by tools/unasync.py; do not edit.
"""One of the two faces of the client: the asynchronous one is written, the synchronous one generated from it."""
