"""Proof that the same party begins and completes a login (RFC 7636, method S256)."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["challenge"]


def challenge(verifier: str) -> str:
    """Return the challenge that the provider receives for a verifier at the start of a login."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
