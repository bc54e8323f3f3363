"""What is asked: the trainings that a run wants, each for all organisms that carry its genes."""

from ..events import Born
from ..genes import Genes
from ..trial import CONFIRMATIONS, Key, Trial, training_seed


class Trials:
    """The trainings on their way: wanted, and neither told nor withdrawn."""

    def __init__(self, run_seed: int):
        self.run_seed = run_seed
        self._asked: list[Trial] = []
        self._open: dict[Key, Trial] = {}
        self._carriers: dict[tuple[Genes, int], list[Born]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._open

    def __len__(self) -> int:
        return len(self._open)

    def want(self, organism: Born, replicate: int) -> None:
        """Have the genes of `organism` trained under a replicate's seed, once for all who carry them."""
        genes = organism.genes
        if carriers := self._carriers.get((genes, replicate)):
            carriers.append(organism)
            return
        seed = training_seed(self.run_seed, genes, replicate)
        trial = Trial(Key(organism.id, replicate), genes, seed, with_test=replicate in CONFIRMATIONS)
        self._asked.append(trial)
        self._open[trial.key] = trial
        self._carriers[genes, replicate] = [organism]

    def carriers(self, genes: Genes, replicate: int) -> list[Born]:
        """For whom that training is on its way, the one that its key names first."""
        return self._carriers.get((genes, replicate), [])

    def ask(self) -> list[Trial]:
        """Those that weren't handed out before."""
        asked, self._asked = self._asked, []
        return [trial for trial in asked if trial.key in self._open]

    def close(self, key: Key) -> list[Born]:
        """End a training's way; whom it was for. Raises KeyError for one that isn't wanted (any more)."""
        trial = self._open.pop(key)
        return self._carriers.pop((trial.genes, key.replicate))

    def clear(self) -> None:
        """Withdraw them all."""
        self._asked.clear()
        self._open.clear()
        self._carriers.clear()
