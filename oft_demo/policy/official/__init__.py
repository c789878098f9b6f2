"""Checkpoints of OpenVLA-OFT's own code: read as they are, checked before anything is loaded."""

from oft_demo.policy.official.complaints import ContradictedFact, MissingFile, UnusableFile
from oft_demo.policy.official.facts import PRESETS, Facts, UnknownPlatform, facts_of, is_official
from oft_demo.policy.official.film_weights import FilmLayer, FilmLayers, film_layers
from oft_demo.policy.official.loading import LoadProgress, read, reading
from oft_demo.policy.official.memory import NotEnoughMemory
from oft_demo.policy.official.sizes import config_of
from oft_demo.policy.official.tokenizer import LlamaTokenizer

__all__ = [
    "PRESETS",
    "ContradictedFact",
    "Facts",
    "FilmLayer",
    "FilmLayers",
    "LlamaTokenizer",
    "LoadProgress",
    "MissingFile",
    "NotEnoughMemory",
    "UnknownPlatform",
    "UnusableFile",
    "config_of",
    "facts_of",
    "film_layers",
    "is_official",
    "read",
    "reading",
]
