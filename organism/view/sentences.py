"""What happened, in words: one sentence for every event, for the log of a screen and for what is printed."""

import math

from .. import events
from ..corpus import FEW
from ..story import Story
from .words import counted, describe

DETAIL = "detail"

REASONS = {
    "generations": "all generations have lived",
    "target": "the target is reached",
    "patience": "patience is at its end",
    "stopped": "you stopped it",
    "minutes": "time is up",
}

REGIMES = {
    "championship": "; no progress for a while: a championship among the best",
    "cataclysm": "; still no progress: a cataclysm, only the elite survives",
}


def sentence(event: events.Event, story: Story) -> tuple[str, str]:
    """(text, kind) of `event`, which `story` was told last.

    `kind` is what it speaks of: the stage that begins, the `search`, an `act`, `good`, `bad`, or nothing special; or
    that it's a `detail`, too small for a log.
    """
    match event:
        case events.Run(workers=0):
            return f"It wakes on {event.corpus}.", ""
        case events.Run(config=config):
            asked = (
                f"A run begins on {event.corpus}: objective {event.objective}, seed {event.seed}, "
                f"{config.generations} generations of {config.population}, space {config.space}, "
                f"{config.metabolism} {config.dtype}, {counted(event.workers, 'worker')}; "
                f"bigram counts reach {config.bigram_loss:.4f}."
            )
            return asked, ""
        case events.Stage(stage="evolving") if story.run and (few := story.run.config.documents) < FEW:
            return f"The creature is evolving on {counted(few, 'document')}: its fitness is mostly noise.", "bad"
        case events.Stage():
            return f"The creature is {event.stage}: “{event.saying}”.", event.stage
        case events.TrainStart():
            return f"It starts to learn: {event.params:,} parameters, {describe(event.genes)}.", ""
        case events.TrainStep():
            return f"After step {event.step} its loss is {event.loss:.4f}.", DETAIL
        case events.TrainEnd(validation_loss=None):
            return f"It has learnt; its last training loss is {event.loss:.4f}.", "good"
        case events.TrainEnd():
            losses = f"validation loss {event.validation_loss:.4f}, test loss {event.test_loss or math.nan:.4f}"
            return f"It has learnt in {event.seconds:.1f} s: {losses}.", "good"
        case events.Dream():
            return f"It dreams: {' '.join(event.names)}.", DETAIL
        case events.GenerationStart():
            regime = REGIMES.get(event.regime, "")
            return f"{_generation(event)} is born: {event.population} organisms{regime}.", ""
        case events.Born():
            return f"{_who(event.id, story)} is born: {describe(event.genes)}.", DETAIL
        case events.Progress():
            return f"#{event.id} after step {event.step}: loss {event.loss:.4f}.", DETAIL
        case events.Judged():
            return _judged(event, story)
        case events.Died():
            return f"#{event.id} died: {event.reason}.", "bad"
        case events.GenerationEnd():
            best, mean = story.figure(event.best, event.head), story.figure(event.mean, event.head)
            species = f"{event.species} species" if event.species > 1 else "a monoculture"
            return f"{_generation(event)} is over: best {best:.4f}, mean {mean:.4f}, {species}.", "search"
        case events.Gathering():
            return f"Gathering {event.cycle}: the heads exchange their champions.", "search"
        case events.Front():
            return f"{len(event.ids)} organisms are surpassed by none; #{event.knee} is at the knee.", "search"
        case events.Abandoned():
            return f"Generation {event.generation} is abandoned: {REASONS.get(event.reason, event.reason)}.", "bad"
        case events.Confirmed():
            return f"#{event.id} is confirmed: {_confirmed(event, story)}.", "good"
        case events.EvolutionEnd():
            reason = REASONS.get(event.reason, event.reason)
            effort = f"{counted(event.evaluations, 'training')} in {event.seconds:.1f} s"
            return f"Evolution ends, {reason}: #{event.champion} is the champion of {effort}.", "good"
        case events.Extinct():
            return f"Nothing lives any more in generation {event.generation}: the run ends without a champion.", "bad"
        case events.GenomeWritten():
            return f"The creature rewrites its own DNA, {event.path}: {describe(event.genes)}.", "good"
        case events.Resumed():
            return "The run goes on where it was interrupted.", "act"
        case events.Worker(state="compiling"):
            return "The kernels are being compiled; this happens once.", ""
        case events.Worker(state="started"):
            return f"Worker {event.worker} has started.", DETAIL
        case events.Worker():
            was = "was stuck" if event.state == "stuck" else event.state
            return f"Worker {event.worker} {was} ({event.reason}) and is replaced.", "bad"
        case events.Act():
            return _act(event), "act"
    raise TypeError(f"no event: {event!r}")


def _generation(event: events.GenerationStart | events.GenerationEnd) -> str:
    return f"Generation {event.generation}" + (f" of {event.head}" if event.head else "")


def _who(id: int, story: Story) -> str:
    """An organism and its descent."""
    organism = story.organisms.get(id)
    if organism is None:
        return f"#{id}"
    parents = " and ".join(f"#{parent}" for parent in organism.parents)
    return f"#{id}, {organism.origin}" + (f" of {parents}" if parents else "")


def _judged(event: events.Judged, story: Story) -> tuple[str, str]:
    """Only a new leader and a second look at it are worth a place in a log."""
    who, fitness = _who(event.id, story), story.figure(event.mean_fitness, event.head)
    if event.replicate == 1 and not event.inherited:
        return f"{who}, was trained again: {fitness:.4f} on average.", ""
    if event.replicate == 0 and event.id == story.leading and not event.inherited:
        return f"{who}, leads: {fitness:.4f}.", "good"
    return f"{who}, is judged: {fitness:.4f}.", DETAIL


def _confirmed(event: events.Confirmed, story: Story) -> str:
    """The honest losses and the genes, and before them what was selected for, where that is something else."""
    loss, aim = event.validation_loss, ""
    if story.objective != "loss":
        aim = f"{story.objective} {story.figure(event.fitness.mean):.4f} ± {event.fitness.sd:.4f}, "
    return (
        f"{aim}validation loss {loss.mean:.4f} ± {loss.sd:.4f} (n = {loss.n}), test loss {event.test_loss:.4f}, "
        f"{describe(event.genes)}"
    )


def _act(event: events.Act) -> str:
    whom = f" #{event.id}" if event.id is not None else ""
    return {
        "pause": "You paused the workers.",
        "resume": "You let the workers go on.",
        "stop": "You asked it to stop after this generation.",
        "cull": f"You culled{whom}.",
        "bless": f"You blessed{whom}: it will be an elite of the next generation.",
        "immigrant": "You called an immigrant into the next generation.",
        "extend": f"You let it go on to generation {event.generations}.",
    }.get(event.verb, f"You did this: {event.verb}{whom}.")
