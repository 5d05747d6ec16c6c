"""Sentences as captions of everyday photographs have them, composed from general knowledge, not from any captions.

``build_offline_assets.py`` learns from them how the vectors of two text encoders correspond.
"""

from __future__ import annotations

import random

COUNT = 4000


def _split(text: str) -> list[str]:
    return [" ".join(one.split()) for one in text.split("|")]


PEOPLE = _split(
    """
    a man | a woman | a boy | a girl | two men | two women | two boys | two girls | a child | two children | three
    people | a group of people | a young man | a young woman | an old man | an old woman | a baby | a toddler | a
    little girl | a little boy | a couple | a family | a crowd of people | several children | a person | people | a
    cyclist | a skier | a snowboarder | a surfer | a skateboarder | a climber | a football player | a basketball
    player | a runner | a hiker | a dancer | a musician | a worker | a police officer | a fisherman | kids | friends
    | a soccer team
    """
)
ANIMALS = _split(
    """
    a dog | two dogs | a brown dog | a black dog | a white dog | a black and white dog | a puppy | a large dog | a
    small dog | a cat | a kitten | a horse | two horses | a bird | a flock of birds | a cow | some sheep | an
    elephant | a duck | a greyhound | three dogs
    """
)
VEHICLES = _split(
    """
    a car | a red car | a bus | a truck | a motorcycle | a dirt bike | a boat | a small boat | a train | an airplane
    | a bicycle | a race car | a sailing boat | a tractor | a van
    """
)
DEEDS = _split(
    """
    running | walking | jumping | sitting | standing | playing | climbing | swimming | smiling | laughing | looking
    at the camera | holding a ball | riding a bike | riding a horse | riding a skateboard | eating | drinking |
    sleeping | reading a book | talking on the phone | taking a picture | playing the guitar | playing football |
    playing tennis | playing basketball | doing a trick | throwing a ball | kicking a ball | catching a frisbee |
    carrying a bag | pushing a cart | waiting | dancing | singing | hugging | sliding down a slide | sitting on a
    swing | sitting on a bench | lying down | posing for a photo | jumping into the water | splashing | fishing |
    paddling a canoe | skiing | snowboarding | surfing a wave | hiking | cooking | working | pointing | crawling |
    digging | blowing bubbles | wearing sunglasses | wearing a hat
    """
)
ANIMAL_DEEDS = _split(
    """
    running | jumping | playing | swimming | sleeping | standing | lying | barking | chasing a ball | catching a
    frisbee | carrying a stick in its mouth | holding a toy | shaking off water | looking up | fighting | sniffing |
    leaping over a bar | walking | eating
    """
)
VEHICLE_DEEDS = _split(
    """
    driving | parked | racing | turning | waiting | going fast | jumping through the air | covered in mud | crossing
    """
)
PLACES = _split(
    """
    on the beach | in the snow | in the water | on the grass | in a field | in the park | on a street | in the city
    | in front of a building | at night | on a mountain | on a rock | in a pool | in the forest | on a path | on a
    bridge | by a lake | in the ocean | near a river | in a kitchen | in a room | on a sofa | on a bed | at a table
    | in a restaurant | in a shop | on a stage | in a stadium | on a court | on a road | on the sidewalk | under a
    tree | in the desert | on a trail | on the stairs | in a garden | at a market | at a train station | at the
    airport | through tall grass | over a fence | on a boat | on the sand | in the mud | against a blue sky | at
    sunset | in the rain | behind a fence | in a playground | at a party | in a parking lot | on a farm | in autumn
    leaves
    """
)
CLOTHES = _split(
    """
    in a red shirt | in a blue jacket | in a white dress | in black | in a yellow coat | with a red hat | with
    sunglasses | in a green T-shirt | in a swimsuit | in shorts | with a backpack | in a pink dress | wearing a
    helmet | in a uniform | in a suit | with long hair | in jeans | in an orange vest
    """
)


def sentences(count: int = COUNT, seed: int = 7) -> list[str]:
    """Different sentences, always the same."""
    chance = random.Random(seed)
    return list(dict.fromkeys(_sentence(chance) for _ in range(count)))


def _sentence(chance: random.Random) -> str:
    place = chance.choice(PLACES) if chance.random() < 0.75 else ""
    verb = chance.choice(("is", ""))
    kind = chance.random()
    if kind < 0.55:
        clothes = chance.choice(CLOTHES) if chance.random() < 0.65 else ""
        words = f"{chance.choice(PEOPLE)} {clothes} {verb} {chance.choice(DEEDS)} {place}"
    elif kind < 0.8:
        words = f"{chance.choice(ANIMALS)} {verb} {chance.choice(ANIMAL_DEEDS)} {place}"
    elif kind < 0.87:
        words = f"{chance.choice(VEHICLES)} {chance.choice(VEHICLE_DEEDS)} {place}"
    elif kind < 0.94:
        words = f"{chance.choice(PEOPLE)} and {chance.choice(ANIMALS + PEOPLE + VEHICLES)} {place}"
    else:
        words = chance.choice(DEEDS + PEOPLE + ANIMALS + VEHICLES)
    said = " ".join(words.split())
    return said[0].upper() + said[1:] + chance.choice(("", "."))
