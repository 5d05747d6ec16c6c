"""What a small projection behind the offline embedder brings: the right class's picture first for a caption, or not.

    python examples/benchmarks/alignment.py --data DATA

DATA holds ``imagenette``, a folder of photos for each class (else MM_AGENTS_TEST_DATA names it). The captions do not
name the classes. Captions and photos that are measured are never those that were learned from.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from mm_agents import _plugins
from mm_agents.contrastive.align import AlignSettings, Captioned, align
from mm_agents.media import load_image
from mm_agents.protocols import Embedder
from mm_agents.types import Text

CAPTIONS = {
    "tench": "an angler's green catch|a slimy freshwater swimmer|held up by its gills at the lake|"
    "scales and small fins|"
    "the prize of a morning at the pond|a muddy-water dweller out of the water|landed after a long fight on the line|"
    "an olive creature in wet hands|caught and about to be released|a carp's cousin on the bank",
    "english-springer": "a gun dog with long ears|brown and white fur|man's best friend on the lawn|"
    "a pet waiting for a walk|"
    "wagging its tail|a hunter's four-legged companion|a puppy with freckles on its nose|"
    "it fetches birds from the reeds|"
    "a spotted pet with a leash|floppy ears and a wet nose",
    "cassette-player": "it plays old mix tapes|an eighties stereo|buttons to rewind and record|"
    "a walkman|hi-fi equipment|"
    "how music was heard before CDs|a deck with two slots|a portable sound machine|electronics with a headphone jack|"
    "a tuner and speakers in one box",
    "chain-saw": "felling a tree with a motor|a lumberjack's loud tool|cutting logs into firewood|"
    "sharp teeth on a moving belt|"
    "sawdust flies|a petrol tool with a long blade|a man with ear protection and a helmet in the woods|"
    "it slices trunks in seconds|pruning thick branches|carving wood with an engine",
    "church": "a place of worship|a tall steeple with a cross|where couples are wed|"
    "stained glass and pews|a house of God|"
    "bells ring on Sunday|a chapel in the village|gothic arches of stone|the priest preaches here|an old abbey",
    "french-horn": "a brass instrument|coiled tubing and a wide bell|a musician of the orchestra|"
    "played with one hand inside|a wind player on stage|golden and shiny, it sounds mellow|"
    "valves pressed by the left hand|"
    "rehearsal of the brass section|blown at a concert|a curled instrument of metal",
    "garbage-truck": "it empties the bins|collecting rubbish in the morning|"
    "a heavy vehicle for waste|trash day on our street|"
    "bin men at work|a lorry with a compactor|municipal refuse service|it takes litter to the dump|"
    "a big vehicle lifting a container|recycling is picked up",
    "gas-pump": "filling up the car|a petrol station|price per gallon on the display|"
    "a nozzle and a hose|fuel for the road|"
    "where drivers buy diesel|unleaded or premium|an old service station by the highway|refuelling|"
    "an oil company's forecourt",
    "golf-ball": "small, white and dimpled|on the tee|close to the hole on the green|hit with an iron or a driver|"
    "it rolls across short grass|a birdie is one stroke away|lost in the rough|a putt|a sphere for a sport with clubs|"
    "ready for the first swing",
    "parachute": "floating down from a plane|a canopy in the sky|skydivers|a soft landing|a jump from great height|"
    "hanging on cords in the air|colourful fabric slows the fall|paratroopers descend|a daredevil in free fall|"
    "gliding above the fields in a harness",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MM_AGENTS_TEST_DATA", "."))
    folder = Path(parser.parse_args().data) / "imagenette"
    embedder: Embedder = _plugins.build_named("embedders", "offline")
    paths = [path for name in CAPTIONS for path in sorted((folder / name).iterdir())[:10]]
    pictures = np.concatenate([embedder.embed([load_image(path, max_side=1024)], role="document") for path in paths])
    texts = embedder.embed([Text(text=text) for of in CAPTIONS.values() for text in of.split("|")], role="query")
    groups = np.repeat(np.arange(len(CAPTIONS)), 10)
    data = Captioned(pictures=pictures, texts=texts, groups=groups, units=np.arange(len(groups)))
    print(f"{len(paths)} photos, {len(texts)} captions; chance of recall@1 {1 / len(CAPTIONS):.2f}")
    for loss in ("infonce", "sigmoid"):
        with tempfile.TemporaryDirectory() as place:
            found = align(data, Path(place), AlignSettings(loss=loss, folds=5, seeds=3), embedder=embedder.name)
        for name, before in found.before.items():
            after = found.after[name]
            print(
                f"{loss:<9}{name:<10}{before.mean:.3f} ± {before.spread:.3f} -> {after.mean:.3f} ± {after.spread:.3f}"
            )


if __name__ == "__main__":
    main()
