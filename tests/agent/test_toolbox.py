"""The toolbox of a library: what each tool finds and reads, and what none of them opens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pytest
from papers import invoice, plain, table

from mm_agents import Library, Tool, _plugins
from mm_agents.errors import MissingExtraError, ToolError
from mm_agents.ingest.movies import add_movies
from mm_agents.testing import HashEmbedder
from mm_agents.toolbox import Attachments, bound_to_conversation, toolbox
from mm_agents.toolbox.searching import closest, films_named
from mm_agents.toolbox.sources import AllowedIds
from mm_agents.tools import by_name

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

FILMS = [
    {"id": 1, "title": "The Lighthouse", "overview": "Two keepers and a storm."},
    {"id": 2, "title": "Storm", "overview": "A ship meets a storm near a lighthouse."},
    {"id": 3, "title": "Garden Party: Roses", "overview": "Roses, cake and an old quarrel."},
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("toolbox")
    media = place / "library" / "media"
    media.mkdir(parents=True)
    invoice(media / "northwind.png")
    table(media / "regions.png")
    plain(media / "red.png", "red")
    plain(media / "blue.png", "blue")
    (media / "ferns.txt").write_text("Water the ferns on Tuesday.\n\nFeed the cat on Friday.\n")
    (place / "posters").mkdir()
    (place / "films.json").write_text(json.dumps(FILMS))
    for number, colour in {1: "navy", 2: "blue", 3: "pink"}.items():
        PIL.Image.new("RGB", (60, 90), colour).save(place / "posters" / f"{number}_poster.jpg")
    invoice(place / "other.png", seller="Harbour Lamps Ltd", items=[("2", "Lamp shades", "9.00", "18.00")])
    return place


@pytest.fixture(scope="module")
def library(place: Path) -> Iterator[Library]:
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(place / "library" / "media", progress=False)
        add_movies(opened, place / "films.json", place / "posters")
        yield opened


@pytest.fixture
def tools(library: Library, place: Path) -> dict[str, Tool]:
    return by_name(toolbox(library, attachments=Attachments.open([place / "other.png"])))


def hit_names(result: object) -> list[str]:
    return [hit["name"] for hit in result.payload["hits"]]  # type: ignore[attr-defined]


def test_a_library_has_eleven_tools_and_one_without_films_has_nine(library: Library, tmp_path: Path) -> None:
    names = [one.name for one in toolbox(library)]
    assert names == [
        *("search_text", "search_images", "search_videos", "search_posters", "recommend", "describe_image"),
        *("read_invoice", "read_table", "read_flowchart", "read_hidden_text", "aggregate"),
    ]
    with Library.open(tmp_path / "bare", embedder=HashEmbedder(width=64)) as bare:
        assert [one.name for one in toolbox(bare)] == [n for n in names if n not in ("search_posters", "recommend")]


def test_every_tool_tells_a_model_what_it_needs(tools: dict[str, Tool]) -> None:
    for one in tools.values():
        assert one.description.endswith(".")
        assert len(one.examples) >= 5
        assert not one.trusted
        for name, field in one.schema["properties"].items():
            assert field.get("description"), f"{one.name}: {name} has no description"


def test_searches_say_where_and_hand_out_ids(tools: dict[str, Tool], library: Library) -> None:
    found = tools["search_images"].run(query="Northwind brass hinges", limit=2)
    assert hit_names(found)[0] == "northwind.png"
    assert found.text.splitlines()[1].startswith("[1] northwind.png (image; id ")
    assert found.assets[0] == found.evidence[0].asset == library.get("northwind.png").id
    assert found.evidence[0].path == "media/northwind.png"
    assert len(found.media) == 2
    assert "base64" not in found.text
    assert json.dumps(dict(found.payload))


def test_texts_and_stories_are_searched_together_or_alone(tools: dict[str, Tool]) -> None:
    both = tools["search_text"].run(query="a storm near a lighthouse", limit=4)
    assert {hit["media_type"] for hit in both.payload["hits"]} == {"film", "text"}
    films = tools["search_text"].run(query="a storm near a lighthouse", among="films")
    assert hit_names(films)[0] == "Storm"
    texts = tools["search_text"].run(query="ferns on Tuesday", among="documents")
    assert hit_names(texts) == ["ferns.txt"]
    assert (texts.evidence[0].quote or "").startswith("Water the ferns")


def test_a_picture_finds_its_like_and_not_itself(tools: dict[str, Tool]) -> None:
    found = tools["search_images"].run(image="red.png", limit=3)
    assert "red.png" not in hit_names(found)
    assert len(hit_names(found)) == 3
    assert hit_names(tools["search_posters"].run(image="blue.png"))
    with pytest.raises(ToolError, match="Say what to look for"):
        tools["search_images"].run()
    with pytest.raises(ToolError, match=r"'ferns\.txt' is not a picture but text"):
        tools["search_images"].run(image="ferns.txt")


def test_the_plainest_pictures_come_first(tools: dict[str, Tool]) -> None:
    assert set(hit_names(tools["search_images"].run(plain=True, limit=2))) == {"red.png", "blue.png"}


def test_films_are_recommended_by_titles_spelt_more_or_less(tools: dict[str, Tool]) -> None:
    found = tools["recommend"].run(like=["the Lighthause"], unlike=["garden party"], limit=2)
    assert found.payload["like"] == ["The Lighthouse"]
    assert found.payload["unlike"] == ["Garden Party: Roses"]
    assert hit_names(found) == ["Storm"]
    with pytest.raises(ToolError, match="no film 'Lighthouses of Chile' here") as raised:
        tools["recommend"].run(like=["Lighthouses of Chile"])
    assert raised.value.retry


def test_an_invoice_answers_with_its_places(tools: dict[str, Tool], library: Library) -> None:
    found = tools["read_invoice"].run(source="northwind.png", question="how much would 4 brass hinges cost?")
    assert "4 × 2.50 = 10.00" in found.text
    (place,) = found.evidence
    assert (place.asset, place.path) == (library.get("northwind.png").id, "media/northwind.png")
    assert (place.quote, place.page) == ("2.50", 1)
    assert place.box is not None
    assert len(found.media) == 1
    assert found.payload["answered"]["value"] == "10.00"


def test_an_invoice_is_asked_by_its_sellers_name(tools: dict[str, Tool]) -> None:
    found = tools["read_invoice"].run(source="northwind.png", question="what did Northwind charge for the garden lamp?")
    assert "45.00" in found.payload["answered"]["answer"]


def test_an_attachment_is_read_by_its_name(tools: dict[str, Tool], place: Path) -> None:
    found = tools["read_invoice"].run(source="other.png")
    assert found.payload["reading"]["fields"]["total"]["value"] == "18.00"
    assert found.evidence[0].path == (place / "other.png").as_posix()
    assert found.assets == ()


def test_a_table_is_computed_over(tools: dict[str, Tool]) -> None:
    found = tools["read_table"].run(source="regions.png", question="which region has the highest growth?")
    assert "South and West tie" in found.text
    assert [one.quote for one in found.evidence] == ["9%", "9%"]
    assert "| North | 120 | 7% |" in tools["read_table"].run(source="regions.png").text


def test_the_text_of_an_answer_says_what_is_not_verified(tools: dict[str, Tool]) -> None:
    found = tools["read_table"].run(source="regions.png", question="what is the growth of North?")
    assert found.payload["answered"]["doubt"] == "not verified: “7%”"  # a single digit never is
    assert found.text.endswith(" (not verified: “7%”)")


@pytest.mark.parametrize("name", ["read_invoice", "read_table", "read_flowchart"])
def test_what_is_no_such_document_is_said_to_be_none(tools: dict[str, Tool], name: str) -> None:
    with pytest.raises(ToolError, match=r"red\.png"):
        tools[name].run(source="red.png")
    of_tables = "without rows and columns; a picture, a PDF or a text with a table is read"
    why = of_tables if name == "read_table" else "ferns.txt' is text; a picture or a PDF is read"
    with pytest.raises(ToolError, match=re.escape(why)):
        tools[name].run(source="ferns.txt")


def test_a_picture_is_described_as_far_as_is_known(tools: dict[str, Tool]) -> None:
    found = tools["describe_image"].run(source="northwind.png")
    assert "820 × 640 pixels" in found.text
    assert "Northwind Parts Ltd" in found.text
    compared = tools["describe_image"].run(source="red.png", other="blue.png")
    assert -1 <= compared.payload["compared"]["nearness"] < 0.99
    same = tools["describe_image"].run(source="red.png", other="red.png")
    assert same.payload["compared"]["text"] == "They are the same file."


# ---------------------------------------------------------------- what is not opened


@pytest.mark.parametrize(
    "reference", ["/etc/passwd", "../other.png", "media/../../other.png", "file:///etc/passwd", ""]
)
def test_nothing_outside_of_the_library_is_opened(tools: dict[str, Tool], reference: str) -> None:
    for name in ("describe_image", "read_invoice", "read_hidden_text"):
        with pytest.raises(ToolError, match="Neither the library nor the attachments hold"):
            tools[name].run(source=reference)


def test_the_path_of_an_attachment_is_no_name(tools: dict[str, Tool], place: Path) -> None:
    with pytest.raises(ToolError, match="Neither the library nor the attachments hold"):
        tools["read_invoice"].run(source=str(place / "other.png"))


def test_an_id_has_to_be_handed_out(library: Library) -> None:
    tools = by_name(toolbox(library))
    id = library.get("northwind.png").id
    with pytest.raises(ToolError, match="was not handed out") as raised:
        tools["read_invoice"].run(source=id)
    assert raised.value.retry
    tools["search_images"].run(query="Northwind")
    assert tools["read_invoice"].run(source=id).payload["source"]["name"] == "northwind.png"


def test_a_conversation_lends_its_attachments_to_any_toolbox(library: Library, place: Path) -> None:
    tools = by_name(toolbox(library))
    with pytest.raises(ToolError):
        tools["read_invoice"].run(source="other.png")
    with bound_to_conversation(Attachments.open([place / "other.png"]), AllowedIds()):
        assert tools["read_invoice"].run(source="other.png").payload["source"]["name"] == "other.png"
    with pytest.raises(ToolError):
        tools["read_invoice"].run(source="other.png")


def test_a_file_that_is_gone_or_changed_is_not_read(tmp_path: Path) -> None:
    media = tmp_path / "library" / "media"
    media.mkdir(parents=True)
    gone, changed = invoice(media / "gone.png"), table(media / "changed.png")
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(media, progress=False, words="none")
        tools = by_name(toolbox(library))
        gone.unlink()
        plain(changed, "green")
        with pytest.raises(ToolError, match=r"'gone\.png' cannot be read"):
            tools["read_invoice"].run(source="gone.png")
        with pytest.raises(ToolError, match=r"'changed\.png' has changed since it was added"):
            tools["read_table"].run(source="changed.png")


def test_an_attachment_that_changed_meanwhile_is_not_read(tmp_path: Path, library: Library) -> None:
    path = invoice(tmp_path / "bill.png")
    tools = by_name(toolbox(library, attachments=Attachments.open([path])))
    plain(path, "white")
    with pytest.raises(ToolError, match="has changed"):
        tools["read_invoice"].run(source="bill.png")


def test_an_empty_library_finds_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path / "empty", embedder=HashEmbedder(width=64)) as empty:
        tools = by_name(toolbox(empty))
        for name in ("search_images", "search_videos", "search_text"):
            found = tools[name].run(query="anything")
            assert found.payload["hits"] == []
            assert found.text.startswith("No ")


def test_without_ocr_a_tool_says_how_to_install_it(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(kind: str, name: str) -> object:
        raise MissingExtraError(
            "Reading words needs the package 'rapidocr'. Install: pip install 'mm-agents[documents]'"
        )

    monkeypatch.setattr(_plugins, "build_named", missing)
    tools = by_name(toolbox(library))
    with pytest.raises(ToolError, match=r"pip install 'mm-agents\[documents\]'"):
        tools["read_invoice"].run(source="northwind.png")
    assert "820 × 640" in tools["describe_image"].run(source="northwind.png").text


# ---------------------------------------------------------------- attachments and titles


def test_attachments_have_names_and_kinds(place: Path, tmp_path: Path) -> None:
    twin = invoice(tmp_path / "other.png")
    (tmp_path / "note.txt").write_text("Ferns.")
    known = Attachments.open([place / "other.png", twin, tmp_path / "note.txt", place / "other.png"])
    assert [(one.name, one.kind) for one in known] == [
        ("other.png", "image"),
        ("other (2).png", "image"),
        ("note.txt", "text"),
    ]
    assert known.get("nothing.png") is None


TITLES = [
    (title, title) for title in ("The Incredible Hulk", "Iron Man", "Iron Man 2", "Up", "Ice Age: The Meltdown", "It")
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recommend films like Iron Man", ["Iron Man"]),
        ("I liked iron man 2 and the increddible hulk", ["Iron Man 2", "The Incredible Hulk"]),
        ("something like Ice Age", ["Ice Age: The Meltdown"]),
        ("what should I look up? it is late", []),
        ("more like Up please", ["Up"]),
        ("films about irons", []),
    ],
)
def test_titles_are_found_in_a_sentence(text: str, expected: list[str]) -> None:
    assert [id for id, _ in films_named(text, TITLES)] == expected


def test_the_closest_titles_are_offered() -> None:
    assert closest("Irn Mn", [title for title, _ in TITLES])[0] == "Iron Man"
