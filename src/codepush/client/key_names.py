"""Names of access keys. Callers confuse them with the keys, so no error repeats a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.client.settings import Secret
from codepush.masking import masked, masked_name

if TYPE_CHECKING:
    from codepush.errors import CodePushError

__all__ = ["conceal", "named"]


def named(**given: str | None) -> Secret:
    """Return the value of the given one of several equivalent arguments.

    The value is a secret, because callers confuse an access key with its name.

    Raises:
        TypeError: Not exactly one of them was given.

    """
    texts = [text for text in given.values() if text is not None]
    if len(texts) != 1:
        raise TypeError(f"Pass exactly one of the arguments {' and '.join(given)}.")
    return Secret(texts[0])


def conceal(error: CodePushError, name: Secret, own: Secret) -> None:
    """Mask access keys in the message of an error.

    Args:
        error: An error about an access key.
        name: The name that a caller gave to the access key; it is masked if it is or looks like a key.
        own: The access key of the client.

    """
    text = name.reveal()
    keys = [own.reveal(), *([text] if masked_name(text) != text else [])]
    error.message = masked(error.message, *keys)
    error.args = (error.message,)
