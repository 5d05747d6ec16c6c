"""The command line as people type it and machines read it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import PIL.Image
import pytest
import typer
from command_line import COMMAND, document, run
from typer.testing import CliRunner

import mm_agents
from mm_agents.cli.app import EXAMPLES, PANELS, app
from mm_agents.library import Library

pytest.importorskip("onnxruntime", reason="the command line tests embed: pip install 'mm-agents[local]'")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with media and the library that the command line made of them."""
    place = tmp_path_factory.mktemp("cli")
    (place / "media").mkdir()
    samples = Path(pytest.importorskip("skimage").__file__).parent / "data"
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        (place / "media" / name).write_bytes((samples / name).read_bytes())
    (place / "media" / "[bold]note.txt").write_text("Water the [red]ferns[/red] on Tuesday.\n")
    made = document("add", "media", cwd=place)
    rows = made.pop("files")
    assert sorted((one["path"], one["outcome"]) for one in rows) == sorted(
        (f"media/{path.name}", "added") for path in (place / "media").iterdir()
    )
    assert list(made.pop("seconds")) == ["files", "words", "speech"]
    assert made == {
        "added": 4,
        "unchanged": 0,
        "removed": 0,
        "failed": [],
        "read": 0,
        "incomplete": [],
        "heard": 0,
        "unheard": 0,
    }
    return place


def test_adding_again_says_so(place: Path) -> None:
    assert "0 added, 4 unchanged, 0 failed" in run("add", "media", cwd=place).stdout


def test_what_finds_or_adds_nothing_says_so(place: Path, tmp_path: Path) -> None:
    nothing = run("search", "a cat", "--where", 'name = "no.jpg"', cwd=place, code=4)
    assert nothing.stdout == "Nothing was found.\n"
    (tmp_path / "empty").mkdir()
    added = run("add", tmp_path / "empty", "--library", tmp_path / "library", cwd=place)
    assert "There are no files in what was named." in added.stderr


def test_search_finds_by_words_and_by_picture(place: Path) -> None:
    found = document("search", "a cat", "--limit", "2", cwd=place)
    assert found["query"] == "a cat"
    assert found["hits"][0]["name"] == "chelsea.png"
    assert set(found["hits"][0]) == {
        "id", "name", "path", "media_type", "score", "strength", "vector", "t0", "t1", "page", "text", "is_spoken",
        "found_by", "object",
    }  # fmt: skip
    assert found["hits"][0]["t0"] is None
    assert len(found["hits"]) == 2
    by_picture = document("search", "--image", "media/coffee.png", "--kind", "image", cwd=place)
    assert by_picture["hits"][0]["name"] == "coffee.png"
    filtered = document("search", "a cat", "--where", 'name = "rocket.jpg"', cwd=place)
    assert [hit["name"] for hit in filtered["hits"]] == ["rocket.jpg"]


def test_people_read_a_table_and_a_page(place: Path, tmp_path: Path) -> None:
    shown = run("search", "water the ferns", "--html", tmp_path / "hits.html", cwd=place).stdout
    assert "[bold]note.txt" in shown
    assert "[red]ferns[/red]" in shown
    page = (tmp_path / "hits.html").read_text()
    assert "Water the [red]ferns" in page
    assert "data:image/jpeg;base64," in page


def test_a_hit_is_one_line_without_an_id_unless_asked(place: Path) -> None:
    found = document("search", "water the ferns", "--limit", "2", cwd=place)["hits"]
    lines = run("search", "water the ferns", "--limit", "2", cwd=place).stdout.splitlines()
    assert lines[0] == f"  1  {found[0]['score']:.3f}  strong  [bold]note.txt  “Water the [red]ferns[/red] on Tuesday.”"
    assert len(lines) == 2
    assert found[0]["id"] not in "".join(lines)
    with_ids = run("search", "water the ferns", "--limit", "2", "--ids", cwd=place).stdout.splitlines()
    assert [line.split()[-1] for line in with_ids] == [hit["id"] for hit in found]


def test_count_show_and_remove(place: Path, tmp_path: Path) -> None:
    assert document("count", "--by", "media_type", cwd=place) == {"groups": {"image": 3, "text": 1}, "total": 4}
    shown = document("show", "coffee.png", cwd=place)
    assert "media" in shown["vectors"]
    assert [part["text"] for part in shown["parts"]] == [None]  # it was looked at: no words
    assert "coffee.png" in run("show", shown["id"], cwd=place).stdout
    run("backup", tmp_path / "backup", cwd=place)
    assert document("remove", "coffee.png", cwd=place) == {"removed": 1, "ids": [shown["id"]]}
    assert document("count", cwd=place) == {"groups": {}, "total": 3}
    assert document("restore", tmp_path / "backup", cwd=place)["total"] == 4


