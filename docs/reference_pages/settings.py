"""The reference of settings files, from the pydantic classes."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Union

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from docs.reference_pages.overview import overview
from docs.reference_pages.undocumented import require_sentences
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from ipip.config import (
    HarvestRunSettings,
    RunSettings,
    Settings,
    SpeciesSettings,
    StabilityProtocol,
    StudySettings,
    TeacherSettings,
    TrainRunSettings,
)
from ipip.config.influence import influence_of
from ipip.config.json_schema import json_schema
from ipip.config.load import models_in
from ipip.config.yaml_text import yaml_text

# A unit stands at the head of a meaning, before a semicolon: `K; target temperature`.
UNIT = re.compile(
    r"((?:K|fs|s|Å|e|GB|MB|eV|bar|min|eV/Å|eV/Å\^3|eV/atom|meV/atom|g/cm\^3|Ry|Å\^3|%|degrees)"
    r"(?: [^;,()]{1,20})?); "
)
PLAIN = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "`true` or `false`",
    Path: "path",
    Any: "any value",
    type(None): "`null`",
}
BOUNDS = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}


@dataclasses.dataclass(frozen=True)
class SettingsFile:
    """A kind of settings file.

    Attributes:
        name: of the page.
        title: of the page.
        schema: the class of the file.
        verbs: that read it.
    """

    name: str
    title: str
    schema: type[Settings]
    verbs: str


FILES = (
    SettingsFile(
        "settings-run",
        "Settings of a run",
        RunSettings,
        "`ipip run`, `validate`, `explore`, `pretrain`, `finetune` and `submit`",
    ),
    SettingsFile("settings-train", "Settings of a training", TrainRunSettings, "`ipip train`"),
    SettingsFile("settings-study", "Settings of a study", StudySettings, "`ipip study`"),
    SettingsFile(
        "settings-level", "Settings of a level", TeacherSettings, "`ipip label` and `ipip sample`"
    ),
    SettingsFile(
        "settings-stability", "Settings of a protocol", StabilityProtocol, "`ipip stability`"
    ),
    SettingsFile("settings-harvest", "Settings of a harvest", HarvestRunSettings, "`ipip harvest`"),
    SettingsFile("settings-species", "Settings of species", SpeciesSettings, "`ipip species`"),
)


def settings_pages() -> dict[str, str]:
    """Return the text of each page by its file name; a block is described on one page only."""
    places: dict[type[BaseModel], tuple[str, str]] = {}
    for file in FILES:
        for model, key in _blocks(file.schema):
            places.setdefault(model, (file.name, key))
    require_sentences(
        [f"{model.__name__}.{name}" for model in places for name in undescribed(model)],
        "give the field a `description`",
    )
    pages = {f"{file.name}.md": _page(file, places) for file in FILES} | schemas()
    rows = [
        f"| [{file.title}]({file.name}.md) | {file.verbs} | [schema]({file.name}.schema.json) |"
        for file in FILES
    ]
    pages["settings.md"] = overview(
        "Settings files",
        [
            "Every key of every file, from the classes that read them. Files are YAML; an unknown",
            "key is refused. `ipip init FILE --schema` writes a JSON schema beside the file, from",
            "which editors complete keys and check values; the schemas of all files are here, and",
            "in the folder `ipip/config/schemas` of an installation.",
        ],
        ["page", "read by", "JSON schema"],
        rows,
        (file.name for file in FILES),
    )
    return pages


def schemas() -> dict[str, str]:
    """Return the JSON schema of each kind of settings file, by its file name."""
    return {f"{file.name}.schema.json": json_schema(file.schema, file.title) for file in FILES}


def undescribed(model: type[BaseModel]) -> list[str]:
    """Return the names of the fields that no sentence explains."""
    return [
        name for name, field in model.model_fields.items() if not (field.description or "").strip()
    ]


def _blocks(schema: type[BaseModel]) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield a class and those inside it, each once, with the first key path that leads there."""
    seen: set[type[BaseModel]] = set()
    waiting = [(schema, "")]
    while waiting:
        model, key = waiting.pop(0)
        if model in seen:
            continue
        seen.add(model)
        yield model, key
        inner = []
        for name, field in model.model_fields.items():
            path = f"{key}.{name}" if key else name
            inner += [(own, path) for own in models_in(field.annotation)]
        waiting = inner + waiting


def _page(file: SettingsFile, places: dict[type[BaseModel], tuple[str, str]]) -> str:
    lines = [f"# {file.title}", "", f"Read by {file.verbs}.", ""]
    for model, (page, key) in places.items():
        if page == file.name:
            lines += _block(model, key, file, places)
    borrowed = [
        f"[`{key}`]({places[model][0]}.md#{_anchor(model)})"
        for model, key in _blocks(file.schema)
        if key and places[model][0] != file.name
    ]
    if places[file.schema][0] != file.name:
        page = places[file.schema][0]
        lines += [f"The keys are those of [the block there]({page}.md#{_anchor(file.schema)}).", ""]
    elif borrowed:
        lines += [f"Blocks described elsewhere: {', '.join(borrowed)}.", ""]
    return "\n".join(lines)


