"""A simulated phone: what an app with react-native-code-push in it does with your updates.

A :class:`Phone` lives in a folder. It starts with the binary from the store, asks a server for
updates, downloads and verifies them, runs them after a restart, tells the server what became of
them, and goes back to what it ran before when one does not come up:

```python
from codepush.device import Phone

phone = Phone("phone", server_url="http://127.0.0.1:3000", deployment_key=key, app_version="1.0.0")
phone.sync()                # downloads and installs v1; it runs from the next start on
phone.restart()             # v1 comes up, and the server hears of it
phone.sync()                # v2
phone.restart(crash=True)   # v2 runs, and dies before the app could say that it came up
phone.restart()             # v1 again; the server hears that v2 failed, and v2 is never tried again
print(phone.running.label)
```

Every step is that of the plugin's JavaScript and native halves, with these differences, all on the
strict side: the hash of every package is verified, an update may not delete files outside its
package, unsafe archives are refused, and reports of what runs or failed are repeated until the
server takes them. A phone that is given a public key accepts signed updates only.

Methods raise :class:`codepush.errors.CodePushError`; a phone that was told something wrong keeps what it had.
"""

from codepush.device.packages import InstallMode, LocalUpdate, Platform, RemotePackage, Running, SyncStatus
from codepush.device.phone import Phone
from codepush.device.trial import Outcome, Trial

__all__ = [
    "InstallMode",
    "LocalUpdate",
    "Outcome",
    "Phone",
    "Platform",
    "RemotePackage",
    "Running",
    "SyncStatus",
    "Trial",
]
