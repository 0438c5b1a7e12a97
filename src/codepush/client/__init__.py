"""The management SDK: two faces, one for event loops and one for everybody else."""

from codepush.client._async.codepush import AsyncCodePush
from codepush.client._sync.codepush import CodePush

__all__ = ["AsyncCodePush", "CodePush"]
