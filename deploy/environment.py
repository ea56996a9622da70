"""Make the environment that the settings module reads."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from deploy import places


def _key(material: bytes) -> str:
    return base64.b64encode(material).decode()


def demo(var: Path) -> dict[str, str]:
    """Return the demo's secrets from `demo.env` in `var`, making them on the first run only."""
    path = var / "demo.env"
    if not path.exists():
        fresh = {
            "SELLERCENTER_SECRET_KEY": secrets.token_urlsafe(50),
            "SELLERCENTER_PRIVACY_KEYS": f"k1:{_key(secrets.token_bytes(32))}",
            "SELLERCENTER_INDEX_KEY": _key(secrets.token_bytes(32)),
        }
        places.private_file(path, "".join(f"{name}={value}\n" for name, value in fresh.items()))
    lines = (line.strip() for line in path.read_text().splitlines())
    kept = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {**_common(var), **kept, "SELLERCENTER_DEMO": "1"}


def test(var: Path) -> dict[str, str]:
    """Return fixed secrets, which protect nothing, for tests, checks and benchmarks."""
    return {
        **_common(var),
        "SELLERCENTER_SECRET_KEY": "test-only-" + "0123456789abcdef" * 4,
        "SELLERCENTER_PRIVACY_KEYS": f"k1:{_key(b'test-only-privacy-key-32-bytes!!')}",
        "SELLERCENTER_INDEX_KEY": _key(b"test-only-blind-index-32-bytes!!"),
        "SELLERCENTER_DEMO": "1",
        "SELLERCENTER_ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }


def _common(var: Path) -> dict[str, str]:
    # WhiteNoise warns about a missing folder for collected files.
    (var / "static").mkdir(parents=True, exist_ok=True)
    return {
        "DJANGO_SETTINGS_MODULE": "sellercenter.settings",
        "SELLERCENTER_DEBUG": "0",
        "SELLERCENTER_HTTPS": "0",
        "SELLERCENTER_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SELLERCENTER_VAR": str(var),
    }


def merged(*parts: dict[str, str]) -> dict[str, str]:
    """Return our own environment with `parts` laid over it."""
    env = dict(os.environ)
    for part in parts:
        env.update(part)
    return env
