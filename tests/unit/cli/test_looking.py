"""Diagrams of tables, and models of a store, by the command."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from command.project import USER, Project

BLOG = (
    USER
    + """
@ommi_model(UniqueTogether("title", "author_id"), table="blog posts")
@dataclass
class Post:
    title: str
    author_id: Annotated[int, ReferenceTo("User.id", on_delete="cascade")]
    editor_id: Annotated[int | None, ReferenceTo("User.id"), Unique] = None
    id: Annotated[int | None, Key | Auto] = None
"""
)


def test_mermaid_tells_tables_columns_and_how_many(project: Project) -> None:
    project.models(BLOG)

    done = project.run("erd")

    assert done.exits == 0
    assert done.out.startswith("erDiagram\n")
    assert "    User {\n        text name\n        int id PK\n    }\n" in done.out
    assert '        int editor_id FK, UK "may be null"\n' in done.out
    assert '    User ||--o{ "blog posts" : "author_id"\n' in done.out
    assert '    User |o--o| "blog posts" : "editor_id"\n' in done.out


def test_dot_leads_from_column_to_column(project: Project) -> None:
    project.models(BLOG)

    done = project.run("erd", "--format", "dot")

    assert '  "blog posts":"author_id" -> "User":"id";\n' in done.out
    assert done.out.endswith("}\n")


def test_a_picture_is_svg_with_every_column_and_a_line_for_each_reference(
    project: Project,
) -> None:
    project.models(BLOG)

    done = project.run("erd", "-o", "schema.svg", "--json")

    assert done.data == {"format": "svg", "tables": ["User", "blog posts"], "output": "schema.svg"}
    picture = ET.parse(project.folder / "schema.svg").getroot()
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    paths = [each.get("class") for each in picture.iter("{http://www.w3.org/2000/svg}path")]
    assert {"User", "blog posts", "name", "title", "author_id", "int FK"} <= set(texts)
    assert paths.count("line") == 2


def test_tables_that_refer_in_a_circle_are_drawn(project: Project) -> None:
    project.models(
        """
@ommi_model
@dataclass
class A:
    id: int
    b_id: Annotated[int, ReferenceTo("B.id")]

@ommi_model
@dataclass
class B:
    id: int
    a_id: Annotated[int, ReferenceTo("A.id")]
    b_id: Annotated[int, ReferenceTo("B.id")]
"""
    )

    done = project.run("erd", "--format", "svg")

    assert done.out.count('class="line"') == 3


def test_a_file_that_exists_is_replaced_only_by_force(project: Project) -> None:
    project.models(USER)
    path = project.write("a.mmd", "mine")

    refused = project.run("erd", "-o", "a.mmd")
    kept = path.read_text()
    forced = project.run("erd", "-o", "a.mmd", "--force")

    assert (refused.exits, kept, forced.exits) == (2, "mine", 0)
    assert "--force" in refused.err
    assert path.read_text().startswith("erDiagram")


def test_inspect_writes_models_that_run(project: Project) -> None:
    project.models(BLOG)
    url = ("--url", "sqlite:///a.db")
    assert project.run("shell", "-c", "await db.use_models()", *url).exits == 0

    done = project.run("inspect", "--style", "attrs", *url)
    project.models(done.out, head="")
    again = project.run("erd", "--json")
    live = project.run("erd", "--live", "--json", *url)

    assert "@define\nclass BlogPosts:" in done.out
    assert 'author: ClassVar[Lazy["User"]]' in done.out
    assert sorted(again.data["tables"]) == sorted(live.data["tables"]) == ["User", "blog posts"]


@pytest.mark.parametrize(
    ("arguments", "exits", "complaint"),
    [
        (("inspect", "--url", "sqlite:///no.db"), 3, "there is no file no.db"),
        (("inspect", "--url", "sqlite://"), 2, "the store has no tables"),
        (("inspect", "nothing", "--url", "sqlite://"), 2, "the store has no table nothing"),
        (("inspect", "--url", "bla"), 2, "a database is named by a URL such as"),
        (("inspect", "--url", "oracle://x"), 2, "no driver for oracle:// is known"),
        (("inspect", "--url", "postgresql://a:geheim@127.0.0.1:1/x"), 3, "cannot connect"),
        (("inspect",), 2, "nothing says which database"),
        (("inspect", "--style", "cobol"), 2, "invalid choice: 'cobol'"),
        (("erd",), 2, "nothing says where the models are"),
        (("erd", "--models", "no_such_module"), 2, "there is no module 'no_such_module'"),
        (("erd", "--models", "os"), 2, "no model is defined in os"),
        (("erd", "--models", "os:path"), 2, "os has no collection and no model 'path'"),
        (("erd", "--models", "a-b"), 2, "'a-b' is not the name of a module"),
        (("erd", "--database", "x"), 2, "no database 'x' is configured; known: none"),
        (("fly",), 2, "invalid choice: 'fly'"),
        ((), 2, "the following arguments are required: command"),
        ((), 2, "`ommi --help` tells of each"),
        (("--url", "sqlite://", "status"), 2, "options stand after the command"),
    ],
)
def test_bad_input_is_explained(
    project: Project, arguments: tuple[str, ...], exits: int, complaint: str
) -> None:
    done = project.run(*arguments)

    assert done.exits == exits
    assert complaint in done.err
    assert done.err.startswith("ommi: ")
    assert "Traceback" not in done.err + done.out
    assert "geheim" not in done.err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def (\n", "SyntaxError"),
        ("import nothing_like_it\n", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("raise SystemExit\n", "SystemExit: it says nothing more"),
        ("@ommi_model\n@dataclass\nclass A:\n    x: object\n", "A.x: its annotation object"),
    ],
)
def test_models_that_cannot_be_imported_are_explained(
    project: Project, text: str, complaint: str
) -> None:
    project.models(text)

    done = project.run("erd")

    assert done.exits == 2
    assert f"the module {project.module} cannot be imported: " in done.err
    assert complaint in done.err
    assert "Traceback" not in done.err


def test_the_place_of_an_error_in_a_module_is_told(project: Project) -> None:
    project.models("x = 1\n1 / 0\n", head="")

    done = project.run("erd")

    assert f"{project.module}.py, line 2" in done.err


def test_errors_are_json_where_that_was_asked_for(project: Project) -> None:
    done = project.run("inspect", "--json")

    assert done.err == ""
    assert done.data["error"]["kind"] == "CommandError"
    assert done.data["error"]["exit"] == done.exits == 2
