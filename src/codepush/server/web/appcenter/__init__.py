"""The App Center door: its v0.1 management API, for npm ``code-push`` 4 and ``appcenter-cli``."""

from codepush.server.web.appcenter.chunks import ChunkRoutes
from codepush.server.web.appcenter.routes import AppCenterRoutes

__all__ = ["AppCenterRoutes", "ChunkRoutes"]
