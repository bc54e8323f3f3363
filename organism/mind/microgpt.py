"""All of it on one page: a GPT made of single numbers learns names, one after the other, and dreams new ones.

    python -m organism.mind.microgpt [FILE]

Data, atom, architecture, loss, Adam, loop and dream, in the order in which they're needed. The numbers are those of
preset `microgpt`: given makemore's names this prints the losses and names of Karpathy's program of 12 February 2026,
from which the idea and every constant come. The rest of this package does the same faster, or finds better numbers.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from ..files import data_folder

# The atom: a number that remembers what it was computed from, so that `backward` can tell by how much each number
# before it would have changed it.
from .val import Val

# What evolution would choose: how wide a thought is, how many heads look back, how often, and over how many letters;
# how often it learns, and by how large a step at first.
WIDTH, HEADS, LAYERS, CONTEXT = 16, 4, 1, 16
STEPS, RATE = 1000, 0.01
SAMPLES, TEMPERATURE = 20, 0.5


def spell(documents: list[str]) -> tuple[str, list[list[int]]]:
    """Data: the letters that occur, and each document in their numbers. One more stands at both ends: "no letter"."""
    letters = "".join(sorted(set("".join(documents))))
    return letters, [[len(letters), *map(letters.index, document), len(letters)] for document in documents]


def newborn(vocabulary: int, rng: random.Random) -> dict[str, list[list[Val]]]:
    """What is learnt: matrices of random numbers, lists of rows, by name.

    Three tell what a letter is, what a place is, and what comes next; a layer has four for attention and two to think.
    """
    shapes = {"letter": (vocabulary, WIDTH), "place": (CONTEXT, WIDTH), "next": (vocabulary, WIDTH)}
    for i in range(LAYERS):
        shapes |= {f"{name}{i}": (WIDTH, WIDTH) for name in ("query", "key", "value", "output")}
        shapes |= {f"up{i}": (4 * WIDTH, WIDTH), f"down{i}": (WIDTH, 4 * WIDTH)}
    return {
        name: [[Val(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def product(matrix: list[list[Val]], x: list[Val]) -> list[Val]:
    """matrix @ x: each row weighs everything in x."""
    return [Val.dot(row, x) for row in matrix]


def total(x: list[Val], y: list[Val]) -> list[Val]:
    """x + y."""
    return [a + b for a, b in zip(x, y, strict=True)]


def normed(x: list[Val]) -> list[Val]:
    """x at unit size, so that layers neither shout nor whisper."""
    scale = (Val.dot(x, x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def softmax(x: list[Val]) -> list[Val]:
    """Any numbers made into shares of one. The largest is taken off first, lest a power overflows."""
    peak = max(a.data for a in x)
    powers = [(a - peak).exp() for a in x]
    whole = Val.sum(powers)
    return [power / whole for power in powers]


def predict(w: dict, letter: int, place: int, past: list) -> list[Val]:
    """The architecture: scores of all letters as the next. Each layer adds its key and value to its own in `past`."""
    x = normed(total(w["letter"][letter], w["place"][place]))
    for i, (keys, values) in enumerate(past):
        # Attention: what is asked here is compared with what each place so far has on offer, and answered accordingly.
        asking = normed(x)
        query = product(w[f"query{i}"], asking)
        keys.append(product(w[f"key{i}"], asking))
        values.append(product(w[f"value{i}"], asking))
        answers, size = [], WIDTH // HEADS
        for head in (slice(start, start + size) for start in range(0, WIDTH, size)):
            shares = softmax([Val.dot(query[head], key[head]) * size**-0.5 for key in keys])
            answers += [Val.dot(shares, column) for column in zip(*(value[head] for value in values), strict=True)]
        x = total(x, product(w[f"output{i}"], answers))
        # The MLP: what was gathered is thought over, at each place for itself.
        thoughts = [thought.relu() for thought in product(w[f"up{i}"], normed(x))]
        x = total(x, product(w[f"down{i}"], thoughts))
    return product(w["next"], x)


def surprise(w: dict, text: list[int]) -> Val:
    """The loss: minus the mean logarithm of how likely each letter seemed that came, in nats a letter."""
    places, past = min(CONTEXT, len(text) - 1), [([], []) for _ in range(LAYERS)]
    likely = [softmax(predict(w, text[place], place, past))[text[place + 1]] for place in range(places)]
    return -Val.sum([share.log() for share in likely]) / places


def learn(w: dict, texts: list[list[int]]) -> Iterator[float]:
    """The loop, and Adam: a text, its loss, each number's part in it, and a small step of each number against that.

    The step follows the mean of past gradients, and is the shorter the larger these were. Tells each loss.
    """
    numbers = [number for matrix in w.values() for row in matrix for number in row]
    means, squares = [0.0] * len(numbers), [0.0] * len(numbers)
    for step in range(STEPS):
        for number in numbers:
            number.grad = 0.0
        loss = surprise(w, texts[step % len(texts)])
        loss.backward()
        rate = RATE * (1 - step / STEPS)
        for i, number in enumerate(numbers):
            means[i] += (1 - 0.85) * (number.grad - means[i])
            squares[i] += (1 - 0.99) * (number.grad**2 - squares[i])
            # Both began at zero, which these make up for.
            mean, square = means[i] / (1 - 0.85 ** (step + 1)), squares[i] / (1 - 0.99 ** (step + 1))
            number.data -= rate * mean / (square**0.5 + 1e-8)
        yield loss.data


def dream(w: dict, letters: str, rng: random.Random) -> str:
    """The dream: a letter is drawn, believed, and followed by the next, until "no letter" is drawn."""
    said, past = [len(letters)], [([], []) for _ in range(LAYERS)]
    while len(said) <= CONTEXT:
        scores = predict(w, said[-1], len(said) - 1, past)
        likely = softmax([score / TEMPERATURE for score in scores])
        letter = rng.choices(range(len(scores)), weights=[share.data for share in likely])[0]
        if letter == len(letters):
            break
        said.append(letter)
    return "".join(letters[letter] for letter in said[1:])


def main(path: Path) -> None:
    """Learn from the lines of a file, and dream."""
    documents = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    rng = random.Random(42)
    rng.shuffle(documents)
    letters, texts = spell(documents)
    w = newborn(len(letters) + 1, rng)
    for step, loss in enumerate(learn(w, texts), start=1):
        print(f"step {step:4d} / {STEPS:4d} | loss {loss:.4f}", flush=True)
    for i in range(1, SAMPLES + 1):
        print(f"sample {i:2d}: {dream(w, letters, rng)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "names.txt")
