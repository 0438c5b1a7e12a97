"""The OpenAPI document of the server: every route but the pages for browsers."""

from codepush.wire.openapi.document import document

__all__ = ["document"]
