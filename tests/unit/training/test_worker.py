"""A worker hands on its arguments, and an error of the user's in one line."""

import json
import os
import subprocess
import sys

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
