"""open_clip and torchvision without torch's compiler, and with it where something compiles."""

import subprocess
import sys
import textwrap
from pathlib import Path

import modgap

SCRIPTS = Path(modgap.__file__).parents[1]


def run_python(code):
    """What a new process prints: this one has imported the compiler long ago."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=SCRIPTS,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_models_come_without_the_compiler_and_what_compiles_finds_it():
    printed = run_python("""
        import sys
        from modgap.embeddings.networks.light_imports import open_clip, torchvision
        import torch
        print("torch._dynamo" in sys.modules, "torch._dynamo.utils" in sys.modules)
        compiled = torch.compile(lambda x: 2 * x + 1, backend="eager")
        print(compiled(torch.ones(())).item(), hasattr(torch._dynamo, "explain"))
        boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
        print(torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), [boxes], 2).mean().item())
    """)
    assert printed == ["False", "False", "3.0", "True", "1.0"]


def test_an_optimiser_steps_without_the_compiler_as_with_it():
    printed = run_python("""
        import contextlib, sys
        import torch
        from modgap.embeddings.networks.light_imports import compiler_left_out
        for around in (compiler_left_out, contextlib.nullcontext):
            with around():
                weights = torch.nn.Parameter(torch.arange(4.0))
                for kind in (torch.optim.Adam, torch.optim.AdamW):
                    optimizer = kind([weights], lr=0.1, fused=True)
                    for _ in range(3):
                        optimizer.zero_grad()
                        weights.pow(2).sum().backward()
                        optimizer.step()
                print("torch._dynamo.utils" in sys.modules, *weights.tolist())
    """)
    assert printed[1:5] == printed[6:]


def test_what_asks_for_more_of_the_compiler_fails_and_then_finds_it():
    printed = run_python("""
        from modgap.embeddings.networks.light_imports import compiler_left_out
        try:
            with compiler_left_out():
                from torch._dynamo.utils import counters
        except ImportError:
            print("failed")
        from torch._dynamo.utils import counters
        print(counters is not None)
    """)
    assert printed == ["failed", "True"]
