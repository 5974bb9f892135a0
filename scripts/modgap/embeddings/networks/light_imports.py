"""open_clip and torchvision, imported without torch's compiler.

Importing them imports ``torch._dynamo`` (torchvision and timm mark a few functions that it is to
leave alone), which takes three of the seven seconds of processor that a job needs before it begins.
Only what compiles needs it, and finds the real one. Hence, in place of ``import open_clip``,
``from modgap.embeddings.networks.light_imports import open_clip``.
"""

import contextlib
import sys
from types import ModuleType


def leave_as_it_is(function=None, *_, **__):
    """What stands for ``torch._dynamo.disable``, with or without arguments."""
    return function or leave_as_it_is


@contextlib.contextmanager
def compiler_left_out():
    """Imports within find a stand-in for ``torch._dynamo`` where it is not imported yet."""
    if "torch._dynamo" in sys.modules:
        yield
        return
    stand_in, utils = ModuleType("torch._dynamo"), ModuleType("torch._dynamo.utils")
    stand_in.__path__ = []  # a package without anything else
    stand_in.disable = leave_as_it_is
    stand_in.graph_break = lambda *_, **__: None  # called by optimisers in every step
    utils.is_compile_supported = lambda device: False
    sys.modules.update({module.__name__: module for module in (stand_in, utils)})
    try:
        yield
    finally:
        for module in (stand_in, utils):
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]


try:
    with compiler_left_out():
        import open_clip
        import torchvision
except (ImportError, AttributeError):  # one of them asks for more of the compiler
    import open_clip
    import torchvision

__all__ = ["compiler_left_out", "open_clip", "torchvision"]
