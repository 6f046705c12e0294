"""Which commit this ipip is of."""

from __future__ import annotations

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def commit() -> str:
    """Return the short hash of the commit, with `+changes` where the checkout differs from it.

    A checkout asks git; a wheel has what was written when it was built; `unknown` where neither
    says anything.
    """
    root = PACKAGE.parents[1]
    if (root / ".git").exists():
        found = _git(root, "rev-parse", "--short=12", "HEAD")
        if found:
            changed = _git(root, "status", "--porcelain", "--untracked-files=no")
            return f"{found}+changes" if changed else found
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
