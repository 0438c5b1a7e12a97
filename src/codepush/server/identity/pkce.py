"""Proof that who asks for the result of a log-in is who began it (RFC 7636, method S256)."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["challenge"]


def challenge(verifier: str) -> str:
    """Return what the provider is told of a verifier when the log-in begins."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
