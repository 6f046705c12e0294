"""Free disk space for runs and temporary files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ipip.doctor.finding import Finding

LEAST_RUN = 5e9  # bytes; laptop.yaml writes about 1 GB, the paper's run far more
LEAST_TEMPORARY = 1e9


def check_disk(folder: Path) -> list[Finding]:
    """Report free space of the folder of the runs and of the temporary folder."""
    return [
        _space("disk", folder, LEAST_RUN, "write runs elsewhere with --dir, or free some space"),
        _space(
            "temporary files",
            Path(tempfile.gettempdir()),
            LEAST_TEMPORARY,
            "set TMPDIR to a folder with more space",
        ),
    ]


def _space(name: str, folder: Path, least: float, remedy: str) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free < least:
        return Finding(name, "note", f"{text}, less than {least / 1e9:.0f} GB", remedy)
    return Finding(name, "good", text)
