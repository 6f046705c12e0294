"""The reference names everything that is public, with a sentence for each, or is not written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
import typer
from docs.reference_pages import figures, modules
from docs.reference_pages.commands import commands_page, unexplained
from docs.reference_pages.figures import EmptyStudyError, study_tables
from docs.reference_pages.headers import HEADERS, headers_page, read_header, uncommented
from docs.reference_pages.modules import constant_sentence, module_pages
from docs.reference_pages.settings import (
    FILES,
    describe_field,
    schemas,
    settings_pages,
    undescribed,
)
from docs.reference_pages.undocumented import UndocumentedError, require_sentences
from docs.reference_pages.write_schemas import FOLDER as SCHEMAS
from pydantic import Field

from ipip.cli.main import VERBS
from ipip.config import RunSettings, Settings, StudentMDSettings, StudySettings


def test_what_lacks_a_sentence_stops_the_build() -> None:
    require_sentences([], "write one")
    with pytest.raises(UndocumentedError, match=r"no sentence for a\.b, c: write one"):
        require_sentences(["a.b", "c"], "write one")


def test_every_key_of_every_file_is_on_a_page() -> None:
    pages = settings_pages()
    text = "".join(pages.values())
    assert {f"{file.name}.md" for file in FILES} < set(pages)
    for schema in (RunSettings, StudySettings, StudentMDSettings):
        for name in schema.model_fields:
            assert f"[`{name}`]{{#" in text, name
    schema = json.loads(pages["settings-run.schema.json"])
    assert set(schema["properties"]) == set(RunSettings.model_fields)


def test_the_package_ships_the_schemas_of_its_settings() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.iterdir()}
    stale = [name for name, text in schemas().items() if shipped.get(name) != text]
    assert not stale, "run `make schemas`"
    assert set(shipped) == set(schemas())


def test_a_key_without_a_description_is_seen() -> None:
    class Bad(Settings):
        known: int = Field(1, description="K; a temperature")
        unknown: int = 2
        blank: int = Field(3, description=" ")

    assert undescribed(Bad) == ["unknown", "blank"]


def test_a_key_has_its_type_unit_bounds_default_and_meaning() -> None:
    facts = describe_field(StudentMDSettings.model_fields["timestep"], {})
    assert list(facts.line()) == ["number", "fs", "> 0", "≤ 10", "default `1.0`"]
    assert facts.meaning == "Time step."
    ensemble = describe_field(StudentMDSettings.model_fields["ensemble"], {})
    assert ensemble.kind == "`nvt`, `npt`" and not ensemble.unit
    page = settings_pages()["settings-run.md"]
    interval = page.split("-studentmdsettings-restart_interval}")[1].split("\n\n")[0]
    assert "Decides nothing of the results" in interval


def test_every_verb_and_option_is_on_the_page() -> None:
    text = commands_page()
    for _, name, line in VERBS:
        assert f"## `ipip {name}`" in text and line in text
    assert "`--schema`" in text and "`--install-completion" in text


def test_an_option_without_help_is_seen() -> None:
    app = typer.Typer()

    @app.command()
    def verb(known: Annotated[int, typer.Option(help="Known.")] = 1, unknown: int = 2) -> None:
        pass

    assert unexplained("verb", typer.main.get_command(app)) == ["ipip verb", "ipip verb --unknown"]


HEADER = """
namespace ipip {

/// One.
/// @throws ipip::Error  always
IPIP_API int one(int a,
                 int b);
int two();

int three();

class Later;

/// A class.
class IPIP_API Thing : public Base {
 public:
  Thing();
  ~Thing();
  void run() override;
  /// Adds.
  int add(int x) const { return x; }

  bool bare;
  double width = 0.0;  ///< Å; of it
                       ///< all
 private:
  int hidden_;
};

}  // namespace ipip
"""


def test_declarations_are_read_with_the_comments_that_belong_to_them() -> None:
    one, two, three, thing = read_header(HEADER)
    assert one.code == "int one(int a, int b)" and one.comment[0] == "One."
    assert two.comment == one.comment and not three.comment
    names = {member.name: member for member in thing.members}
    assert set(names) == {"Thing", "add", "bare", "width"}
    assert names["width"].comment == ["Å; of it", "all"]
    assert names["add"].code == "int add(int x) const"
    missing = [name for own in (one, two, three, thing) for name in uncommented(own)]
    assert missing == ["three", "Thing::bare"]


def test_the_headers_page_has_every_function_and_type() -> None:
    text = headers_page()
    assert all(f"## `ipip/{p.name}`" in text for p in HEADERS.glob("*.hpp") if p.stem != "export")
    for name in ("kernels_refusal", "place_rank", "HaloExchanger", "begin_forward", "Candidates"):
        assert name in text
    assert "virtual void forward(void* table, std::int64_t width, Scalar scalar) = 0" in text


def test_every_public_name_is_on_its_modules_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = module_pages()
    assert ".. autofunction:: ipip.testing.check_student" in pages["ipip.testing.rst"]
    assert ".. py:class:: RunSettings" in pages["ipip.config.rst"]
    assert "which also reads older ones" in constant_sentence("ipip.export", "FORMAT_VERSION")
    assert not constant_sentence("ipip.data.store", "FORMAT")
    monkeypatch.setattr(modules, "constant_sentence", lambda module, name: "")
    with pytest.raises(UndocumentedError, match=r"ipip\.__version__"):
        module_pages()


def test_a_study_without_arms_stops_the_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "| iterated | 5 | 0.276 | 0.500 | 4 of 90 |" in study_tables()
    for name in figures.STUDIES:
        (tmp_path / f"{name}.json").write_text('{"arms": []}')
    monkeypatch.setattr(figures, "EVIDENCE", tmp_path)
    with pytest.raises(EmptyStudyError, match="expected arms with seeds and errors"):
        study_tables()
