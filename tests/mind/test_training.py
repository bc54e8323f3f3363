"""Training and dreaming: the published runs to the digit, seeds, divergence, and the weights that are kept."""

import itertools
import random

import msgspec
import numpy as np
import pytest
from processes import Running

from organism.corpus import parse_corpus, read_corpus
from organism.errors import BadInput
from organism.events import Dream, TrainEnd, TrainStart, TrainStep
from organism.genes import PRIMORDIAL
from organism.genome import Genome, Provenance
from organism.home import Home
from organism.life.creature import Lesson, train
from organism.life.creature import dream as dream_at_home
from organism.life.genomes import read_preset, write_genome
from organism.mind.metabolism import tape, windows
from organism.mind.sampling import dream, dreams
from organism.mind.training import Diverged, Training
from organism.mind.weights import load_weights, save_weights

MICROGPT_NAMES = (
    "kamon ann karai jaire vialan karia yeran anna areli kaina "
    "konna keylen liole alerin earan lenne kana lara alela anton"
)
# What the published program prints of `seed 7, n_embd 8, n_head 2, n_layer 2, block_size 8, 200 steps`.
SEVEN = {1: 3.4332, 2: 3.1984, 100: 2.4066, 200: 2.2437}


@pytest.fixture(scope="module")
def names(shared):
    return read_corpus(str(shared / "data" / "names.txt"))


@pytest.fixture(scope="module")
def small(tiny):
    return read_corpus(str(tiny / "tiny.txt"))


def published(corpus, preset="microgpt", seed=42, metabolism="tape", **genes):
    """(parameters, loss of each step, names) of a preset with some constants changed."""
    lesson = Lesson(msgspec.structs.replace(read_preset(preset).genes, **genes), seed, metabolism, every=True)
    events = list(train(lesson, corpus))
    losses = [event.loss for event in events if isinstance(event, TrainStep)]
    (start,) = [event for event in events if isinstance(event, TrainStart)]
    return start.params, losses, events[-1].names


@pytest.mark.kernels
@pytest.mark.parametrize("metabolism", ["tape", "fused"])
def test_microgpt_is_reproduced_digit_for_digit(names, metabolism):
    params, losses, dreamt = published(names, metabolism=metabolism)
    assert params == 4_192
    assert len(losses) == 1_000
    assert (f"{losses[0]:.4f}", f"{losses[-1]:.4f}") == ("3.3660", "2.6497")
    assert " ".join(dreamt) == MICROGPT_NAMES


@pytest.mark.parametrize("metabolism", ["tape", "fused"])
def test_the_first_microgpt_is_reproduced_digit_for_digit(names, metabolism):
    params, losses, dreamt = published(names, "microgpt-first", metabolism=metabolism)
    assert params == 4_064
    assert len(losses) == 500
    assert [f"{losses[i]:.4f}" for i in (0, 1, -1)] == ["3.3630", "3.2917", "2.0859"]
    assert dreamt[:2] == ("kalia", "ameli")


@pytest.mark.slow
@pytest.mark.parametrize("metabolism", ["val", "tape", "fused"])
@pytest.mark.parametrize(
    ("preset", "first", "last", "names"),
    [
        ("microgpt", ["3.3660"], "2.6497", MICROGPT_NAMES.split()[:2]),
        ("microgpt-first", ["3.3630", "3.2917"], "2.0859", ["kalia", "ameli"]),
    ],
)
def test_the_published_figures_come_of_genome_files(shared, tmp_path, preset, first, last, names, metabolism):
    path = tmp_path / "published.toml"
    path.write_text(read_preset(preset).toml())
    flags = ("--genome", path, "--all", "--data", shared / "data" / "names.txt", "--metabolism", metabolism)
    told = Running("train", *flags, "--home", tmp_path)
    losses = []
    for event in told.events():
        if isinstance(event, TrainStep):
            losses.append(event.loss)
            if metabolism == "val" and len(losses) == len(first):
                told.process.kill()  # the rest takes minutes
    assert [f"{loss:.4f}" for loss in losses[: len(first)]] == first
    if metabolism != "val":
        assert f"{losses[-1]:.4f}" == last
        assert list(told.seen[-1].names[:2]) == names


def test_other_constants_give_what_the_published_program_gives_with_them(names):
    _, losses, dreamt = published(names, seed=7, n_embd=8, n_head=2, n_layer=2, block_size=8, num_steps=200)
    for step, loss in SEVEN.items():
        assert f"{losses[step - 1]:.4f}" == f"{loss:.4f}"
    assert dreamt[-2:] == ("ehen", "yedi")


