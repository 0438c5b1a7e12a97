"""The App Center door: its v0.1 management API, for npm ``code-push`` 4 and ``appcenter-cli``."""

from codepush.server.web.appcenter.chunks import ChunkDoor
from codepush.server.web.appcenter.door import AppCenterDoor

__all__ = ["AppCenterDoor", "ChunkDoor"]
