"""Small packages to release."""

import zipfile


def make_bundle(folder, script="console.log(1)\n", *, name="CodePush", assets=()):
    """Write a directory as a bundler leaves it, and return it."""
    bundle = folder / name
    bundle.mkdir(parents=True)
    (bundle / "index.android.bundle").write_text(script)
    for asset in assets:
        path = bundle / asset
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(asset.encode() * 50)
    return bundle


def make_zip(path, entries):
    """Write a zip archive of names and contents as another tool would, and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path