def test_some_failed_is_exit_3_and_each_is_named(place: Path, tmp_path: Path) -> None:
    PIL.Image.new("RGB", (32, 32), "red").save(tmp_path / "fine.png")
    (tmp_path / "empty.jpg").touch()
    done = document("add", tmp_path, "--library", tmp_path / "library", cwd=place, code=3)
    assert done["added"] == 1
    (failed,) = done["failed"]
    assert failed["path"].endswith("empty.jpg")
    assert failed["error"] == "DamagedMediaError"
    said = run("add", tmp_path, "--library", tmp_path / "library", cwd=place, code=3)
    assert "empty.jpg" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "cat", "--library", "nowhere"], 1, "mm-agents add"),
        (["search"], 2, "Nothing to search for"),
        (["search", "cat", "--where", "name ~ 3"], 1, "name ~ 3"),
        (["search", "--image", "missing.png"], 1, "missing.png"),
        (["search", "cat", "--kind", "smell"], 1, "smell"),
        (["search", "cat", "--limit", "0"], 2, "--limit"),
        (["search", "--url", "http://127.0.0.1/cat.png"], 1, "127.0.0.1"),
        (["show", "nothing"], 1, "'nothing'"),
        (["remove", "nothing"], 1, "'nothing'"),
        (["add", "media", "--embedder", "clap:tiny"], 1, "offline"),
        (["add", "media", "--words", "never"], 2, "'--words': 'never' is not one of"),
        (["add", "missing", "--library", "new"], 1, "there is no 'missing'"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_an_error_is_short_and_ends_with_the_next_step(
    place: Path, arguments: list[str], code: int, message: str
) -> None:
    done = run(*arguments, cwd=place, code=code)
    assert message in done.stderr
    assert done.stdout == ""
    first, *_, last = done.stderr.strip().splitlines()
    assert first.startswith("Error: ")
    assert last.startswith("Next: ")
    assert len(done.stderr.strip().splitlines()) <= 5


def test_what_is_not_there_makes_no_library_and_is_named_by_one_that_is(place: Path) -> None:
    run("add", "missing", "--library", "new", cwd=place, code=1)
    assert not (place / "new").exists()
    assert "missing" in run("add", "missing", cwd=place, code=3).stderr


def test_many_sources_are_told_in_short(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for n in range(14):
        (tmp_path / "notes" / f"{n:02}.txt").write_text(f"Row {n} of the garden has beans.\n")
    run("add", "notes", cwd=tmp_path)
    answer = run("ask", "How many texts are there?", cwd=tmp_path).stdout
    assert "There are 14 text files. [1]–[14]\n" in answer
    assert "and 2 more; --json has them all" in answer
    assert len(document("ask", "How many texts are there?", cwd=tmp_path)["sources"]) == 14


def test_debug_shows_the_traceback(place: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "show", "nothing", "--debug"], cwd=place, capture_output=True, text=True, check=False
    )
    assert "Traceback" in done.stderr


def test_the_library_may_come_from_the_environment(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MM_AGENTS_LIBRARY", str(place / "library"))
    assert document("count", cwd=tmp_path)["total"] == 4


def test_doctor_says_what_works(place: Path) -> None:
    checks = {check["name"]: check for check in document("doctor", cwd=place)["checks"]}
    assert checks["embedder offline"]["ok"]
    assert "4 assets" in checks["library ./library"]["detail"]


def test_doctor_fails_only_where_something_needed_is_broken(tmp_path: Path) -> None:
    found = document("doctor", "--library", tmp_path / "none", cwd=tmp_path)
    (missing,) = [check for check in found["checks"] if check["name"].startswith("library")]
    assert (found["ok"], missing["ok"], missing["needed"]) == (True, False, False)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "mm_agents.json").write_text("not a library")
    found = document("doctor", "--library", tmp_path / "broken", cwd=tmp_path, code=1)
    assert not found["ok"]
    assert [check["name"] for check in found["checks"] if check["needed"] and not check["ok"]] == [
        f"library {tmp_path / 'broken'}"
    ]


def test_doctor_knows_every_extra() -> None:
    from mm_agents.cli.maintenance import EXTRAS

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert EXTRAS.keys() == project["optional-dependencies"].keys()
    assert all(EXTRAS.values())


def every_command() -> list[str]:
    commands = {"": app.registered_commands}
    commands |= {str(group.name): group.typer_instance.registered_commands for group in groups()}
    return sorted(f"{group} {one.name}".strip() for group, listed in commands.items() for one in listed)


def groups() -> list[typer.models.TyperInfo]:
    found = app.registered_groups
    for group in found:
        group.name = group.typer_instance.info.name
    return found


def test_every_command_has_a_group_and_an_example() -> None:
    named = every_command()
    assert {name for name in named if " " not in name} | {str(group.name) for group in groups()} == PANELS.keys()
    assert set(EXAMPLES) <= set(named)
    for name in named:
        shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "160"})
        assert shown.exit_code == 0
        assert re.search(rf"^ *(\S+=\S+ )?mm-agents {name}( |$)", shown.output, re.MULTILINE), name
        assert "4 nothing found" in shown.output


