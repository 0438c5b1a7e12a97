"""Pages for people: plain HTML without scripts, everything in it escaped, and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["page"]

_templates: Final = Environment(
    loader=PackageLoader("codepush.server.web"), autoescape=True, trim_blocks=True, undefined=StrictUndefined
)

_STYLE: Final = _templates.get_template("style.css").render()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(template: str, title: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page that no cache keeps, no frame shows, and no script can be smuggled into.

    Args:
        template: the name of a file in ``templates``, without its ending.
        title: the heading.
        status: that of the answer.
        values: what the template speaks of, as plain text.

    """
    # The one value that is markup already: ours, and told to browsers by its hash.
    style = Markup(_STYLE)  # noqa: S704 - a file of this package
    body = _templates.get_template(f"{template}.html").render(title=title, style=style, **values)
    return HTMLResponse(body, status, headers=_HEADERS)
