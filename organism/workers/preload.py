"""What the fork server imports before it forks: from then on a worker is born with everything in memory.

The variable ORGANISM_PRELOAD says what that is. Should the parent vanish meanwhile, this process ends with it.
"""

import gc
import os
import threading

import msgspec

from ..corpus import read_corpus
from ..errors import BadInput
from ..mind.training import prepare
from .worker import Setup, remember, silence


def _preload(setup: Setup) -> None:
    parent, done = os.getppid(), threading.Event()

    def watch() -> None:
        while not done.wait(0.25):
            if os.getppid() != parent:
                os._exit(1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        prepare(setup.metabolism, setup.dtype)
        corpus = read_corpus(setup.corpus)
        if corpus.sha256 == setup.corpus_sha256:
            remember(corpus)
    except BadInput:
        pass  # The workers are told again, and say it where it's heard.
    finally:
        done.set()
        watcher.join()
    # Workers share this memory until they write to it, and a garbage collection writes to every object that it visits.
    gc.freeze()


if "ORGANISM_PRELOAD" in os.environ:
    silence()
    if hasattr(os, "nice"):
        os.nice(10)
    _preload(msgspec.json.decode(os.environ["ORGANISM_PRELOAD"], type=Setup))