def test_a_context_longer_than_any_document_dreams_as_the_published_program_does(names):
    _, losses, dreamt = published(names, seed=5, n_head=1, block_size=64, num_steps=30, mlp_ratio=1, learning_rate=0.03)
    assert f"{losses[-1]:.4f}" == "1.9597"
    assert dreamt[-3:] == ("mlaly", "laala", "eadli")


def test_training_in_slices_is_training_at_once(small):
    genes = msgspec.structs.replace(PRIMORDIAL, num_steps=30, batch_size=3)
    whole, sliced = Training(genes, small, 5), Training(genes, small, 5)
    losses = whole.advance(30).tolist()
    assert [loss for size in (1, 7, 13, 50) for loss in sliced.advance(size)] == losses
    assert np.array_equal(whole.weights, sliced.weights)
    assert whole.done
    assert sliced.done


def test_a_short_training_encodes_what_it_reaches_and_learns_what_it_would_among_all(small):
    genes = msgspec.structs.replace(PRIMORDIAL, num_steps=20, batch_size=2)
    short, among_all = Training(genes, small, 5), Training(genes, small, 5)
    assert len(short.starts) - 1 == 40 < len(short.documents)
    among_all.tokens, among_all.starts = small.encode(among_all.documents)
    assert np.array_equal(short.advance(20), among_all.advance(20))
    assert short.trained_tokens == among_all.trained_tokens


@pytest.mark.slow
@pytest.mark.parametrize("metabolism", ["val", "tape", "fused"])
def test_a_training_that_is_done_takes_no_more_steps(small, metabolism):
    training = Training(msgspec.structs.replace(PRIMORDIAL, num_steps=2), small, 5, metabolism)
    last = training.advance(5)[-1]
    assert training.advance(5).tolist() == []
    assert (training.step, training.last_loss) == (2, last)


def test_how_long_slices_take_changes_no_bit_of_what_is_told(small, monkeypatch):
    genes = msgspec.structs.replace(PRIMORDIAL, num_steps=600, batch_size=2)
    told = []
    for duration in (1e-9, 0.004, 1.0):
        now = itertools.count(0.0, duration)
        monkeypatch.setattr("organism.mind.training.time.perf_counter", lambda now=now: next(now))
        told.append(list(Training(genes, small, 5).progress()))
    assert told[0] == told[1] == told[2]


def test_the_seed_and_nothing_else_decides(small):
    genes = msgspec.structs.replace(PRIMORDIAL, num_steps=5)
    random.seed(1)
    first = Training(genes, small, 5).advance(5)
    random.seed(2)
    again, other = Training(genes, small, 5).advance(5), Training(genes, small, 6).advance(5)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.kernels
@pytest.mark.parametrize("metabolism", ["val", "tape", "fused"])
def test_a_loss_that_is_no_number_ends_the_creature(small, metabolism):
    training = Training(PRIMORDIAL, small, 1, metabolism)
    training.advance(2)
    training.weights[:] = np.inf
    with pytest.raises(Diverged) as death:
        training.advance(3)
    assert death.value.step == 3


def test_the_tokens_that_a_training_learns_from_are_counted_past_the_end_of_the_corpus():
    corpus = parse_corpus(b"a\nab\nabcdef\n", "three")
    genes = msgspec.structs.replace(PRIMORDIAL, num_steps=2, batch_size=2, block_size=4)
    training = Training(genes, corpus, 1, documents=corpus.documents)
    lengths = {"a": 2, "ab": 3, "abcdef": 4}
    order = [*training.documents, training.documents[0]]
    assert training.trained_tokens == sum(lengths[document] for document in order)


def test_dreams_slide_past_the_context_and_stop_at_the_limit(small):
    training = Training(msgspec.structs.replace(PRIMORDIAL, block_size=3, num_steps=1, learning_rate=1e-6), small, 1)
    training.advance(1)
    creature = training.creature()
    texts = dreams(creature, 100, random.Random(1), temperature=5.0)
    assert max(len(dreamt.text) for dreamt in texts) > 3
    assert all(len(dreamt.text) <= small.longest + 1 for dreamt in texts)
    assert all(dreamt.ended or len(dreamt.text) == small.longest + 1 for dreamt in texts)
    assert dream(creature, random.Random(1), limit=0).text == ""


