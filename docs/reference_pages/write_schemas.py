"""Write the JSON schemas that the package ships: python -m docs.reference_pages.write_schemas."""

from __future__ import annotations

from pathlib import Path

from docs.reference_pages.settings import schemas

FOLDER = Path(__file__).resolve().parents[2] / "python" / "ipip" / "config" / "schemas"


def main() -> int:
    """Write one file for each kind of settings file."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
