"""How loops are compiled: once, by numba, and kept on disk for every later run.

A kernel inlines the functions that it calls, also those of other modules, and numba looks only at the kernel's own file
when it asks whether a cached version is still good. So the cache lives in a folder named by everything that the machine
code depends on: the sources of this package's kernels, as they lie on this disk, numba and LLVM, Python and the
processor. Change any of them and the next run finds an empty folder, compiles, and says so first.
"""

import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import llvmlite
import numba
import platformdirs
from llvmlite import binding
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

settings: Any = config  # its attributes come from the environment
SOURCES = ("compiled.py", "../adam.py", "matmul.py", "tape.py", "simd.py", "fused.py")


@cache
def cache_folder() -> Path:
    """Where this machine code belongs, created: in the user's cache folder, or in a temporary one if that can't be."""
    digest = hashlib.sha256()
    for part in (numba.__version__, llvmlite.__version__, platform.python_version()):
        digest.update(part.encode())
    digest.update(binding.get_host_cpu_name().encode() + binding.get_host_cpu_features().flatten().encode())
    # What numba was told to compile for, in place of this processor.
    digest.update(f"{settings.CPU_NAME} {settings.CPU_FEATURES}".encode())
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
    held = folder.lstat()
    if not stat.S_ISDIR(held.st_mode) or held.st_uid != os.getuid() or held.st_mode & 0o077:
        raise PermissionError(f"{folder} isn't this user's alone")
    return folder


def kernel(**options) -> Callable:
    """Decorator: compile without the GIL, with IEEE division, cached. `options` go to `numba.njit`."""

    def decorate(function: Callable) -> Callable:
        # numba reads this setting when a function is decorated, and only then: it is put back at once.
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(cache_folder())
        try:
            return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        finally:
            settings.CACHE_DIR = before

    return decorate


class Fragment(JITCodeLibrary):
    """Code that is only ever linked into a kernel: to optimise it or make machine code of it alone would be waste."""

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        return 0

    @property
    def codegen(self) -> Any:
        return self

    def set_env(self, name, env):
        """An environment is for callers in Python, of which there are none."""


class FragmentCompiler(Compiler):
    """numba's pipeline, ending in a `Fragment`."""

    def define_pipelines(self):
        library = Fragment(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        library.enable_object_caching()
        self.state.library = library
        return super().define_pipelines()


def fragment(function: Callable) -> Callable:
    """Decorator: compile a function that only kernels call as a part of theirs, which halves the time that it takes."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": FragmentCompiler}
    return numba.njit(nogil=True, error_model="numpy", **options)(function)


def is_ready(metabolism: str) -> bool:
    """Whether the kernels of `metabolism` were compiled on this machine before."""
    return (cache_folder() / f"{metabolism}.ready").exists()


def mark_ready(metabolism: str) -> None:
    """Remember that every kernel of `metabolism` has been compiled and stored."""
    (cache_folder() / f"{metabolism}.ready").touch()
