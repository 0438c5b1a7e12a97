"""What a person does in a browser to log in."""

import re
from html import unescape

import anyio
import httpx2

from codepush.server.operations import make_login_code


def log_in_with_browser(server, page):
    """Prove on a server's log-in page that one is its first account, and return the access key that it shows."""
    code = anyio.run(make_login_code, server.settings, "owner@example.test")
    with httpx2.Client(base_url=server.url, follow_redirects=True) as browser:
        form = browser.get(page)
        fields = dict(re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', form.text))
        action = re.search(r'<form method="post" action="(.*?)">', form.text)[1]
        done = browser.post(action, data={name: unescape(value) for name, value in fields.items()} | {"code": code})
    return re.search(r'<input id="key" value="(.*?)"', done.text)[1]
