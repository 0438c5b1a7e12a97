"""A small real server on the loopback that answers devices what each test tells it, and small packages for it."""

import hashlib
import io
import json
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

KEY = "staging-deployment-key"
BUNDLE = "CodePush/index.android.bundle"


class ScriptedServer(ThreadingHTTPServer):
    """Answers checks, downloads and reports as it was told, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.told = (200, json.dumps({"update_info": {"is_available": False}}).encode())
        self.blobs = {}
        self.accepts_reports = True
        self.checks = []
        self.downloads = []
        self.reports = []

    def tell(self, **fields):
        """Answer checks with these fields from now on."""
        self.told = (200, json.dumps({"update_info": fields}).encode())

    def offer(self, label, content, package_hash, **fields):
        """Serve a package, and offer it from now on. ``fields`` overrides what is told."""
        path = f"/blobs/{label}-{len(self.blobs)}"
        self.blobs[path] = {"content": content}
        told = {
            "is_available": True,
            "target_binary_range": "1.0.0",
            "download_url": self.url + path,
            "label": label,
            "package_hash": package_hash,
            "package_size": len(content),
            "is_mandatory": False,
            "description": f"Release {label}",
        }
        self.tell(**(told | fields))
        return path

    def release(self, label, files, **fields):
        """Offer a full package of these files from now on and return its hash."""
        self.offer(label, zipped(files), package_hash(files), **fields)
        return package_hash(files)

    def release_diff(self, label, old, new, *, deleted=None, **fields):
        """Offer the difference between two sets of files from now on and return the hash of the new."""
        changed = {name: content for name, content in new.items() if old.get(name) != content}
        gone = sorted(set(old) - set(new)) if deleted is None else deleted
        diff = {"hotcodepush.json": json.dumps({"deletedFiles": gone})} | changed
        self.offer(label, zipped(diff), package_hash(new), **fields)
        return package_hash(new)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def log_message(self, *_):
        """Keep the tests' output quiet."""

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path.endswith("/update_check"):
            self.server.checks.append((url.path, parse_qsl(url.query, keep_blank_values=True), dict(self.headers)))
            self._answer(*self.server.told)
        else:
            self.server.downloads.append((url.path, dict(self.headers)))
            self._send_blob(self.server.blobs.get(url.path))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.reports.append((self.path.rsplit("/", 1)[1], body, dict(self.headers)))
        if self.server.accepts_reports:
            self._answer(200, b"OK")
        else:
            self._answer(503, b"Come back later")

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_blob(self, blob):
        if blob is None:
            self._answer(404, b"There is no such blob")
        elif "redirect" in blob:
            self.send_response(302)
            self.send_header("Location", blob["redirect"])
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send_content(blob["content"], blob.get("length", len(blob["content"])), blob.get("chunked"))

    def _send_content(self, content, length, chunked):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            content = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True


def zipped(files):
    """Return a zip of these files (name to text)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def package_hash(files):
    """Return the package hash of these files (ASCII names, name to text), worked out from its definition."""
    counted = {name: content for name, content in files.items() if not name.endswith(".codepushrelease")}
    lines = sorted(f"{name}:{hashlib.sha256(content.encode()).hexdigest()}" for name, content in counted.items())
    return hashlib.sha256(json.dumps(lines, separators=(",", ":")).encode()).hexdigest()


def app_files(text, **others):
    """Return the files of a small app whose bundle has this text."""
    return {BUNDLE: text, "CodePush/assets/logo.txt": "logo"} | others
