"""How the six tabs look, in every stage of the recorded life: text at three sizes, colours in the dark and the light.

Nothing in these pictures depends on a clock, a machine or a draw. When the face is meant to change: --snapshot-update.
"""

import asyncio

import pytest
from screen import closed, recorded_home, replaying, screen_colours, screen_text, until

from organism import events

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (120, 40), (200, 60)]
THEMES = ["organism-dark", "organism-light", "organism-ansi"]


def is_formless(event) -> bool:
    return isinstance(event, events.TrainStep) and event.step == 500


def is_searching(event) -> bool:
    return isinstance(event, events.Progress) and event.id == 20


def has_become(event) -> bool:
    return isinstance(event, events.Dream) and "anghar" in event.names


STAGES = {"primordial": is_formless, "evolving": is_searching, "evolved": has_become}


@pytest.mark.parametrize("stage", STAGES)
def test_the_tabs_look_as_they_did(tmp_path, monkeypatch, snapshot, stage):
    monkeypatch.chdir(tmp_path)
    app = replaying(recorded_home(tmp_path, "names.txt"), STAGES[stage])
    texts: dict[str, str] = {}
    colours: dict[str, dict[str, int]] = {}

    async def look(pilot, note):
        for tab in app.tabs:
            await pilot.press(str(app.tabs.index(tab) + 1))
            await app.workers.wait_for_complete()
            await pilot.pause()
            note(tab.TITLE)

    async def go():
        async with app.run_test(size=SIZES[0]) as pilot:
            await until(app, lambda: app.controller.snapshot.run)
            assert app.controller.snapshot.stage == stage
            for size in SIZES:
                await pilot.resize_terminal(*size)
                await look(pilot, lambda title: texts.update({f"{title} {size}": screen_text(app)}))  # noqa: B023
            await pilot.resize_terminal(120, 40)
            for theme in THEMES:
                app.theme = theme
                await look(pilot, lambda title: colours.update({f"{title} {theme}": screen_colours(app)}))  # noqa: B023
            await closed(app)

    asyncio.run(go())
    assert "\n\n".join(texts.values()) == snapshot(name="text")
    assert colours == snapshot(name="colours")
