"""Signatures: proof to a device that a release comes from the holder of the app's private key.

A signature is a compact JSON web token (RS256) over the package hash. The package contains it as a file named
``.codepushrelease``, which is not part of the hash, so signing does not change the hash. The protocol pages and the
recorded responses define the token byte by byte, and what devices verify: the signature and the hash, but neither the
claims' version nor any date.

The cryptography comes with the extra ``signing`` and is imported only when it is used.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from codepush.errors import ConfigurationError, PackageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

__all__ = ["read_private_key", "read_public_key", "sign", "verify"]

_ALGORITHM: Final = "RS256"
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_PEM_START: Final = "-----BEGIN "


class _Claims(Struct, frozen=True, rename="camel"):
    """The claims of a signature, in the order in which they are written."""

    claim_version: str
    content_hash: str
    iat: int


class _Signed(Struct, frozen=True, rename="camel"):
    """The claim that devices read."""

    content_hash: str


def sign(package_hash: str, private_key: str | bytes, *, issued_at: int) -> str:
    """Return the signature of a package: the text of its ``.codepushrelease``, without a line break.

    The same arguments always give the same text.

    Args:
        package_hash: The package hash as lower-case hex.
        private_key: An RSA key in PEM form (PKCS #1 or PKCS #8) without a passphrase.
        issued_at: When it is signed, in whole seconds since 1970.

    Raises:
        ConfigurationError: The key is not such a key, or the extra ``signing`` is not installed.

    """
    key = _load_private_key(private_key)
    with _extra():
        from jwt import PyJWS
    claims = _Claims(claim_version="1.0.0", content_hash=package_hash, iat=issued_at)
    return PyJWS().encode(msgspec.json.encode(claims), key, _ALGORITHM)


def verify(token: str, public_key: str | bytes) -> str:
    """Return the package hash in a valid signature.

    The caller compares it with the hash of the files that came with the signature.

    Args:
        token: Content of a ``.codepushrelease``, without anything around it, not even a line break.
        public_key: An RSA key in PEM form (SubjectPublicKeyInfo or PKCS #1).

    Raises:
        PackageError: It is not a signature, was created with another key, was altered, or has no hash.
        ConfigurationError: The key is invalid, or the extra ``signing`` is not installed.

    """
    key = _load_public_key(public_key)
    with _extra():
        from jwt import InvalidTokenError, PyJWS
    if not _COMPACT.fullmatch(token):
        raise PackageError("The signature is not a signed JSON web token. Sign the release again.")
    try:
        payload = PyJWS().decode(token, key, algorithms=[_ALGORITHM])
    except InvalidTokenError as error:
        raise PackageError(
            f"The signature does not pass with this public key ({error}). Sign the release with the private key that"
            " belongs to it."
        ) from error
    try:
        return msgspec.json.decode(payload, type=_Signed).content_hash
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PackageError(f"The signature does not contain a package hash ({error}).") from error


def read_private_key(path: str | os.PathLike[str]) -> bytes:
    """Read and check a private key for :func:`sign`.

    Raises:
        ConfigurationError: The file cannot be read or has no private key, or the extra ``signing`` is not
            installed.

    """
    try:
        pem = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f'The path specified for the signing key ("{os.fspath(path)}") was not valid. {_reason(error)}'
        ) from error
    _load_private_key(pem)
    return pem


def read_public_key(source: str | os.PathLike[str]) -> str:
    """Check and return a public key for :func:`verify`.

    Args:
        source: The PEM text itself, or the path of a file with it.

    Raises:
        ConfigurationError: The file cannot be read or has no public key, or the extra ``signing`` is not installed.

    """
    pem = source if isinstance(source, str) and _PEM_START in source else _read_text(source)
    _load_public_key(pem)
    return pem


def _read_text(path: str | os.PathLike[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f'The public key "{os.fspath(path)}" cannot be read. {_reason(error)}') from error


def _reason(error: OSError | ValueError) -> str:
    return f"{(error.strerror if isinstance(error, OSError) else None) or error}: give the path of a PEM file."


def _load_private_key(pem: str | bytes) -> RSAPrivateKey:
    with _extra():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    try:
        key = load_pem_private_key(_bytes(pem), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # a TypeError if a passphrase is missing
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(
            "The specified signing key file was not valid. Give an RSA private key in PEM form, without a passphrase."
        )
    return key


def _load_public_key(pem: str | bytes) -> RSAPublicKey:
    with _extra():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    try:
        key = load_pem_public_key(_bytes(pem))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ConfigurationError("The public key was not valid. Give an RSA public key in PEM form.")
    return key


def _bytes(pem: str | bytes) -> bytes:
    return pem.encode() if isinstance(pem, str) else pem


@contextmanager
def _extra() -> Iterator[None]:
    """Turn a missing dependency into an error that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            'Signing needs more than the base installation. Install it with: pip install "codepush[signing]"'
        ) from error