class Spelling:
    """A mind that has every text spelt out to it letter by letter."""

    def __init__(self, mind):
        self.mind = mind

    def logits(self, weights, tokens, position):
        return [self.mind.logits(weights, [token], at) for at, token in enumerate(tokens, position)][-1]


@pytest.mark.parametrize("metabolism", ["tape", "fused"])
def test_a_letter_past_the_context_takes_one_reading_and_is_what_letter_by_letter_gives(small, metabolism, monkeypatch):
    training = Training(msgspec.structs.replace(PRIMORDIAL, block_size=5, num_steps=60), small, 1, metabolism)
    training.advance(60)
    creature, replay, readings = training.creature(), training.mind._run, itertools.count()

    def counted(*arguments):
        next(readings)
        return replay(*arguments)

    monkeypatch.setattr(training.mind, "_run", counted)
    ticks = itertools.count()
    texts = dreams(creature, 40, random.Random(2), temperature=2.0, limit=30, tick=lambda: next(ticks))
    letters = sum(len(dreamt.text) + dreamt.ended for dreamt in texts)
    assert next(readings) == letters
    assert next(ticks) == 40 + sum(max(0, len(dreamt.text) + dreamt.ended - 5) for dreamt in texts)
    creature.mind = Spelling(training.mind)
    assert dreams(creature, 40, random.Random(2), temperature=2.0, limit=30) == texts


@pytest.mark.parametrize("metabolism", ["tape", "fused"])
def test_a_loss_is_the_same_however_finely_it_is_sliced_and_looks_up_between(small, metabolism, monkeypatch):
    creature = Training(msgspec.structs.replace(PRIMORDIAL, block_size=4), small, 1, metabolism).creature()
    losses, looks = [], []
    for work in (1 << 60, 1_000_000, 1):
        monkeypatch.setattr(windows, "WORK", work)
        ticks = itertools.count()
        losses.append(creature.loss_on(small.split.test, lambda ticks=ticks: next(ticks)))
        looks.append(next(ticks))
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-12)
    readings = sum(max(1, len(document) + 2 - 4) for document in small.split.test)
    assert looks[0] == 1 < looks[1] < looks[2] == readings


def test_a_prompt_opens_every_dream_and_conditions_it(small):
    training = Training(msgspec.structs.replace(PRIMORDIAL, num_steps=200), small, 1)
    training.advance(200)
    creature = training.creature()
    texts = [dreamt.text for dreamt in dreams(creature, 30, random.Random(3), prompt="mi")]
    assert all(text.startswith("mi") for text in texts)
    tokens = [small.boundary, *map(small.letters.index, "mi")]
    logits = creature.mind.logits(creature.weights, tokens, 0)
    likeliest = small.letters[int(np.argmax(logits[: small.boundary]))]
    colder = [dreamt.text for dreamt in dreams(creature, 20, random.Random(3), temperature=1e-3, prompt="mi")]
    assert len(set(colder)) == 1
    assert colder[0] == "mi" or colder[0][2] == likeliest


def test_a_creature_too_large_for_the_tape_dreams_by_other_means(small, tiny, tmp_path, monkeypatch):
    home = Home(tmp_path)
    genes = msgspec.structs.replace(PRIMORDIAL, n_embd=8, num_steps=50)
    provenance = Provenance(corpus=str(tiny / "tiny.txt"))
    write_genome(home, Genome("evolved", genes, provenance))
    told, names = [], []
    for most in (tape.MAX_BYTES, 1_000, 1_000):
        monkeypatch.setattr(tape, "MAX_BYTES", most)
        names.append(dream_at_home(home, 20, seed=1, say=told.append))
        if most == 1_000:
            home.weights.unlink()
    assert names[0] == names[1] == names[2]
    assert sum("training it first" in line for line in told) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("activation", "squared_relu"),
        ("decay", "cosine"),
        ("beta1", 0.9),
        ("beta2", 0.9),
        ("init_std", 0.2),
        ("residual_std", 0.0),
    ],
)
def test_a_trait_changes_what_is_learnt_and_stays_with_the_weights(small, tiny, tmp_path, trait, value):
    common = msgspec.structs.replace(PRIMORDIAL, num_steps=60)
    genes = msgspec.structs.replace(common, **{trait: value})
    ours, other = Training(common, small, 42), Training(genes, small, 42)
    assert not np.array_equal(ours.advance(60), other.advance(60))
    home = Home(tmp_path)
    write_genome(home, Genome("evolved", genes, Provenance(corpus=str(tiny / "tiny.txt"))))
    list(train(Lesson(genes), small, home))
    header, weights = load_weights(home.weights) or pytest.fail("no weights were kept")
    assert header.genes == genes
    assert np.array_equal(weights, other.weights)
    names = [dreamt.text for dreamt in dreams(other.creature(), 20, random.Random(1))]
    assert dream_at_home(home, 20, seed=1, say=pytest.fail) == names


