"""A worker hands on its arguments, and an error of the user's in one line."""

import json
import os
import subprocess
import sys

import torch

from modgap.training import worker


def test_arguments_reach_the_training(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    given = []
    monkeypatch.setattr(worker, "train", lambda *paths, **settings: given.append((paths, settings)))
    inputs, outputs = {"pixels": ["a.npy"]}, {"weights": "w"}
    settings = {"device": "cpu", "seed": 3, "recipe": {"compile": False}}
    worker.train_here({"inputs": inputs, "outputs": outputs, "settings": settings})
    ((paths, passed),) = given
    assert paths == (inputs, outputs)
    assert passed.pop("place").first
    assert passed == settings


def test_an_input_error_is_left_in_a_file(tmp_path, root):
    recipe = {"temperature": {"kind": "fixed", "tau": 0}, "compile": False}
    settings = {"device": "cpu", "name": "r", "recipe": recipe}
    unused = ("model_name", "model", "seed", "checkpoint_every", "evaluation")
    arguments = {"inputs": {}, "outputs": {}, "settings": {**settings, **dict.fromkeys(unused)}}
    job = tmp_path / "job.json"
    job.write_text(json.dumps(arguments))
    done = subprocess.run(
        [sys.executable, "-m", "modgap.training.worker", str(job)],
        env={**os.environ, "PYTHONPATH": str(root / "scripts")},
    )
    assert done.returncode == 1
    line = (tmp_path / "error.txt").read_text()
    assert line.startswith("training_runs.r.temperature.tau: 0 is not above 0")


def test_numbers_near_zero_are_zero_in_training_and_not_after_it(monkeypatch):
    """A processor takes many times as long for them, and no loss is made of them."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    small, seen = torch.tensor([1e-39, 1e-37]), []
    monkeypatch.setattr(worker, "train", lambda *_, **__: seen.append(small * 1.0))
    settings = {"device": "cpu", "recipe": {"compile": False}}
    worker.train_here({"inputs": {}, "outputs": {}, "settings": settings})
    assert (seen[0] > 0).tolist() == [False, True]
    assert (small * 1.0 > 0).tolist() == [True, True]
