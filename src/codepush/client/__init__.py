"""The management SDK, synchronous and asynchronous."""

from codepush.client._async.codepush import AsyncCodePush
from codepush.client._sync.codepush import CodePush
from codepush.wire.standalone import is_duplicate

__all__ = ["AsyncCodePush", "CodePush", "is_duplicate"]
