"""The reference of the command line, from typer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from docs.reference_pages.undocumented import require_sentences

from ipip.cli.main import app


def commands_page() -> str:
    """Return the page of all verbs."""
    group = typer.main.get_command(app)
    require_sentences(
        [what for name, command in group.commands.items() for what in unexplained(name, command)],
        "give the verb a docstring and the option a `help`",
    )
    lines = [
        "# Commands",
        "",
        "Every verb of `ipip`, from the program itself; `ipip VERB --help` prints the same. Exit",
        "status: 0 done, 2 wrong input, 1 failed.",
        "",
        "| verb | what it does |",
        "| --- | --- |",
        *(
            f"| [`{name}`](#ipip-{name}) | {command.short_help} |"
            for name, command in group.commands.items()
        ),
        "",
        "(ipip-every-verb)=",
        "## Before every verb",
        "",
        *_options(group),
    ]
    for name, command in group.commands.items():
        lines += _verb(name, command)
    return "\n".join(lines) + "\n"


def unexplained(name: str, command: Any) -> list[str]:
    """Return what of a verb has no sentence."""
    found = [] if command.help and command.short_help else [f"ipip {name}"]
    return found + [
        f"ipip {name} {parameter.opts[-1]}"
        for parameter in command.params
        if parameter.name != "help" and not getattr(parameter, "help", None)
    ]


def _verb(name: str, command: Any) -> Iterator[str]:
    words = [f"ipip {name}"]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            word = _argument(parameter)
            words.append(word if parameter.required else f"[{word}]")
    if any(parameter.param_type_name == "option" for parameter in command.params):
        words.append("[OPTIONS]")
    yield from (f"(ipip-{name})=", f"## `ipip {name}`", "")
    yield from ("```text", " ".join(words), "```", "")
    yield from (_markdown(inspect.cleandoc(command.help or "")), "")
    yield from _options(command)


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.name == "help":
            continue
        if parameter.param_type_name == "argument":
            title = _argument(parameter)
        else:
            title = ", ".join([*parameter.opts, *parameter.secondary_opts])
            if not getattr(parameter, "is_flag", False):
                title += f" {parameter.metavar or parameter.name.upper()}"
        default = parameter.default
        text = _markdown(str(getattr(parameter, "help", "")))
        if parameter.required:
            text += " Required."
        elif default not in (None, False, (), [], "") and not callable(default):
            text += f" Default: `{default}`."
        yield from (f"`{title}`", f": {text}", "")


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name).upper().strip("[]")


def _markdown(text: str) -> str:
    """Return a help text whose special characters are shown as they are."""
    return text.replace("*", r"\*").replace("<", r"\<").replace("|", r"\|").replace("\b", "")