def test_a_training_without_preset_reports_held_out_losses(small):
    events = list(train(Lesson(msgspec.structs.replace(PRIMORDIAL, num_steps=20)), small))
    (end,) = [event for event in events if isinstance(event, TrainEnd)]
    assert end.validation_loss
    assert end.test_loss
    assert isinstance(events[-1], Dream)
    assert len(events[-1].names) == 20


def test_weights_come_back_as_they_were_kept(small, tmp_path):
    training = Training(msgspec.structs.replace(PRIMORDIAL, num_steps=3), small, 1)
    training.advance(3)
    path = tmp_path / "weights.npz"
    assert load_weights(path) is None
    save_weights(path, training.creature(), 1)
    kept = load_weights(path)
    assert kept
    header, weights = kept
    assert header.genes == training.genes
    assert np.array_equal(weights, training.weights)
    whole = path.read_bytes()
    np.save(tmp_path / "plain.npy", weights)
    garbled, plain = whole.replace(b"learning_rate", b"lerning_rate_"), (tmp_path / "plain.npy").read_bytes()
    # The directory at the end of an archive says how a member is packed, and whether it is encrypted.
    packed, encrypted = whole.rindex(b"PK\1\2") + 10, whole.rindex(b"PK\1\2") + 8
    unknown = whole[:packed] + b"\x63" + whole[packed + 1 :]
    secret = whole[:encrypted] + b"\x01" + whole[encrypted + 1 :]
    for damaged in (b"", whole[:100], whole[:-30], b"not a zip file", garbled, plain, unknown, secret):
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match="weights file"):
            load_weights(path)
    training.weights[3] = np.nan
    save_weights(path, training.creature(), 1)
    with pytest.raises(BadInput, match="aren't finite"):
        load_weights(path)


@pytest.mark.kernels
@pytest.mark.parametrize("metabolism", ["tape", "fused"])
def test_a_creature_whose_weights_are_too_large_to_dream_with_says_so(small, metabolism):
    creature = Training(PRIMORDIAL, small, 1, metabolism).creature()
    creature.weights[:] = 1e300
    with pytest.raises(BadInput, match="can't dream"):
        dream(creature, random.Random(1))


@pytest.mark.kernels
@pytest.mark.parametrize("metabolism", ["val", "tape", "fused"])
def test_weights_too_large_to_be_squared_are_no_silent_guess(small, metabolism):
    training = Training(PRIMORDIAL, small, 1, metabolism)
    training.weights[:] = 1e200
    with pytest.raises(Diverged):
        training.advance(1)


@pytest.mark.kernels
@pytest.mark.parametrize(
    ("metabolism", "dtype", "size"),
    [("val", "float64", 1e200), ("tape", "float64", 1e200), ("fused", "float64", 1e200), ("fused", "float32", 1e20)],
)
def test_weights_too_large_to_be_squared_end_a_training_wherever_they_stand(small, metabolism, dtype, size):
    genes = msgspec.structs.replace(PRIMORDIAL, n_embd=4, n_head=2, num_steps=3)
    shapes = Training(genes, small, 1, "tape").architecture.shapes()
    for matrix in shapes:
        training = Training(genes, small, 1, metabolism, dtype)
        start = 0
        for name, (rows, columns) in shapes.items():
            if name == matrix:
                training.weights[start : start + rows * columns] *= size / 0.08
            start += rows * columns
        with pytest.raises(Diverged):
            training.advance(3)


@pytest.mark.kernels
@pytest.mark.parametrize("metabolism", ["val", "tape", "fused"])
def test_a_training_whose_last_step_left_no_numbers_has_failed(small, metabolism, monkeypatch):
    training = Training(msgspec.structs.replace(PRIMORDIAL, num_steps=3), small, 1, metabolism)
    monkeypatch.setattr(training, "_decay", lambda progress: np.where(progress > 0.5, np.inf, 1.0))
    with pytest.raises(Diverged) as death:
        training.advance(3)
    assert death.value.step == 3
