"""Update checks as bytes: those that phones send, and what else may arrive where they are expected."""

from urllib.parse import quote

from codepush.wire.acquisition import UPDATE_CHECK_PATHS

_SNAKE = ("deployment_key", "app_version", "package_hash", "is_companion", "label", "client_unique_id")
_CAMEL = ("deploymentKey", "appVersion", "packageHash", "isCompanion", "label", "clientUniqueId")
_PATHS = (
    *UPDATE_CHECK_PATHS,
    *("/UPDATECHECK", "/updateCheck/", "//updateCheck", "/updateCheck/x", "/./updateCheck", "/update%43heck", "/"),
    *("/v0.1/public/codepush/update_check/", "/V0.1/public/codepush/update_check", "/reportStatus/deploy", "/%FF"),
)
_VERSIONS = (
    "1.0.0",
    "1.0.0",
    "1.2.3",
    "2.0.0",
    "1",
    "1.2",
    "v1.0.0",
    "1.0.0-beta",
    "one",
    "",
    "01.0.0",
    " 1.0.0",
    "1.0.0+b",
)
_HEADERS = (
    *("Host: localhost", "Host: localhost:3000", "host: [::1]", "Host:", "Host: a b", "HOST: a"),
    *("Accept: application/json", "Accept: application/problem+json", "Accept:*/*", "Accept: ", "Accept:   a/b  "),
    *("User-Agent: okhttp/4.9.2", "User-Agent: App/1 CFNetwork/1.0 (Mac; \t x)", "X-CodePush-SDK-Version: ^4.2.2"),
    *("Connection: keep-alive", "connection: Keep-Alive", "Connection: close", "Connection: Close", "Connection: TE"),
    *("Connection: upgrade", "Connection: keep-alive, Upgrade", "Proxy-Connection: close", "Keep-Alive: 5"),
    *("Upgrade: websocket", "Upgrade: h2c", "Expect: 100-continue", "Expect: x", "Trailer: x", "HTTP2-Settings: a"),
    *("Content-Length: 0", "Content-Length: 3", "Content-Length: x", "Content-Length: -1", "TE: trailers"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: identity", "X-Empty:", "X Bad: 1", "X-Bad\x00: 1", "X: \x00"),
    *("X: caf\xe9", " folded", "\tfolded", "no colon", ": no name", "X-Long: " + "a" * 600, "If-None-Match: *"),
    *("X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https", "Cookie: a=b; c=d", "X'!#$%&*+.^_`|~: 1"),
    *("Content-Type: application/json", "Range: bytes=0-1", "Accept-Encoding: gzip"),
)
_PLAIN_HEADERS = (_HEADERS[6], _HEADERS[11], _HEADERS[14], "Accept-Encoding: gzip")
_METHODS = ("GET", "GET", "GET", "GET", "HEAD", "POST", "get", "OPTIONS", "CONNECT", "G ET", "GETT", "PUT", "")
_PROTOCOLS = (
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "http/1.1",
    "HTTP/1.1 ",
    " HTTP/1.1",
    "",
    "HTTP/11",
)
_BODIES = ("", "", "abc", "3\r\nabc\r\n0\r\n\r\n", "0\r\n\r\n", "\r\n", "\x00", "GET ")
_STRANGE = (
    "%",
    "%zz",
    "%00",
    "%20",
    "+",
    "%2B",
    "%26",
    "=",
    "&",
    "#",
    "%C3%BC",
    "\xe9",
    " ",
    "?",
    ";",
    "/",
    "'",
    '"',
    "<",
    "\x7f",
)


class Maker:
    """Makes what is sent over one connection, from recorded cases.

    ``made`` counts the requests.

    Args:
        cases: recorded update checks, whose deployments are asked for.
        source: where chance comes from, so that the same is made again.

    """

    made = 0

    def __init__(self, cases, source):
        self._cases = [case for case in cases if case["history"]]
        self._source = source

    def conversation(self):
        """Return one to four requests, in chunks that fall anywhere."""
        data = b"".join(self._request() for _ in range(self._few(4)))
        if self._rarely(10):
            return [data[place : place + 1] for place in range(len(data))]
        cuts = sorted(self._source.randrange(len(data)) for _ in range(self._few(3) - 1)) if self._rarely(2) else []
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def alone(self):
        """Return requests that are each a chunk of their own, as phones send them."""
        return [self._request() for _ in range(self._few(4))]

    def _few(self, most):
        return self._source.choice([1, 1, *range(1, most + 1)])

    def _rarely(self, times):
        return self._source.randrange(times) == 0

    def _request(self):
        self.made += 1
        case = self._source.choice(self._cases)
        recorded, made = self._source.choice(case["http"])["url"], f"{self._path()}?{self._query(case)}"
        target = recorded if self._rarely(4) else made
        if self._rarely(40):
            target = self._source.choice(
                [f"http://h{target}", f"{target}#x", f"{target}&", f"{target}&x={'a' * 9000}", ""]
            )
        method = self._source.choice(_METHODS) if self._rarely(20) else "GET"
        protocol = self._source.choice(_PROTOCOLS) if self._rarely(20) else "HTTP/1.1"
        end = "\n" if self._rarely(40) else "\r\n"
        before = self._source.choice(["\r\n", "\n", " ", "\r\n\r\n"]) if self._rarely(40) else ""
        head = end.join([f"{before}{method} {target} {protocol}", *self._headers(), "", ""])
        body = self._source.choice(_BODIES) if self._rarely(20) else ""
        return (head + body).encode("latin-1")

    def _path(self):
        return self._source.choice(_PATHS if self._rarely(12) else [*UPDATE_CHECK_PATHS])

    def _headers(self):
        host = [] if self._rarely(12) else _HEADERS[:1]
        if self._rarely(8):
            return [*host, *(self._source.choice(_HEADERS) for _ in range(self._source.randrange(4)))]
        return [*host, *self._source.sample(_PLAIN_HEADERS, self._source.randrange(len(_PLAIN_HEADERS)))]

    def _query(self, case):
        """Return a query about the deployment of a case; most are what a phone could send."""
        known = self._source.choice(case["history"])
        values = (
            case["deployment_key"] if not self._rarely(30) else self._source.choice(["unknown-key-0", "short", ""]),
            self._source.choice(_VERSIONS),
            self._source.choice([known["packageHash"], "f" * 64, ""]),
            self._source.choice(["true", "false", "True", ""]),
            self._source.choice([known["label"], "v999", ""]),
            self._source.choice([f"{self._source.getrandbits(128):032x}", "3F2504E0-4F89", "", "a.b~c"]),
        )
        names = _CAMEL if self._rarely(3) else _SNAKE
        sent = [f"{name}={quote(value)}" for name, value in zip(names, values, strict=True) if not self._rarely(10)]
        return "&".join(self._disturbed(sent) if self._rarely(8) else sent)

    def _disturbed(self, parameters):
        """Return parameters in another order, repeated, unknown, encoded or broken."""
        changed = [*parameters, self._source.choice(["x=1", "label=v1", "x", "=", "", "previous_deployment_key=k"])]
        if self._rarely(2):
            self._source.shuffle(changed)
        if self._rarely(2):
            place = self._source.randrange(len(changed))
            at = self._source.randrange(len(changed[place]) + 1)
            changed[place] = changed[place][:at] + self._source.choice(_STRANGE) + changed[place][at:]
        if self._rarely(4):
            name, _, value = changed[0].partition("=")
            changed[0] = f"{''.join(f'%{ord(letter):02x}' for letter in name)}={value}"
        return changed
