"""Organism: a tiny GPT that evolves itself, alive in a terminal.

    from organism import Val                        # a scalar with a gradient
    from organism import Corpus, Genome, train      # one creature
    from organism import evolve, live               # many, and a whole life

Each name is imported when it's first used, so that `import organism` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .corpus import Corpus
    from .genes import Genes
    from .genome import Genome
    from .life.creature import dream, train
    from .life.life import evolve, live
    from .mind.gpt import GPT
    from .mind.val import Val

_HOMES = {
    "Val": ".mind.val",
    "GPT": ".mind.gpt",
    "Genes": ".genome",
    "Genome": ".genome",
    "Corpus": ".corpus",
    "train": ".life.creature",
    "dream": ".life.creature",
    "evolve": ".life.life",
    "live": ".life.life",
}

__all__ = ["GPT", "Corpus", "Genes", "Genome", "Val", "dream", "evolve", "live", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
