"""A JSON schema of settings files, from which editors complete keys and check values."""

from __future__ import annotations

import json

from ipip.config.base import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(settings: type[Settings], title: str) -> str:
    """Return the JSON schema of a kind of settings file, as text.

    Args:
        settings: class of the file.
        title: shown by editors.
    """
    schema = settings.model_json_schema()
    return json.dumps({"$schema": DIALECT, **schema, "title": title}, indent=1) + "\n"


def editor_line(schema_file: str) -> str:
    """Return the first line of a settings file that names its schema to YAML language servers.

    Args:
        schema_file: path of the schema, relative to the settings file.
    """
    return f"# yaml-language-server: $schema={schema_file}\n"
