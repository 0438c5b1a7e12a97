"""A simulated device, which processes updates as an app with react-native-code-push does.

A ``SimulatedDevice`` lives in a folder. It starts with the binary from the store, checks a
server for updates, downloads and verifies them, runs them after a restart, reports the result to
the server, and rolls back an update that crashes:

```python
from codepush.device import SimulatedDevice

device = SimulatedDevice("device", server_url="http://127.0.0.1:3000", deployment_key=key, app_version="1.0.0")
device.sync()  # download and install v1
device.restart()  # run v1 and report it
device.sync()  # download and install v2
device.restart(crash=True)  # v2 crashes on its first start
device.restart()  # run v1 again, report that v2 failed, and never install v2 again
print(device.running.label)
```

Every step is that of the plugin's JavaScript and native code, with stricter exceptions: the hash of
every package is verified, an update may not delete files outside its package, unsafe archives are
rejected, and reports are retried until the server accepts them. A device with a public key accepts
only signed updates.

Methods raise ``codepush.errors.CodePushError``; a failed download or update changes nothing.
"""

from codepush.device.packages import InstallMode, LocalUpdate, Platform, RemotePackage, Running, SyncStatus
from codepush.device.simulated import SimulatedDevice
from codepush.device.trial import Outcome, Trial

__all__ = [
    "InstallMode",
    "LocalUpdate",
    "Outcome",
    "Platform",
    "RemotePackage",
    "Running",
    "SimulatedDevice",
    "SyncStatus",
    "Trial",
]
