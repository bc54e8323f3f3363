"""Beauty: how good, as names, are the names that a creature dreams?

Three scores in [0, 1], each of a whole population of dreams, and `beauty`, their weighted mean:

    flow         can they be said aloud?
    symmetry     do they mirror or echo themselves, beyond what letters do by chance?
    creativity   are they new, and as various as real names are?

Two things keep them honest. Every name is weighed by how typical it is of real ones, in the eyes of a trigram
model fitted on the training split and calibrated on the validation split: 'xyzzyx' earns nothing. And each
distinct name counts once, divided by the number dreamt: a good name said two hundred times earns a
two-hundredth. `classic`, the ancestor's score, does neither; it is kept to be compared with.

A `Judge` is fitted once (some 60 ms for 30,000 names) and is a pure function from then on: it draws from no
shared generator and remembers only what it would compute again. Sums are `math.fsum`, so that neither the
order of a population nor that of a hash table changes a score, not even in its last bit.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, groupby, pairwise
from statistics import fmean, median
from typing import TypeGuard

import msgspec

SHORTEST, LONGEST = 3, 15  # letters of a valid name
VOWELS = frozenset("aeiouy")  # anything else, be it accented or a blank, is a consonant
SONORITY = {c: rank for rank, group in enumerate(("ptkbdgqcjx", "fvszh", "mn", "lr", "wy")) for c in group}
MARK = ""  # stands before the first letter and after the last; no letter can be mistaken for it


class Scores(msgspec.Struct, frozen=True):
    """Of a population: all in [0, 1], `classic` excepted."""

    flow: float
    symmetry: float
    creativity: float
    beauty: float
    classic: float


class NameScores(msgspec.Struct, frozen=True):
    """Of one name in its population, all in [0, 1]; their sums over the number dreamt are the population's.

    A name that doesn't count keeps its zeros: it isn't `valid`, or it is a `repeat` of one that stands before
    it. `creativity` is novelty * typicality * the diversity of the whole population.
    """

    name: str | None
    valid: bool
    repeat: bool = False
    typicality: float = 0.0
    novelty: float = 0.0
    flow: float = 0.0
    symmetry: float = 0.0
    creativity: float = 0.0
    beauty: float = 0.0


# l(w) = log P(w) / (n + 1), where P(w) is the product of p(c | a b) over the n letters and the end mark, and
#
#     p(c | a b) = (count(a b c) + T(a b) p(c | b)) / (N(a b) + T(a b))       (Witten and Bell, 1991)
#
# N = how often the context was seen, T = how many distinct symbols followed it. p(c | b) rests on p(c) in the
# same way, and p(c) on 1 / (letters + 1), the end mark being the one more. A context never seen passes on
# what the shorter one says. The two start marks are only ever context: p(c) doesn't count them.


class Trigrams:
    """An interpolated trigram model of names: how expected is each letter after the two before it?"""

    def __init__(self, names: Iterable[str], letters: frozenset[str]):
        marked = ((MARK, MARK, *name, MARK) for name in names)
        trigrams = Counter(chain.from_iterable(zip(s, s[1:], s[2:], strict=False) for s in marked))
        self.symbols = letters | {MARK}
        self.count: Counter[tuple[tuple[str, ...], str]] = Counter()
        for (a, b, c), k in trigrams.items():
            for context in ((a, b), (b,), ()):
                self.count[context, c] += k
        self.total: Counter[tuple[str, ...]] = Counter()
        self.followers: dict[tuple[str, ...], list[str]] = {}
        for (context, c), k in self.count.items():
            self.total[context] += k
            self.followers.setdefault(context, []).append(c)
        self.logs: dict[tuple[str, str, str], float] = {}

    def probability(self, context: tuple[str, ...], c: str) -> float:
        """p(c | context), for a context of at most two symbols; 0 for a letter that nothing speaks for."""
        lower = self.probability(context[1:], c) if context else (c in self.symbols) / len(self.symbols)
        if context not in self.followers:
            return lower
        distinct = len(self.followers[context])
        return (self.count[context, c] + distinct * lower) / (self.total[context] + distinct)

    def log_probability(self, name: str) -> float:
        """l(w), in nats per symbol, end included; -inf when a letter has no probability at all."""
        s = (MARK, MARK, *name, MARK)
        return math.fsum(map(self._log, zip(s, s[1:], s[2:], strict=False))) / (len(name) + 1)

    def _log(self, trigram: tuple[str, str, str]) -> float:
        log = self.logs.get(trigram)
        if log is None:
            p = self.probability(trigram[:2], trigram[2])
            log = self.logs[trigram] = math.log(p) if p else -math.inf
        return log


# smooth(w) = max(0, 1 - 2 bad / max(1, n - 1)), where bad is the sum of
#
#     1 for each letter past 2 in a run of vowels or of consonants
#     1 for an onset of exactly two consonants whose sonority doesn't rise   (nd-, rm-; never s.- or .h-)
#     1 for a coda of exactly two consonants whose sonority rises            (-dr, -tm; never -.h)
#     n if there is no vowel
#
# A longer onset or coda has paid as a run already. y is a vowel wherever it stands: its rank is never used.


def smooth(name: str) -> float:
    """How easily a name is said, in [0, 1], whether or not it is like other names."""
    runs = [(vowels, len(list(run))) for vowels, run in groupby(name, VOWELS.__contains__)]
    bad = sum(max(0, length - 2) for _, length in runs)
    if runs and runs[0] == (False, 2):
        a, b = name[:2]
        bad += _sonority(a) >= _sonority(b) and a != "s" and b != "h"
    if runs and runs[-1] == (False, 2):
        a, b = name[-2:]
        bad += _sonority(a) < _sonority(b) and b != "h"
    if VOWELS.isdisjoint(name):
        bad += len(name)
    return max(0.0, 1 - 2 * bad / max(1, len(name) - 1))


def _sonority(letter: str) -> float:
    return SONORITY.get(letter, math.nan)  # nothing is known of other letters: they neither rise nor fall


# H2 = - sum of f log2 f, f = the share of each pair of neighbours among all pairs of all names, with one
# boundary mark at either end of a name.


def pair_entropy(names: Iterable[str]) -> float:
    """How various the letter pairs of some names are, in bits; 0 for no names."""
    pairs = Counter(chain.from_iterable(pairwise((MARK, *name, MARK)) for name in names))
    total = pairs.total()
    return math.fsum(k / total * math.log2(total / k) for k in pairs.values())


class Judge:
    """Scores names against one corpus, of which it is given the three splits, each in its own order.

    The letters of a valid name are all that the splits hold.
    Without validation names nothing is typical, and every score but `classic` is 0.
    """

    def __init__(self, train: Sequence[str], validation: Sequence[str], test: Sequence[str]):
        self.train, self.validation, self.test = frozenset(train), list(validation), list(test)
        self.corpus = self.train.union(validation, test)
        self.letters = frozenset(chain.from_iterable(self.corpus))
        self.trigrams = Trigrams(train, self.letters)
        self.logs = sorted(map(self.log_probability, validation))
        self.middle = median(map(len, validation)) if validation else 0
        self.distances = sorted(abs(len(name) - self.middle) for name in validation)
        frequency = Counter(chain.from_iterable(train))
        self.chance = math.fsum((k / frequency.total()) ** 2 for k in frequency.values())
        self.entropies: dict[int, float] = {}

    def log_probability(self, name: str) -> float:
        """l(w) of the trigrams of the training split: nats per symbol, end included."""
        return self.trigrams.log_probability(name)

    # typ(w) = min(1, 2 F) min(1, 5 D)
    #
    # F = share of validation names whose l <= l(w); D = share of them whose length is at least as far from
    # their median length as w's. Full marks from the median l up: nothing is gained by being yet likelier.

    def typicality(self, name: str) -> float:
        """Would it pass for a name of this corpus? In [0, 1]; 1 for about half of the real ones."""
        n = len(self.validation)
        if not n:
            return 0.0
        likely = bisect_right(self.logs, self.log_probability(name)) / n
        usual = (n - bisect_left(self.distances, abs(len(name) - self.middle))) / n
        return min(1.0, 2 * likely) * min(1.0, 5 * usual)

    # flow = sqrt(typ smooth)

    def flow(self, name: str) -> float:
        """Can it be said aloud? In [0, 1]."""
        return math.sqrt(self.typicality(name) * smooth(name))

    # symmetry = typ (.8 max(mirror, echo) + .2 [the vowel/consonant pattern is a palindrome]) rich
    #
    #     agree  = max(0, (m - c) / (1 - c)) of some pairs: m = share of equal ones, c = what chance makes
    #              equal, the sum of the squared letter frequencies in the training split
    #     mirror = agree of the pairs (i, n-1-i), i < n//2
    #     echo   = max over the shifts d in 2..n//2 of agree of the pairs (i, i+d), i < n-d. At least half of
    #              the name has a partner then, so that no shift need be discounted for its few pairs
    #     rich   = min(1, distinct letters / ceil(n/2))

    def symmetry(self, name: str) -> float:
        """Does it mirror or echo itself, and not just by being one letter over and over? In [0, 1]."""
        if not name:
            return 0.0
        n, half = len(name), len(name) // 2
        mirror = self._agree(name[:half], name[::-1])
        echoes = (self._agree(name, name[d:]) for d in range(2, half + 1))
        pattern = [letter in VOWELS for letter in name]
        likeness = 0.8 * max([mirror, *echoes]) + 0.2 * (pattern == pattern[::-1])
        return self.typicality(name) * likeness * min(1, len(set(name)) / math.ceil(n / 2))

    def _agree(self, left: str, right: str) -> float:
        pairs = min(len(left), len(right))  # the longer one's rest has no partner
        if not pairs or self.chance >= 1:
            return 0.0
        share = sum(map(str.__eq__, left, right)) / pairs
        return max(0.0, (share - self.chance) / (1 - self.chance))

    # nov(w) = 0 in the training split, 1/2 one edit (insert, delete or replace a letter) away from it, else 1

    def novelty(self, name: str) -> float:
        """Learnt by heart (0), nearly so (.5), or new (1)."""
        if name in self.train:
            return 0.0
        # An edit leads into the training split only by a letter that was seen there after the same two
        # symbols. The empty mark is one more: to put it in is no edit, in place of a letter it is a deletion.
        for i, context in enumerate(pairwise((MARK, MARK, *name))):
            head, kept, replaced = name[:i], name[i:], name[i + 1 :]
            for c in (MARK, *self.trigrams.followers.get(context, ())):
                if head + c + kept in self.train or head + c + replaced in self.train:
                    return 0.5
        return 1.0

    # div = min(1, H2(distinct valid names) / R)
    #
    # R = mean over k = 0..4 of H2(random.Random(k).sample(validation, min(N, all))), in the split's own order

    def diversity(self, names: Iterable[str], n: int) -> float:
        """How various are these names beside as many real ones as were dreamt (n)? In [0, 1]."""
        n = min(n, len(self.validation))
        if n not in self.entropies:
            samples = (random.Random(k).sample(self.validation, n) for k in range(5))
            self.entropies[n] = fmean(map(pair_entropy, samples))
        real = self.entropies[n]
        return min(1.0, pair_entropy(names) / real) if real else 1.0

    def valid(self, name: str | None) -> TypeGuard[str]:
        """3 to 15 letters of the alphabet, ended by the creature itself (a dream that overran is None)."""
        return name is not None and SHORTEST <= len(name) <= LONGEST and self.letters.issuperset(name)

    def judge(self, names: Sequence[str | None]) -> list[NameScores]:
        """Each name in its population, in the order given.

        names: what was dreamt; None stands for a dream that overran, that is, was cut off before its end.
        """
        fresh = {name for name in names if self.valid(name)}
        diversity = self.diversity(fresh, len(names))
        judged = []
        for name in names:
            if name in fresh:
                fresh.remove(name)
                judged.append(self._judge(name, diversity))
            else:
                valid = self.valid(name)
                judged.append(NameScores(name, valid, repeat=valid))
        return judged

    def _judge(self, name: str, diversity: float) -> NameScores:
        typicality, novelty = self.typicality(name), self.novelty(name)
        flow, symmetry, creativity = self.flow(name), self.symmetry(name), novelty * typicality * diversity
        beauty = _weigh(flow, symmetry, creativity) / WEIGHTS
        return NameScores(name, True, False, typicality, novelty, flow, symmetry, creativity, beauty)

    def score(self, names: Sequence[str | None]) -> Scores:
        """A population as a whole: the means of what `judge` says of its names."""
        judged, n = self.judge(names), max(1, len(names))
        flow = math.fsum(name.flow for name in judged) / n
        symmetry = math.fsum(name.symmetry for name in judged) / n
        creativity = math.fsum(name.creativity for name in judged) / n
        beauty = _weigh(flow, symmetry, creativity) / WEIGHTS
        return Scores(flow, symmetry, creativity, beauty, self.classic(names))

    def real(self, n: int) -> Scores:
        """What real names score that nobody was shown: the first min(n, all) of the test split."""
        return self.score(self.test[:n])

    # classic = mean over names of 3+ letters, repeats too, of 1.0 flow + 1.2 symmetry + 2.0 creativity, where
    #
    #     flow       = .5 if 4-8 letters, -1 for each letter past 2 in a run of vowels or of consonants
    #     symmetry   = 2 if a palindrome of 4+ letters, + 1.5 if its first half twice (an even number of
    #                  letters, therefore), + .2 if it ends in a, n or y
    #     creativity = -5 if anywhere in the corpus, else 1

    def classic(self, names: Iterable[str | None]) -> float:
        """The ancestor's score, at most 6.94; -100 if no name counts. 'xyzzyx' is worth 4.90 of it."""
        scores = [self._classic(name) for name in names if name is not None and len(name) >= SHORTEST]
        return math.fsum(scores) / len(scores) if scores else -100.0

    def _classic(self, name: str) -> float:
        n, half = len(name), len(name) // 2
        runs = (len(list(run)) for _, run in groupby(name, VOWELS.__contains__))
        flow = 0.5 * (4 <= n <= 8) - sum(max(0, length - 2) for length in runs)
        palindrome, doubled = n >= 4 and name == name[::-1], name[:half] == name[half:]
        symmetry = 2 * palindrome + 1.5 * doubled + 0.2 * name.endswith(("a", "n", "y"))
        creativity = -5 if name in self.corpus else 1
        return _weigh(flow, symmetry, creativity)


def _weigh(flow: float, symmetry: float, creativity: float) -> float:
    return 1.0 * flow + 1.2 * symmetry + 2.0 * creativity  # the ancestor's weights


WEIGHTS = _weigh(1, 1, 1)
