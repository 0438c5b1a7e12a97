"""HTML pages for users: no scripts, all values escaped, and no external resources."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

__all__ = ["page"]


def page(template: str, title: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page that no cache stores, no frame shows, and no script can be injected into.

    Args:
        template: The name of a file in ``templates``, without its suffix.
        title: The heading.
        status: The status of the response.
        values: The values in the template, as plain text.

    """
    from markupsafe import Markup

    # The only value that is markup: our own, and allowed by its hash.
    style = Markup(_style())  # noqa: S704 - a file of this package
    body = _templates().get_template(f"{template}.html").render(title=title, style=style, **values)
    return HTMLResponse(body, status, headers=_headers())


@cache
def _templates() -> Environment:
    # Imported late: few servers show a page, and none at the start.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("codepush.server.web")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=StrictUndefined)


@cache
def _style() -> str:
    return _templates().get_template("style.css").render()


@cache
def _headers() -> Mapping[str, str]:
    hashed = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{hashed}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
