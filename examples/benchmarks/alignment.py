"""How much `mm-agents train align` brings: class recall of held-out captions over held-out photos, before and after.

    python examples/benchmarks/alignment.py --data DATA [--embedder offline] [--seeds 3] [--folds 5]

DATA holds ``imagenette`` (a folder of photos for each class). Ten captions a class, below, describe what is to be found
in other words than the class's name. Captions and photos are dealt into folds apart; a fold's captions look for a photo
of their class among the fold's photos, and the projection has seen neither.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

from mm_agents import _plugins
from mm_agents._progress import bar
from mm_agents.contrastive.align import AlignOptions, Side, cross_validate, read_vectors

CAPTIONS = {
    "cassette-player": """an old machine for playing mixtapes|music on magnetic ribbon from the eighties
        stereo deck with rewind and record buttons|portable sound equipment with two reels behind a little window
        a boombox on a shelf|vintage hi-fi component with dials|something to listen to albums on before the CD came
        the front panel of an audio device|a walkman and its headphones|pressing play on a dusty stereo""",
    "chain-saw": """a lumberjack's power tool|cutting firewood with a petrol engine|a man slicing through a log
        sawdust flying from a tree trunk|a loud motor for felling trees|logging equipment with a toothed bar
        wearing a helmet while pruning thick branches|an orange forestry machine|carving a stump with a motor tool
        clearing fallen timber after a storm""",
    "church": """a steeple against the sky|where the congregation gathers on Sunday|stained glass behind an altar
        a house of worship with a bell tower|rows of pews facing the pulpit|gothic arches of a holy place
        a white wooden chapel in the country|the nave of a basilica|a parish seen from the graveyard
        a cross on top of a spire""",
    "english-springer": """a liver and white gun dog|a pet with long floppy ears|a spaniel waiting to fetch a bird
        a brown and white puppy on the lawn|man's best friend with a feathered coat|a hunting companion in tall grass
        a canine looking at its owner|a wet retriever shaking off water|a freckled muzzle and a wagging tail
        walking the pet on a leash""",
    "french-horn": """a coiled brass instrument|a musician with his hand inside the bell|winds of an orchestra
        shiny tubes and valves|she plays in the brass quintet|a golden instrument in its case
        rehearsal of a symphony's low brass|blowing into a mouthpiece on stage|a concert band warming up
        circular tubing that ends in a wide flare""",
    "garbage-truck": """collecting the rubbish on Monday morning|a municipal vehicle that compacts refuse
        dustmen emptying wheelie bins|a heavy lorry lifting a dumpster|waste on its way to the landfill
        the sanitation department at work|a green vehicle with a loader at the back|taking out the trash in our street
        a recycling lorry with a hydraulic arm|workers in high-visibility vests behind a big vehicle""",
    "gas-pump": """filling up the car|a petrol station at night|the price of a litre of unleaded|a nozzle in the tank
        a forecourt with diesel and super|an antique fuel dispenser with a glass globe
        stopping on the highway to refuel|hoses hanging from a meter|paying for twenty gallons
        a rusty relic of a service station""",
    "golf-ball": """a small white dimpled sphere|about to tee off|a putt that stops before the hole
        lying in the rough beside the fairway|a driver and its target on the range|on the green next to the flag
        a bunker shot|what a caddie looks for in the grass|a round thing on a wooden peg
        eighteen holes on a sunny afternoon""",
    "parachute": """floating down from an aeroplane|a canopy of bright nylon in the sky|jumping out at ten thousand feet
        a skydiver about to land|cords and a harness above the drop zone|soldiers dropped behind the lines
        a colourful glider with a person below|slowing the fall|an airborne stunt at the air show
        descending over the beach under a dome of fabric""",
    "tench": """the angler shows his catch|a green freshwater carp cousin|a slimy thing with small scales and red eyes
        kneeling by the lake with a big one|caught on a rod this morning|a proud man holds it with both hands
        a bottom feeder of ponds|the biggest of the fishing trip|lying on the landing net
        weighed and then released into the river""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", default="offline", help="a name, or name:model")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    embedder = _plugins.build_named("embedders", arguments.embedder)
    with tempfile.TemporaryDirectory() as folder, bar("Embedding") as report:
        table = write_table(arguments.data / "imagenette", Path(folder) / "pairs.csv")
        vectors = read_vectors(table, embedder, report=report)
    print(f"{embedder.name}: {len(vectors.texts)} captions, {len(vectors.pictures)} photos, {len(CAPTIONS)} classes")
    print(f"{arguments.folds} folds, {arguments.seeds} seeds; mean ± standard deviation over all of them\n")
    print(f"{'moved':<8}{'loss':<9}{'':<10}{'before':>15}{'after':>15}{'gain':>15}")
    sides: tuple[Side, ...] = ("both", "text", "image")
    for side in sides:
        for loss in ("infonce", "siglip"):
            options = AlignOptions(side=side, loss=loss, folds=arguments.folds, seeds=arguments.seeds)
            found = cross_validate(vectors, options)
            for name in ("recall@1", "recall@5"):
                kinds = [found[name][kind] for kind in ("before", "after", "gain")]
                figures = [f"{kind['mean']:.3f} ± {kind['spread']:.3f}" for kind in kinds]
                print(f"{side:<8}{loss:<9}{name:<10}" + "".join(f"{figure:>15}" for figure in figures))


def write_table(folder: Path, target: Path) -> Path:
    """Each photo of a class with each of its captions, one pair a line."""
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "text", "group"])
        for name, lines in CAPTIONS.items():
            captions = [" ".join(text.split()) for line in lines.splitlines() for text in line.split("|")]
            for photo in sorted((folder / name).iterdir()):
                writer.writerows([photo.absolute(), caption, name] for caption in captions)
    return target


if __name__ == "__main__":
    main()
