"""The reference of the C++ interface: the declarations of `cpp/include` and the `///` above them.

A reader for this project's own headers, which clang-format lays out; a parser of C++ it is not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from docs.reference_pages.undocumented import require_sentences

HEADERS = Path(__file__).resolve().parents[2] / "cpp" / "include" / "ipip"
TYPE = re.compile(r"^(?:struct|class|enum class) (?:IPIP_API )?(\w+)")
NEVER = ("public:", "private:", "protected:", "using ", "friend ", "namespace ", "}", "#", "class ")


@dataclasses.dataclass
class Declaration:
    """A declaration, its comment, and what is inside it.

    Attributes:
        code: the declaration, without body.
        comment: the lines of its `///`, without the slashes.
        members: of a class.
    """

    code: str
    comment: list[str]
    members: list[Declaration] = dataclasses.field(default_factory=list)

    @property
    def name(self) -> str:
        """What is declared, for messages."""
        found = TYPE.match(self.code) or re.search(r"(~?\w+)\s*(?:\(|=|\{|;|$)", self.code)
        return found.group(1) if found else self.code


def headers_page() -> str:
    """Return the page of all headers."""
    pages = {
        path: read_header(path.read_text(encoding="utf-8"))
        for path in sorted(HEADERS.glob("*.hpp"))
    }
    require_sentences(
        [
            f"{path.name}: {name}"
            for path, page in pages.items()
            for own in page
            for name in uncommented(own)
        ],
        "put a `///` comment above it, or `///<` behind it",
    )
    lines = [
        "# C++ interface",
        "",
        "What libipip offers to programs, from the comments of its headers. Lengths are in Å,",
        "energies in eV. [The pair style](../pair_style_ipip.md) is its first user.",
        "",
    ]
    for path, declarations in pages.items():
        if declarations:
            lines += [f"## `ipip/{path.name}`", ""]
            for declaration in declarations:
                lines += _entry(declaration)
    return "\n".join(lines) + "\n"


def uncommented(declaration: Declaration) -> list[str]:
    """Return the names of what has no comment: types, functions, and members that hold data."""
    found = [] if declaration.comment else [declaration.name]
    return found + [
        f"{declaration.name}::{name}"
        for own in declaration.members
        if own.name != declaration.name  # a constructor without a comment: the class says it
        for name in uncommented(own)
    ]


def read_header(text: str) -> list[Declaration]:
    """Return the declarations of a header at the level of the namespace.

    Args:
        text: of the header.
    """
    body = re.search(r"^namespace ipip \{\n(.*)^\}  // namespace ipip", text, re.S | re.M)
    lines = body.group(1).splitlines() if body else text.splitlines()
    return list(_declarations(lines))


def _declarations(lines: list[str]) -> Iterator[Declaration]:
    comment: list[str] = []
    above: list[str] = []  # of the declaration before, which holds until an empty line
    k, hidden = 0, False
    while k < len(lines):
        line = lines[k].strip()
        k += 1
        if line.startswith("///"):
            comment.append(re.sub(r"^///<? ?", "", line))
        elif line in ("private:", "protected:"):
            hidden, comment = True, []
        elif line == "public:":
            hidden, comment = False, []
        elif line.startswith("#define"):
            comment = []
        elif not line or line.startswith("//") or (line.startswith(NEVER) and not TYPE.match(line)):
            comment, above = [], above if line else []
        else:
            end = _end(lines, k - 1)
            chunk = [own.strip() for own in lines[k - 1 : end]]
            k = end
            while k < len(lines) and lines[k].strip().startswith("///<"):
                chunk.append(lines[k].strip())
                k += 1
            above = comment or above
            declaration = _declaration(chunk, above)
            forward = TYPE.match(declaration.code) and len(chunk) == 1 and chunk[0].endswith(";")
            if not hidden and not forward and not _follows(declaration):
                yield declaration
            comment = []


def _follows(declaration: Declaration) -> bool:
    """Say whether a declaration follows from its class, so that there is nothing to say of it."""
    copies = re.search(r"\((?:const )?(\w+)& ?\)|\((\w+)&& ?\)", declaration.code)
    return (
        declaration.name.startswith("~")
        or declaration.code.endswith(("override", "= delete"))
        or (copies is not None and "operator=" in declaration.code)
    )


def _end(lines: list[str], begin: int) -> int:
    """Return the line after a declaration: after the `;`, or the brace that closes its body."""
    depth, k = 0, begin
    while k < len(lines):
        code = re.sub(r"//.*", "", lines[k])
        depth += sum(code.count(c) for c in "{(") - sum(code.count(c) for c in "})")
        k += 1
        if depth == 0 and code.rstrip().endswith((";", "}")):
            return k
    raise ValueError(f"a declaration without end: {lines[begin].strip()}")


def _declaration(chunk: list[str], comment: list[str]) -> Declaration:
    behind = [own.split("///<", 1)[1].strip() for own in chunk if "///<" in own]
    code = " ".join(re.sub(r"\s*//.*", "", own) for own in chunk).strip()
    if TYPE.match(code):
        inside = chunk[1:-1]
        head = code.split("{")[0].strip()
        return Declaration(head.replace("IPIP_API ", ""), comment, list(_declarations(inside)))
    depth, cut = 0, len(code)
    for position, letter in enumerate(code):
        depth += (letter == "(") - (letter == ")")
        if letter == "{" and depth == 0:
            cut = position  # a body, or an initial value in braces
            break
    code = re.sub(r"\s+:\s+\w+\(.*$", "", code[:cut]) if ")" in code[:cut] else code[:cut]
    code = code.replace("IPIP_API ", "").strip().removesuffix(";")
    return Declaration(re.sub(r"\s+", " ", code), comment or behind)


def _entry(declaration: Declaration) -> Iterator[str]:
    code = declaration.code if declaration.code.endswith("}") else f"{declaration.code};"
    if not declaration.members:
        yield from ("```cpp", code, "```", "")
        yield from (_text(declaration.comment), "")
        return
    yield from (f"### `{declaration.name}`", "", "```cpp", code, "```", "")
    yield from (_text(declaration.comment), "")
    for member in declaration.members:
        yield from (f"`{member.code}`", f": {_text(member.comment)}".replace("\n", "\n  "), "")


def _text(comment: list[str]) -> str:
    """Return a comment as Markdown: `@param` and `@throws` as a list, indented lines as code."""
    lines: list[str] = []
    for line in comment:
        tag = re.match(r"@(param|throws|return)s?\s+(\S+)?\s*(.*)", line)
        if tag and tag.group(1) == "param":
            lines += ["", f"- `{tag.group(2)}`: {tag.group(3)}"]
        elif tag and tag.group(1) == "throws":
            lines += ["", f"- throws `{tag.group(2)}`: {tag.group(3)}"]
        elif tag:
            lines += ["", f"- returns {tag.group(2)} {tag.group(3)}"]
        elif line.startswith("    ") and not (lines and lines[-1].startswith(("-", "  "))):
            lines += ["", f"`{line.strip()}`", ""]
        else:
            lines.append(f"  {line.strip()}" if lines and _in_list(lines) else _escape(line))
    return "\n".join(lines).strip()


def _in_list(lines: list[str]) -> bool:
    return lines[-1].startswith(("- ", "  "))


def _escape(line: str) -> str:
    return line if "`" in line else line.replace("*", r"\*").replace("<", r"\<")
