"""One sentence for every event, the same for the log of the screen and for what is printed."""

import pytest
from recorded import NAMES, Recording

from organism import events
from organism.story import Story
from organism.view.printer import lines
from organism.view.sentences import DETAIL, sentence

RARE = (
    events.Extinct(generation=2),
    events.Worker(worker=1, state="stuck", reason="silent"),
    events.Worker(worker=2, state="died", reason="killed"),
    events.Worker(worker=0, state="compiling"),
    events.Act(verb="pause"),
)
SMALL = (events.Born, events.Progress, events.TrainStep, events.Dream)


def told(name: str):
    """Each event of a recorded run, and rare ones after them, with the story that was told it last."""
    story = Story()
    for event in (*Recording(name).events, *RARE):
        story.tell(event)
        yield event, story


def test_every_event_has_a_sentence_and_what_is_not_small_is_logged():
    seen, logged = set(), set()
    for name in NAMES:
        for event, story in told(name):
            text, kind = sentence(event, story)
            assert text.endswith((".", "”.")), event
            seen.add(type(event))
            logged |= {type(event)} - (set() if kind != DETAIL else {type(event)})
    assert seen == set(events.KINDS)
    assert logged == seen - set(SMALL)


@pytest.mark.parametrize("name", ["acts", "life"])
def test_what_is_logged_is_printed_unless_a_table_says_it(name):
    for event, story in told(name):
        text, kind = sentence(event, story)
        printed = [line.strip() for line in lines(event, story)]
        if isinstance(event, events.GenerationStart | events.Judged | events.GenerationEnd):
            assert not any(text in line for line in printed)
        else:
            assert any(text in line for line in printed) == (kind != DETAIL)


def test_who_leads_and_who_is_looked_at_again_is_told(tmp_path):
    said = [sentence(event, story) for event, story in told("loss") if isinstance(event, events.Judged)]
    assert any(text.endswith("on average.") for text, _ in said)
    leads = [text for text, kind in said if kind == "good"]
    assert leads
    assert all(", leads: " in text for text in leads)