def test_help_is_in_groups(tmp_path: Path) -> None:
    shown = run("--help", cwd=tmp_path).stdout
    places = [
        shown.index(f" {panel} ─") for panel in ("Library", "Ask and read", "Serve", "Evaluate and train", "Keep")
    ]
    assert places == sorted(places)
    assert "3 some files failed" in shown


def test_doctor_finds_damage_and_repairs_it(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "library", tmp_path / "library")
    assert "nothing to repair" in run("doctor", "--repair", cwd=tmp_path).stdout
    (path,) = (tmp_path / "library").glob("media.*.f32")
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    done = subprocess.run([*COMMAND, "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{path.name}' is damaged" in " ".join(done.stdout.split())
    quick = {check["name"]: check for check in document("doctor", "--quick", cwd=tmp_path)["checks"]}
    assert quick["library ./library"]["ok"]
    repaired = document("doctor", "--repair", cwd=tmp_path)
    assert (repaired["repair"]["kept"], len(repaired["repair"]["lost"])) == (3, 1)
    assert {check["name"]: check["ok"] for check in repaired["checks"]}["library ./library"]
    (tmp_path / "library" / "mm_agents.json").unlink()
    done = subprocess.run([*COMMAND, "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "doctor --repair makes it anew" in " ".join(done.stdout.split())) == (1, True)
    assert document("doctor", "--repair", cwd=tmp_path)["ok"]


def test_the_demo_runs_and_leaves_a_page_and_a_picture(tmp_path: Path) -> None:
    done = document("demo", "--keep", tmp_path / "demo", cwd=tmp_path)
    assert done["added"] == 12
    assert "together 87.00 EUR. [1][2]" in done["answer"]["text"]
    first = [answer["hits"][0] for answer in done["answers"]]
    assert first[0]["name"] == "cat.png"
    assert (first[1]["name"], first[1]["t0"] >= 4.0) == ("morning.mp4", True)
    assert first[2]["name"] == "packing.md"
    assert first[3]["name"] == "motorcycle.png"
    assert {hit["name"] for hit in done["answers"][4]["hits"][:2]} == {"rocket.jpg", "launch-day.mp4"}
    page = (tmp_path / "demo" / "results.html").read_text()
    assert "packing.md" in page
    assert "# Packing" not in page
    assert "together 87.00 EUR" in page
    assert page.count("scan.png: ") == len(done["answer"]["sources"])
    with PIL.Image.open(tmp_path / "demo" / "results.png") as picture:
        assert picture.width > 1000
    with Library.open(tmp_path / "demo" / "library", create=False) as library:
        assert library.count() == 12
    assert "87.00" in (tmp_path / "demo" / "answer.html").read_text()


def test_copy_goes_to_another_place_and_compares(place: Path, tmp_path: Path) -> None:
    first = document("copy", place / "library", tmp_path / "copy", cwd=place)
    assert first["copied"] == first["total"]
    again = document("copy", place / "library", tmp_path / "copy", cwd=place)
    assert (again["copied"], again["checksum"]) == (0, first["checksum"])
    assert "both sides equal" in run("copy", place / "library", tmp_path / "copy", cwd=place).stdout


def test_films_are_added_and_recommended(tmp_path: Path) -> None:
    (tmp_path / "posters").mkdir()
    titles = ("Harbour", "Lighthouse", "Garden")
    films = [{"id": n, "title": title, "overview": f"A film of a {title.lower()}."} for n, title in enumerate(titles)]
    (tmp_path / "films.json").write_text(json.dumps(films))
    PIL.Image.new("RGB", (60, 90), "navy").save(tmp_path / "posters" / "0_poster.jpg")
    said = run("add-movies", "films.json", "posters", cwd=tmp_path)
    assert "3 added" in said.stdout
    assert "Garden has no poster_vector" in said.stderr
    assert document("add-movies", "films.json", "posters", cwd=tmp_path)["unchanged"] == 3
    found = document(
        "recommend", "--like", "Harbour", "--vector", "txt_vector=0.6", "--html", "page.html", cwd=tmp_path
    )
    assert [hit["name"] for hit in found["hits"]] == ["Lighthouse", "Garden"]
    assert "Lighthouse" in (tmp_path / "page.html").read_text()
    assert "weight" in run("recommend", "--like", "Harbour", "--vector", "a=b", cwd=tmp_path, code=2).stderr


def test_version_is_one_line(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == f"mm-agents {mm_agents.__version__}\n"
    assert "--version" in run("--help", cwd=tmp_path).stdout


def test_a_mistyped_property_is_an_error(place: Path) -> None:
    for arguments in (["search", "a cat", "--where", "widht > 10"], ["count", "--by", "widht"]):
        said = run(*arguments, cwd=place, code=1).stderr
        assert "No record has a property named 'widht'. Known: chunk, duration" in said
