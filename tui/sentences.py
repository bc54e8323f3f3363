"""What happened, in words: one sentence for an event that a person would want to hear of, none for the others."""

from collections.abc import Mapping

from organism.corpus import FEW
from organism.events import (
    Abandoned,
    Act,
    Confirmed,
    Died,
    Event,
    EvolutionEnd,
    Front,
    Gathering,
    GenerationEnd,
    GenerationStart,
    GenomeWritten,
    Judged,
    Resumed,
    Run,
    Stage,
    TrainEnd,
    TrainStart,
    Worker,
)
from organism.view.words import counted

from .snapshot import Organism, Snapshot

REASONS = {
    "generations": "all generations have lived",
    "target": "the target is reached",
    "patience": "patience is at its end",
    "stopped": "you stopped it",
    "minutes": "time is up",
}

REGIMES = {
    "championship": "no progress for a while: a championship among the best",
    "cataclysm": "still no progress: a cataclysm, only the elite survives",
}


def sentence(event: Event, now: Snapshot, organisms: Mapping[int, Organism]) -> tuple[str, str] | None:
    """(text, kind) of what `event` means in the life that `now` shows, or None if it needs no words."""
    match event:
        case Run(workers=0):
            return f"It wakes on {event.corpus}.", ""
        case Run():
            return f"A run begins on {event.corpus}: objective {event.objective}, seed {event.seed}.", ""
        case Stage(stage="evolving") if now.run and (few := now.run.config.documents) < FEW:
            return f"The creature is evolving on {counted(few, 'document')}: its fitness is mostly noise.", "bad"
        case Stage():
            return f"The creature is {event.stage}: “{event.saying}”.", event.stage
        case TrainStart():
            return f"It starts to learn: {event.params:,} parameters, {counted(event.documents, 'document')}.", ""
        case TrainEnd(validation_loss=None):
            return f"It has learnt; its last training loss is {event.loss:.4f}.", "good"
        case TrainEnd():
            return f"It has learnt: {event.validation_loss:.4f} nats per token on names it never saw.", "good"
        case GenerationStart():
            head = f" of {event.head}" if event.head else ""
            regime = f"; {REGIMES[event.regime]}" if event.regime in REGIMES and event.regime != now.regime else ""
            return f"Generation {event.generation}{head} is born: {event.population} organisms{regime}.", ""
        case Judged(inherited=False):
            return _judged(event, now, organisms)
        case Died():
            return f"#{event.id} died: {event.reason}.", "bad"
        case GenerationEnd():
            best, mean = now.figure(event.best, event.head), now.figure(event.mean, event.head)
            head = f" of {event.head}" if event.head else ""
            species = f"{event.species} species" if event.species > 1 else "a monoculture"
            return (
                f"Generation {event.generation}{head} is over: best {best:.4f}, mean {mean:.4f}, {species}.",
                "evolving",
            )
        case Gathering():
            return f"Gathering {event.cycle}: the heads exchange their champions.", "evolving"
        case Abandoned():
            reason = REASONS.get(event.reason, event.reason)
            return f"Generation {event.generation} is abandoned: {reason}.", "bad"
        case Front():
            return f"{len(event.ids)} organisms are surpassed by none; #{event.knee} is at the knee.", "evolving"
        case Confirmed():
            return (
                f"#{event.id} is confirmed: {event.validation_loss.mean:.4f} ± {event.validation_loss.sd:.4f}.",
                "good",
            )
        case EvolutionEnd():
            reason = REASONS.get(event.reason, event.reason)
            return f"Evolution ends, {reason}: #{event.champion} wins, test loss {event.test_loss:.4f}.", "good"
        case GenomeWritten():
            return f"The creature rewrites its own DNA: {event.path}.", "evolved"
        case Resumed():
            return "The run goes on where it was interrupted.", "act"
        case Worker(state="compiling"):
            return "The kernels are being compiled; this happens once.", ""
        case Worker(state="died" | "stuck"):
            return f"Worker {event.worker} {_was(event.state)} ({event.reason}) and is replaced.", "bad"
        case Act():
            return _act(event), "act"
    return None


def _judged(event: Judged, now: Snapshot, organisms: Mapping[int, Organism]) -> tuple[str, str] | None:
    """Only a new leader and a second look at it are worth a sentence."""
    organism = organisms.get(event.id)
    if organism is None:
        return None
    leader = now.leader.judged if now.leader else None
    if (
        event.replicate != 1
        and now.leader
        and leader
        and (now.leader.head != organism.head or event.mean_fitness <= leader.mean_fitness)
    ):
        return None
    parents = " and ".join(f"#{parent}" for parent in organism.parents)
    who = f"#{event.id}, {organism.origin}" + (f" of {parents}" if parents else "")
    figure = now.figure(event.mean_fitness, organism.head)
    if event.replicate == 1:
        return f"{who}, was trained again: {figure:.4f} on average.", ""
    if event.replicate > 1:
        return None
    return f"{who}, leads: {figure:.4f}.", "good"


def _was(state: str) -> str:
    return "was stuck" if state == "stuck" else "died"


def _act(event: Act) -> str:
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
