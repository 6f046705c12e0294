"""The commit of this ipip."""

from __future__ import annotations

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def commit() -> str:
    """Return the short hash of the commit, with `+changes` if the checkout differs from it.

    A checkout queries git; a wheel holds the commit of its build; `unknown` if there is neither.
    """
    root = PACKAGE.parents[1]
    if (root / ".git").exists():
        revision = _git(root, "rev-parse", "--short=12", "HEAD")
        if revision:
            changed = _git(root, "status", "--porcelain", "--untracked-files=no")
            return f"{revision}+changes" if changed else revision
    try:
        return (PACKAGE / "commit.txt").read_text(encoding="utf-8").strip() or "unknown"
    except OSError:
        return "unknown"


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
