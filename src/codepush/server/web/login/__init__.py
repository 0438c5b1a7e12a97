"""Browser login, for the original's command line (standalone management API, section 8).

The command line opens ``/auth/login?hostname=MACHINE`` and waits for the access key that ``/accesskey`` shows at the
end. Short-lived cookies hold the state in between, so each step may reach another process.
"""

from codepush.server.web.login.routes import LoginRoutes

__all__ = ["LoginRoutes"]
