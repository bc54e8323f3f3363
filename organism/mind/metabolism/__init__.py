"""The engine room: three ways to do a creature's arithmetic, which agree.

build.py names them. graph.py is made of `Val`s, the truth. tape.py records the same scalar program once and replays it;
fused.py has its gradient derived by hand. These two are kernels: machine.py is what they have in common, loops.py the
loops that they share, windows.py how held-out text is cut, simd.py the vectors that they compute in, compiled.py how
they are compiled and kept.
"""
