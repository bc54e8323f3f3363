"""When things happened: a journal holds no clock times, but how long a search had gone on, and each training took.

From these every event gets a moment, in seconds of the run's own time; what happened between two known moments is
spread evenly over what was heard in between. A run is replayed by these moments.
"""

from collections.abc import Sequence

from organism.events import Died, Event, GenerationEnd, Judged, TrainEnd, TrainStart


def moments(events: Sequence[Event]) -> list[float]:
    """For each event the second at which it happened; never falling, the first being 0."""
    workers = max(1, getattr(next(iter(events), None), "workers", 1))
    times: list[float] = []
    now, began, searched = 0.0, 0, 0.0
    for i, event in enumerate(events):
        if isinstance(event, TrainStart | TrainEnd | GenerationEnd) or i == len(events) - 1:
            stretch = events[began : i + 1]
            duration = _duration(stretch, workers)
            if isinstance(event, GenerationEnd) and event.elapsed_seconds > searched:
                duration, searched = event.elapsed_seconds - searched, event.elapsed_seconds
            beats = sum(map(_is_beat, stretch))
            for other in stretch:
                now += duration / beats if _is_beat(other) and beats else 0.0
                times.append(now)
            began = i + 1
    return times


def _is_beat(event: Event) -> bool:
    """Whether time passes up to it: a step of a training, or its end."""
    ended = isinstance(event, TrainEnd | Died) or (isinstance(event, Judged) and not event.inherited)
    return ended or hasattr(event, "step")


def _duration(events: Sequence[Event], workers: int) -> float:
    """Seconds that a stretch of events took: a training's own, or those of many shared among the workers."""
    alone = sum(event.seconds for event in events if isinstance(event, TrainEnd))
    shared = sum(event.seconds for event in events if isinstance(event, Judged) and not event.inherited)
    return alone + shared / workers
