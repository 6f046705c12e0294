"""Every command and option that a message or a page names exists."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from ipip.cli.main import app

COMMAND = re.compile(r"`ipip ([^`]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# Options of pip, mpirun, LAMMPS' and other programs that messages and pages name.
FOREIGN = {
    *("--no-build-isolation", "--force-reinstall", "--no-deps"),  # pip
    *("--ntasks", "--mpi", "--nproc-per-node", "--no-python", "--version"),  # srun, torchrun, any
    *("--account", "--constraint", "--cpus-per-task", "--dependency", "--export", "--job-name"),
    *("--nodes", "--output", "--overlap", "--parsable", "--partition", "--signal", "--time"),
    *("--cpu-affinity", "--max"),  # Parsl's pool, whose --max_workers_per_node ends here
}


@functools.cache
def options() -> dict[str, set[str]]:
    """The options of each verb, and under "" those before the verb."""
    group = typer.main.get_command(app)
    found = {"": names_of(group)}
    for verb, command in group.commands.items():  # type: ignore[attr-defined]
        found[verb] = names_of(command) | {"--help"}
    return found


def names_of(command: object) -> set[str]:
    return {
        name
        for parameter in command.params  # type: ignore[attr-defined]
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }


def texts(file: Path) -> Iterator[str]:
    """The texts of a source except docstrings; an X replaces the values in f-strings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    skipped = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield "".join(map(str, parts))
    for node in nodes:
        if not isinstance(node, ast.Constant) or id(node) in skipped:
            continue
        if isinstance(node.value, str) and not node.value.startswith("--"):  # an argument itself
            yield node.value


def bare_command() -> re.Pattern[str]:
    """A command at the end of a text, to be copied: without quotes."""
    verbs = "|".join(verb for verb in options() if verb)
    return re.compile(rf"(?:^|: |X)ipip ((?:{verbs}) [^`]*)$")


def wrong_hints(text: str) -> list[str]:
    """Commands and options in a text that do not exist."""
    known, wrong = options(), []
    for line in [*COMMAND.findall(text), *bare_command().findall(text)]:
        verb = next((word for word in line.split() if not word.startswith("-")), "")
        if re.fullmatch("[a-z]+", verb) and verb not in known:
            wrong.append(f"ipip {line}")
        elif verb in known:
            allowed = known[verb] | known[""]
            wrong += [f"ipip {verb} {one}" for one in OPTION.findall(line) if one not in allowed]
    everything = set().union(*known.values()) | FOREIGN
    return wrong + [option for option in OPTION.findall(text) if option not in everything]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("run `ipip run CONFIG --dir FOLDER` again", []),
        ("`ipip trian x`", ["ipip trian x"]),
        ("`ipip info --dir F`", ["ipip info --dir"]),
        ("then: ipip info --dir F", ["ipip info --dir"]),
        ("name it with --no-such-key", ["--no-such-key"]),
        ("`ipip --debug ...` shows it", []),
    ],
)
def test_a_wrong_hint_is_found(text: str, wrong: list[str]) -> None:
    assert wrong_hints(text) == wrong


def test_every_hint_of_a_message_works(repository: Path) -> None:
    hints = 0
    for file in sorted((repository / "python" / "ipip").rglob("*.py")):
        for text in texts(file):
            hints += len(COMMAND.findall(text)) + len(OPTION.findall(text))
            assert not wrong_hints(text), f"{file}: {text}"
    assert hints > 40  # else they are written in a form that is not found


def test_every_option_that_a_verb_s_own_messages_name_is_that_verb_s(repository: Path) -> None:
    known = options()
    modules = {command.callback.__module__: set[str]() for command in app.registered_commands}  # type: ignore[union-attr]
    for command in app.registered_commands:
        assert command.callback is not None and command.name is not None
        modules[command.callback.__module__] |= known[command.name]
    for module, own in modules.items():
        file = repository / "python" / Path(*module.split(".")).with_suffix(".py")
        for text in texts(file):
            outside = bare_command().sub("", COMMAND.sub("", text))
            assert set(OPTION.findall(outside)) <= own | known[""] | FOREIGN, f"{file}: {text}"


def test_every_command_of_the_pages_works(repository: Path) -> None:
    known = options()
    pages = [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]
    lines = [
        line.strip().replace("`", "")
        for page in pages
        for line in re.findall(
            r"^\s*ipip (?!student ).*|`ipip [^`]+`", page.read_text(encoding="utf-8"), re.M
        )
    ]
    assert len(lines) > 30
    for line in lines:
        words = line.split("#")[0].split()[1:]
        verb = next((word for word in words if not word.startswith("-")), "")
        if not re.fullmatch("[a-z]+", verb):
            continue  # `ipip VERB`, `ipip ...`
        assert verb in known, line
        wrong = set(OPTION.findall(line.split("#")[0])) - known[verb] - known[""]
        assert not wrong, line
