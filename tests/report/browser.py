"""A real browser without a window, to inspect pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """Headless Chromium.

    Args:
        program: its path.
    """

    def __init__(self, program: str) -> None:
        self._program = program

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as profile:
            return subprocess.run(
                [
                    self._program,
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--hide-scrollbars",
                    "--enable-logging=stderr",
                    f"--user-data-dir={profile}",
                    "--virtual-time-budget=20000",
                    *arguments,
                ],
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
                env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
            )

    def open(self, page: Path, query: str = "") -> tuple[str, list[str]]:
        """Return the page's HTML after its scripts ran, and its console output."""
        done = self._run("--dump-dom", f"{page.as_uri()}{query}")
        return done.stdout, re.findall(r"CONSOLE:\d+\] (.*)", done.stderr)

    def screenshot(self, page: Path, picture: Path, size: tuple[int, int], query: str = "") -> None:
        """Take a picture of a window of this size, from the top of the page."""
        self._run(
            f"--screenshot={picture}", f"--window-size={size[0]},{size[1]}", page.as_uri() + query
        )


def find_browser() -> Browser:
    """Return a browser; skips the test where none is installed."""
    program = next((path for path in map(shutil.which, NAMES) if path), None)
    if program is None:
        pytest.skip("no browser is installed: apt-get install chromium")
    return Browser(program)
