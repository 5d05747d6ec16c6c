"""``mm-agents read`` and ``mm-agents eval documents`` as people type them and machines read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import openpyxl
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from command_line import document, run
from drawn import LINES, hide, page

from mm_agents.cli import app
from mm_agents.evaluate.synthetic import make

MARKUP = ("[bold]Parts[/bold]", "price", "stock")


def grid(path: Path) -> None:
    """A ruled table of three columns and four rows."""
    rows = [MARKUP, ("Hinge", "4.50", "120"), ("Lamp", "32.00", "8"), ("Rope", "7.25", "60")]
    picture = PIL.Image.new("RGB", (760, 320), "white")
    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(24)
    for n in range(5):
        pen.line((40, 30 + n * 60, 720, 30 + n * 60), fill="black", width=2)
    for x in (40, 320, 520, 720):
        pen.line((x, 30, x, 270), fill="black", width=2)
    for n, row in enumerate(rows):
        for x, text in zip((56, 336, 536), row, strict=True):
            pen.text((x, 44 + n * 60), text, fill="black", font=font)
    picture.save(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reading")
    PIL.Image.fromarray(page()[0].pixels).save(place / "note.png")
    PIL.Image.fromarray(hide("the spare key is under the mat").pixels).save(place / "blank.png")
    grid(place / "grid.png")
    (place / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    (place / "prose.txt").write_text("no picture at all")
    return place


def test_text_is_read_and_drawn(place: Path) -> None:
    found = document("read", "text", "note.png", "--overlay", "seen.png", cwd=place)
    assert found["text"].splitlines() == list(LINES)
    assert {"text", "box", "confidence"} <= set(found["words"][0])
    with PIL.Image.open(place / "seen.png") as drawn, PIL.Image.open(place / "note.png") as stored:
        assert drawn.size == stored.size
        assert (np.asarray(drawn) != np.asarray(stored)).any()
    assert run("read", "text", "note.png", cwd=place).stdout.splitlines() == list(LINES)


def test_a_table_of_a_text_file_is_asked(place: Path) -> None:
    (place / "stock.csv").write_text("part,pieces\nHinge,40\nScrew,900\n")
    asked = run("read", "table", "stock.csv", "--question", "Which part has the most pieces?", cwd=place)
    assert asked.stdout.splitlines() == ["Screw has the highest pieces: 900.", "  [1] 900  B3"]
    untold = run("read", "table", "stock.csv", "--question", "What is the total of pieces for Oslo?", cwd=place, code=4)
    assert untold.stdout.strip().endswith("The table does not name “Oslo”.")


def test_hidden_text_is_read_and_shown(place: Path) -> None:
    found = document("read", "hidden", "blank.png", cwd=place)
    assert found["text"] == "the spare key is under the mat"
    assert "contrast of" in found["how"]
    assert len(found["lines"][0]["box"]) == 4
    shown = run("read", "hidden", "blank.png", "--enhanced", "enhanced.png", cwd=place)
    assert "spare key" in shown.stdout
    with PIL.Image.open(place / "enhanced.png") as enhanced:
        assert np.ptp(np.asarray(enhanced)) > 200
    assert "No hidden text was found; 19 visible words" in run("read", "hidden", "note.png", cwd=place, code=4).stderr


def test_a_table_is_read_in_every_form_and_asked(place: Path) -> None:
    found = document("read", "table", "grid.png", cwd=place)
    assert found["layout"] == "ruled"
    assert found["rows"][1] == ["Hinge", "4.50", "120"]
    cell = next(cell for cell in found["cells"] if cell["text"] == "32.00")
    assert (cell["row"], cell["column"], len(cell["box"])) == (2, 1, 4)
    assert "| Lamp | 32.00 | 8 |" in run("read", "table", "grid.png", cwd=place).stdout
    assert "Rope,7.25,60" in run("read", "table", "grid.png", "--csv", cwd=place).stdout
    assert "<td>Rope</td>" in run("read", "table", "grid.png", "--html", cwd=place).stdout
    asked = document("read", "table", "grid.png", "--question", "which part has the highest price?", cwd=place)
    assert "Lamp" in asked["answer"]
    assert asked["evidence"][0]["box"]
    assert "Lamp" in run("read", "table", "grid.png", "--question", "the highest price?", cwd=place).stdout


def test_all_tables_are_read_and_written(place: Path) -> None:
    with PIL.Image.open(place / "grid.png") as upper, PIL.Image.open(place / "grid.png") as lower:
        both = PIL.Image.new("RGB", (760, 760), "white")
        both.paste(upper, (0, 0))
        both.paste(lower, (0, 420))
    pen = PIL.ImageDraw.Draw(both)
    pen.text(
        (40, 350), "The same parts as they were counted at the end of the year", "black", PIL.ImageFont.load_default(24)
    )
    both.save(place / "two.png")
    found = document("read", "table", "two.png", "--all", cwd=place)
    assert [one["rows"][1:] for one in found["tables"]] == 2 * [
        [["Hinge", "4.50", "120"], ["Lamp", "32.00", "8"], ["Rope", "7.25", "60"]]
    ]
    shown = run("read", "table", "two.png", "--all", "--csv", cwd=place).stdout
    assert shown.count("Lamp,32.00,8") == 2
    one = run("read", "table", "two.png", "--csv", cwd=place)
    assert one.stdout.count("Lamp,32.00,8") == 1
    assert "1 more table stands on the page" in " ".join(one.stderr.split())
    said = run("read", "table", "two.png", "--all", "--out", "two.xlsx", cwd=place)
    assert (said.stdout, "two.xlsx" in said.stderr) == ("", True)
    book = openpyxl.load_workbook(place / "two.xlsx")
    assert book.sheetnames == ["table 1", "table 2"]
    assert [cell.value for cell in book["table 2"][3]] == ["Lamp", 32, 8]
    run("read", "table", "two.png", "--all", "--out", "two.csv", cwd=place)
    assert "Rope,7.25,60" in (place / "two-2.csv").read_text("utf-8-sig")
    assert (
        "not the name of a .csv or .xlsx"
        in run("read", "table", "grid.png", "--out", "a.doc", cwd=place, code=2).stderr
    )


def test_markup_in_a_picture_stays_text(place: Path) -> None:
    shown = run("read", "table", "grid.png", cwd=place).stdout
    assert "bold" in shown
    asked = run("read", "table", "grid.png", "--question", "how many rows are there?", cwd=place)
    assert asked.returncode == 0


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "No words were found"),
        ("table", "No table was found"),
        ("invoice", "Nothing of an invoice was found"),
        ("flowchart", "No flowchart was found"),
        ("hidden", "No hidden text was found"),
    ],
)
def test_nothing_of_the_kind_is_exit_4(place: Path, kind: str, said: str) -> None:
    PIL.Image.fromarray(np.full((200, 300, 3), 255, dtype=np.uint8)).save(place / "empty.png")
    assert document("read", kind, "empty.png", cwd=place, code=4)
    done = run("read", kind, "empty.png", cwd=place, code=4)
    assert said in done.stderr
    assert done.stdout == ""


def test_no_table_is_an_empty_document(place: Path) -> None:
    PIL.Image.fromarray(np.full((200, 300, 3), 255, dtype=np.uint8)).save(place / "empty.png")
    assert document("read", "table", "empty.png", cwd=place, code=4)["rows"] == []
    assert document("read", "invoice", "empty.png", cwd=place, code=4)["fields"]["total"] == {
        "value": None, "verified": False, "confidence": None, "evidence": [], "note": None,
    }  # fmt: skip


def test_a_terminal_shows_tables_with_marks(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*arguments: str) -> str:
        app(["read", *arguments], standalone_mode=False)
        return re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)

    make("invoice", count=1, seed=3, folder=tmp_path)
    (bill,) = tmp_path.rglob("*.png")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    table = shown("table", str(place / "grid.png"))
    assert re.search(r"│ Lamp +│ 32.00 +│ 8 ", table)
    assert "| Lamp |" not in table
    hidden = shown("hidden", str(place / "blank.png"))
    assert re.search(r"mat +│ [✓?]", hidden)
    assert "✓ confirmed, ? not confirmed" in hidden
    invoice = shown("invoice", str(bill))
    assert re.search(r"│ total +│ .*│ ✓ +│", invoice)
    assert re.search(r"^✓ .*:", invoice, re.MULTILINE)
    assert "| Lamp | 32.00 | 8 |" in shown("table", str(place / "grid.png"), "--markdown")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["read", "text", "nowhere.png"], 1, "nowhere.png"),
        (["read", "text", "broken.png"], 1, "broken.png"),
        (["read", "invoice", "prose.txt"], 1, "a picture or a PDF"),
        (["read", "table", "note.png", "--page", "2"], 1, "no page 2"),
        (["read", "table", "grid.png", "--csv", "--markdown"], 2, "choose one"),
        (["read", "text", "note.png", "--overlay", "seen.nothing"], 2, "seen.nothing"),
        (["read", "frobnicate", "note.png"], 2, "frobnicate"),
        (["read", "hidden", "blank.png", "--model", "nobody:nothing"], 1, "nobody"),
        (["eval", "documents", "."], 1, "manifest.json"),
        (["eval", "documents", "--kind", "poem"], 2, "poem"),
    ],
)
def test_an_error_is_told_in_a_line(place: Path, arguments: list[str], code: int, message: str) -> None:
    done = run(*arguments, cwd=place, code=code)
    assert message in done.stderr
    assert done.stdout == ""


def test_eval_draws_its_own_pictures_and_scores_the_readers(place: Path) -> None:
    found = document(
        "eval", "documents", "--kind", "table", "--count", "2", "--seed", "5", "--keep", "drawn", cwd=place
    )
    assert len(found["cases"]) == 2
    assert all(0 <= value <= 1 for name, value in found["figures"].items() if name.endswith("TEDS"))
    again = run("eval", "documents", "drawn/table", cwd=place).stdout
    assert "TEDS" in again


def test_many_styles_are_rows_of_tables_that_fit_a_terminal(place: Path) -> None:
    picture = place / "plain.png"
    PIL.Image.new("RGB", (60, 40), "white").save(picture)
    folder = place / "styles"
    listed: list[dict[str, str]] = []
    for n in range(6):
        (folder / f"style-{n}").mkdir(parents=True)
        (folder / f"style-{n}" / "one.png").write_bytes(picture.read_bytes())
        (folder / f"style-{n}" / "one.json").write_text('{"invoice_number": "A-7", "total": 1.50}')
        listed.append({"image": f"style-{n}/one.png", "truth": f"style-{n}/one.json"})
    (folder / "manifest.json").write_text(json.dumps(listed))
    printed = run("eval", "documents", folder, "--kind", "invoice", cwd=place).stdout.splitlines()
    assert all(len(line) <= 80 for line in printed)
    assert [line for line in printed if line.startswith("│ style-5")]  # a row for each style
    assert not [line for line in printed if "style-0" in line and "style-1" in line]


def test_a_folder_is_read_by_several_processes_in_the_order_of_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    make("table", count=2, seed=5, folder=folder)
    for path in folder.rglob("*.json"):
        path.unlink()
    (folder / "broken.png").write_text("no picture")
    read = document("read", "table", folder, "--jobs", "2", cwd=tmp_path, code=3)
    expected = [one.name for one in sorted(folder.rglob("table-*"))]
    assert [Path(one["file"]).name for one in read["documents"]] == expected
    assert all(one["cells"] for one in read["documents"])
    assert [Path(one["path"]).name for one in read["failed"]] == ["broken.png"]
    assert "for one file" in run("read", "table", folder, "--out", "all.csv", cwd=tmp_path, code=2).stderr
