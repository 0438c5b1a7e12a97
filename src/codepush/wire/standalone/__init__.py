"""The standalone dialect: how management clients and servers talk about apps, deployments and releases.

``requests`` is the client's side (what to send, how to read the answer), ``errors`` how it reads
refusals, ``bodies`` the server's side; ``shapes`` are the objects both put on the wire.
"""

from codepush.wire.standalone.bodies import (
    account_body,
    app_body,
    apps_body,
    authenticated_body,
    created_app_body,
    deployment_body,
    deployments_body,
    history_body,
    metrics_body,
    package_body,
)
from codepush.wire.standalone.errors import error_from, retry_after
from codepush.wire.standalone.requests import (
    UNCHANGED,
    Call,
    account,
    add_app,
    add_deployment,
    app,
    apps,
    authenticated,
    deployment,
    deployments,
    history,
    metrics,
    patch_release,
    promote,
    release,
    remove_app,
    segment,
)

__all__ = [
    "UNCHANGED",
    "Call",
    "account",
    "account_body",
    "add_app",
    "add_deployment",
    "app",
    "app_body",
    "apps",
    "apps_body",
    "authenticated",
    "authenticated_body",
    "created_app_body",
    "deployment",
    "deployment_body",
    "deployments",
    "deployments_body",
    "error_from",
    "history",
    "history_body",
    "metrics",
    "metrics_body",
    "package_body",
    "patch_release",
    "promote",
    "release",
    "remove_app",
    "retry_after",
    "segment",
]
