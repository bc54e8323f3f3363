"""How loops are compiled: once, by numba, and kept on disk for every later run.

A kernel inlines the functions that it calls, also those of other modules, and numba looks only at the kernel's own file
when it asks whether a cached version is still good. So the cache lies in a folder named by everything that the machine
code depends on: the sources of this package's kernels, as they lie on this disk, numba and LLVM, Python and the
processor. Change any of them and the next run finds an empty folder, compiles, and says so first.

In it each kernel has a folder of its own, sealed with the digest of what numba put there. Where the seal is absent, or
broken by whatever damages files, nothing of it is loaded: the kernel is compiled anew.
"""

import hashlib
import os
import platform
import shutil
import stat
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
import platformdirs
from filelock import FileLock
from llvmlite import binding
from numba.core import config

settings: Any = config  # its attributes come from the environment
SOURCES = ("compiled.py", "simd.py", "loops.py", "machine.py", "tape.py", "fused.py")

fragment = numba.njit(error_model="numpy")
"""Decorator: compile a function that kernels call, as a part of theirs."""


@cache
def cache_folder() -> Path:
    """Where this machine code belongs, created: in the user's cache folder, or in a temporary one if that can't be."""
    digest = hashlib.sha256()
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    told = settings.CPU_NAME, settings.CPU_FEATURES  # what to compile for in place of this processor
    digest.update(repr((numba.__version__, llvmlite.__version__, platform.python_version(), processor, told)).encode())
    for name in SOURCES:
        path = Path(__file__).parent / name
        # numba itself asks where a kernel's source lies and when it was written.
        digest.update(f"{path}{path.stat().st_mtime_ns}".encode() + path.read_bytes())
    for base in (partial(platformdirs.user_cache_path, "organism"), temporary_cache):
        try:
            folder = base() / "kernels" / digest.hexdigest()[:16]
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="organism-kernels-"))


def temporary_cache() -> Path:
    """A folder for temporary files where only this user can put machine code for this user to run.

    Raises OSError if its name is taken by what others own or may write to. Windows gives each user a folder anyway.
    """
    if not hasattr(os, "getuid"):
        return Path(tempfile.gettempdir()) / "organism-cache"
    folder = Path(tempfile.gettempdir()) / f"organism-cache-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} isn't this user's alone")
    return folder


def kernel(name: str, *arguments: Any) -> Callable:
    """Decorator: compile for `arguments`, numba types, with neither the GIL nor Python's errors, or load what is kept.

    `name` stands for the function and all that it's compiled for, as `name_of` spells it. Several processes may ask at
    once: one compiles, the others wait and load.
    """

    def decorate(function: Callable) -> Any:
        folder = cache_folder() / name
        with FileLock(f"{folder}.lock"):
            if state(name) != "kept":
                shutil.rmtree(folder, ignore_errors=True)
            # numba reads this setting when a function is decorated, and only then: it is put back at once.
            before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
            try:
                compiled = numba.njit(arguments, cache=True, nogil=True, error_model="numpy")(function)
            finally:
                settings.CACHE_DIR = before
            if state(name) != "kept":
                _seal(folder).write_text(_digest(folder))
        return compiled

    return decorate


def name_of(metabolism: str, dtype: str, lanes: int) -> str:
    """What the kernel of a metabolism is called that computes in vectors of so many numbers of a type."""
    return f"{metabolism}-{dtype}-{lanes}"


def state(name: str) -> str:
    """Whether the kernel of that name is "kept" on this machine, "damaged", or "absent": never compiled to the end."""
    folder = cache_folder() / name
    if not _seal(folder).exists():
        return "absent"
    return "kept" if _seal(folder).read_bytes() == _digest(folder).encode() else "damaged"


def _seal(folder: Path) -> Path:
    return folder.with_suffix(".sha256")


def _digest(folder: Path) -> str:
    """Of the names and contents of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.nb?")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def plain(array: np.ndarray, dtype: np.dtype | type) -> np.ndarray:
    """The array as kernels are compiled for: they take none that is read-only or has strides."""
    return np.require(array, dtype, ["C", "W"])