def _anchor(model: type[BaseModel]) -> str:
    return f"block-{model.__name__.lower()}"


def _block(
    model: type[BaseModel],
    key: str,
    file: SettingsFile,
    places: dict[type[BaseModel], tuple[str, str]],
) -> Iterator[str]:
    title = f"`{key}`" if key else "Top level"
    first = (model.__doc__ or "").strip().splitlines()
    kind = next((name for name in ("kind", "architecture") if name in model.model_fields), None)
    choice = typing.get_args(model.model_fields[kind].annotation) if kind else ()
    if key and len(choice) == 1:
        title += f" ({choice[0]})"
    yield from (f"({_anchor(model)})=", f"## {title}", "")
    if first:
        yield from (first[0], "")
    for name, field in model.model_fields.items():
        facts = describe_field(field, {m: (p, _anchor(m)) for m, (p, _) in places.items()})
        yield f"[`{name}`]{{#{file.name}-{model.__name__.lower()}-{name}}}"
        yield f": {' · '.join(facts.line())}<br>{facts.meaning}"
        influence = {
            "none": "Decides nothing of the results; may change while a run is unfinished.",
            "rounds": "Decides which stages a run has; finished ones stay.",
        }.get(influence_of(model, name) or "")
        yield f"  {influence}" if influence else ""
        yield ""


@dataclasses.dataclass(frozen=True)
class FieldFacts:
    """What is said of a key.

    Attributes:
        kind: what its value may be.
        unit: of the value; empty: none, or said in the meaning.
        default: as in a file; empty: the key is required.
        bounds: of the value.
        meaning: the sentence of the field, without the unit at its head.
    """

    kind: str
    unit: str
    default: str
    bounds: Sequence[str]
    meaning: str

    def line(self) -> Iterator[str]:
        """Yield the facts that stand before the meaning."""
        yield self.kind
        if self.unit:
            yield self.unit
        yield from self.bounds
        yield f"default {self.default}" if self.default else "**required**"


def describe_field(field: FieldInfo, anchors: dict[type[BaseModel], tuple[str, str]]) -> FieldFacts:
    """Return the facts of a key.

    Args:
        field: of a settings class.
        anchors: page and anchor of each settings class.
    """
    meaning = (field.description or "").replace("|", r"\|").replace("*", r"\*")
    meaning = meaning.replace("<", "&lt;").replace("{", r"\{")
    found = UNIT.match(meaning)
    unit = found.group(1) if found else ""
    meaning = meaning[found.end() :] if found else meaning
    meaning = meaning[:1].upper() + meaning[1:]
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        text = "as in the block"
    elif default is PydanticUndefined:
        text = ""
    else:
        text = yaml_text(to_jsonable_python(default), default_flow_style=True, width=10**6)
        text = f"`{text.removesuffix(chr(10)).removesuffix(chr(10) + '...')}`"
    return FieldFacts(
        kind=" or ".join(dict.fromkeys(_kinds(field.annotation, anchors))),
        unit=unit,
        default=text,
        bounds=tuple(_bounds(field.metadata)),
        meaning=meaning + ("" if meaning.endswith(".") else "."),
    )


def _bounds(metadata: Sequence[Any]) -> Iterator[str]:
    for item in metadata:
        for kind, (sign, name) in BOUNDS.items():
            if isinstance(item, kind):
                yield f"{sign} {getattr(item, name):g}"
        if isinstance(item, MinLen):
            yield f"at least {item.min_length}"
        if isinstance(item, MaxLen):
            yield f"at most {item.max_length}"
        if getattr(item, "pattern", None):
            yield f"of the form `{item.pattern}`"


def _kinds(annotation: Any, anchors: dict[type[BaseModel], tuple[str, str]]) -> Iterator[str]:
    """Yield the words for each kind of value that an annotation allows."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from _kinds(arguments[0], anchors)
    elif origin in (Union, types.UnionType):
        for argument in arguments:
            yield from _kinds(argument, anchors)
    elif origin is Literal:
        yield ", ".join(f"`{value}`" for value in arguments)
    elif origin in (list, tuple):
        items = [own for own in arguments if own is not Ellipsis]
        inner = " or ".join(dict.fromkeys(k for own in items for k in _kinds(own, anchors)))
        yield f"list of {inner}"
    elif origin is dict:
        yield f"mapping to {' or '.join(_kinds(arguments[1], anchors))}"
    elif annotation in anchors:
        page, anchor = anchors[annotation]
        yield f"[block {annotation.__name__.removesuffix('Settings')}]({page}.md#{anchor})"
    else:
        yield PLAIN.get(annotation, f"`{getattr(annotation, '__name__', annotation)}`")
