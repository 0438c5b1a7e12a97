"""Key pairs for signed releases."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def make_key_pair(folder, name="app"):
    """Write a new key pair as PEM files, and return the paths of the private and the public one."""
    key = rsa.generate_private_key(65537, 2048)
    private, public = folder / f"{name}-private.pem", folder / f"{name}-public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public
