# Generated from src/codepush/client/_async/__init__.py by tools/unasync.py; do not edit.
"""The asynchronous client; the synchronous one is generated from it."""
