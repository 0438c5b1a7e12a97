"""Parts that both management dialects share: admission, services, and the form of responses."""

from codepush.server.web.management.admission import Admission, Handler
from codepush.server.web.management.application import management_app
from codepush.server.web.management.services import Services

__all__ = ["Admission", "Handler", "Services", "management_app"]
