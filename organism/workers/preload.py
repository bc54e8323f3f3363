"""What the fork server imports before it forks: from then on a worker is born with everything in memory.

The variable ORGANISM_PRELOAD says what that is. Should the parent vanish meanwhile, this process ends too. The watch
over that begins before anything else is imported, because imports take their time too.
"""

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _no_longer_than_the_parent() -> Iterator[None]:
    """End this process if its parent does. No thread is left afterwards: a fork copies none."""
    parent, done = os.getppid(), threading.Event()

    def watch() -> None:
        while not done.wait(0.25):
            if os.getppid() != parent:
                os._exit(1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _preload(wanted: str) -> None:
    import msgspec

    from ..corpus import read_corpus
    from ..errors import BadInput
    from ..mind.metabolism.build import prepare
    from .perform import Setup
    from .worker import remember, silence

    silence()
    if hasattr(os, "nice"):
        os.nice(10)
    setup = msgspec.json.decode(wanted, type=Setup)
    try:
        prepare(setup.metabolism, setup.dtype)
        corpus = read_corpus(setup.corpus)
        if corpus.sha256 == setup.corpus_sha256:
            remember(corpus)
    except BadInput:
        pass  # The workers are told again, and say it where it's heard.


if "ORGANISM_PRELOAD" in os.environ:
    with _no_longer_than_the_parent():
        _preload(os.environ["ORGANISM_PRELOAD"])
    # Workers share this memory until they write to it, and a garbage collection writes to every object that it visits.
    gc.freeze()
