"""A training run does what its recipe says, and the same whether whole, killed or divided."""

import json

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file

import modgap.training.loop
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.tables import read_metadata, read_table
from modgap.training import loop
from modgap.training.networks.towers import Towers
from modgap.training.norms import COLLAPSED
from tiny_training import ARCHITECTURE, make_dataset, make_start, make_world, run_training


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the workflow runs it; sums come in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    """Twenty steps in one process."""
    return run_training(world, tmp_path_factory.mktemp("finished"), recipe={"steps": 20})


def losses(paths):
    return read_table(paths["losses"])["loss"].to_numpy()


def last(paths, statistic, side="both"):
    rows = read_table(paths["trajectory"])
    rows = rows[(rows["statistic"] == statistic) & (rows["side"] == side)]
    return rows.loc[rows["step"].idxmax()]


def first(paths, statistic):
    return read_table(paths["trajectory"]).query(f"step == 0 and statistic == '{statistic}'")


def test_training_learns_and_leaves_everything_it_promises(finished):
    history = losses(finished)
    assert len(history) == 20
    assert history[-5:].mean() < history[:5].mean() - 0.3
    rows = read_table(finished["trajectory"])
    assert sorted(rows["step"].unique()) == [0, 3, 6, 9, 12, 15, 18, 20]
    wanted = {"gap", "rmg", "alignment", "uniformity", "effective_rank", "recall1", "zero_shot"}
    assert wanted | {"tau", "held_out_loss"} <= set(rows["statistic"])
    assert not rows["interval_method"].isna().any()
    assert read_metadata(finished["trajectory"])["n_training"] == 96
    assert not finished["weights"].with_name(loop.RESUME).exists()


def test_two_runs_give_the_same_bytes(world, finished, tmp_path):
    again = run_training(world, tmp_path, recipe={"steps": 20})
    for key in ("weights", "losses", "trajectory"):
        assert again[key].read_bytes() == finished[key].read_bytes()


def test_the_loss_of_the_first_step_is_open_clips(world, finished):
    start = create_model("start", world["model"], device="cpu")
    place = modgap.training.distributed.Place(0, 1, torch.device("cpu"))
    data = loop.read_captioned_pictures(
        *(world["inputs"][key] for key in ("pixels", "indexes", "samples")), "here"
    )
    settings = read_metadata(finished["losses"])
    batches = loop.Batches(data, start, settings["recipe"], 0, place)
    [(images, tokens)] = next(batches.of_steps(range(1)))
    with torch.no_grad():
        image, text, _ = start.network(images, tokens)
        expected = open_clip.ClipLoss()(image, text, 1 / 0.05).item()
    assert losses(finished)[0] == pytest.approx(expected, rel=1e-6)


def test_the_checkpoint_is_open_clips_own(finished, world):
    folder = finished["weights"].parent
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    entry = {"source": "trained", "run": "tiny", "path": str(folder), "initial": world["model"]}
    loaded = create_model("m", entry, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (
        model.visual.image_mean, model.visual.image_std))  # fmt: skip
    with torch.no_grad():
        expected = model.encode_image((images - mean) / std).numpy()
    np.testing.assert_allclose(loaded.encode_images(pixels), expected, atol=1e-6)
    before = create_model("start", world["model"], device="cpu").encode_images(pixels)
    assert np.abs(before - expected).max() > 0.01
    assert model.logit_scale.exp().item() == pytest.approx(20, rel=1e-6)


def test_a_run_is_that_of_whole_towers(world, finished, tmp_path, monkeypatch):
    """Without what no embedding depends on, and with the rows of captions alone: the same run."""
    assert read_metadata(finished["losses"])["seen_tokens"] < 100
    monkeypatch.setattr(loop, "hold_seen_tokens", lambda network, tokens: None)
    monkeypatch.setattr(loop, "Towers", lambda network, plain: Towers(network))
    whole = run_training(world, tmp_path, recipe={"steps": 20})
    assert read_metadata(whole["losses"])["seen_tokens"] == 0
    np.testing.assert_allclose(losses(finished), losses(whole), rtol=2e-4)
    ours, theirs = load_file(finished["weights"]), load_file(whole["weights"])
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        assert ours[name].shape == expected.shape
        far = (ours[name] - expected).abs().max()
        assert far < 0.02 * max(expected.abs().max(), 0.05), name
    for statistic in ("weight_norm", "held_out_loss"):
        assert last(finished, statistic).value == pytest.approx(
            last(whole, statistic).value, rel=1e-3
        )


@pytest.mark.parametrize("parts", [2, 4])
def test_gradient_accumulation_changes_nothing_but_memory(world, tmp_path, parts):
    recipe = {"temperature": {"kind": "learned", "tau": 0.07, "tau_min": 0.01, "tau_max": 1}}
    whole = run_training(world, tmp_path / "whole", recipe=recipe)
    cut = run_training(world, tmp_path / "cut", recipe={**recipe, "accumulate": parts})
    np.testing.assert_allclose(losses(cut), losses(whole), rtol=1e-5)
    taus = [read_table(paths["losses"])["tau"] for paths in (whole, cut)]
    np.testing.assert_allclose(*taus, rtol=1e-6)


def test_two_processes_give_the_losses_of_one(world, finished, tmp_path):
    paths = run_training(world, tmp_path, processes=2, recipe={"steps": 20})
    np.testing.assert_allclose(losses(paths), losses(finished), rtol=1e-5)
    assert last(paths, "gap").value == pytest.approx(last(finished, "gap").value, abs=1e-4)


def test_an_error_in_a_worker_is_one_line_here(world, tmp_path):
    with pytest.raises(InputError, match=r"^training_runs.tiny: a batch of 200 is larger than"):
        run_training(world, tmp_path, processes=2, recipe={"batch_size": 200})


class KilledError(Exception):
    """Stands for the signal that ends a process between two steps."""


@pytest.mark.parametrize("kind", ["fixed", "learned"])
def test_an_interrupted_run_ends_with_the_same_bytes(world, tmp_path, monkeypatch, kind):
    temperature = {"kind": kind, "tau": 0.07, "tau_min": 0.01, "tau_max": 1}
    settings = {"recipe": {"temperature": temperature, "steps": 7}}
    whole = run_training(world, tmp_path / "whole", **settings)

    step = loop.take_step

    def killed_in_step_six(run, forward, criterion, number, parts):
        if number == 5:
            raise KilledError
        step(run, forward, criterion, number, parts)

    monkeypatch.setattr(loop, "take_step", killed_in_step_six)
    with pytest.raises(KilledError):
        run_training(world, tmp_path / "cut", **settings)
    assert (tmp_path / "cut" / loop.RESUME).exists()
    assert not (tmp_path / "cut" / "losses.parquet").exists()

    taken = []

    def counted(run, forward, criterion, number, parts):
        taken.append(number)
        step(run, forward, criterion, number, parts)

    monkeypatch.setattr(loop, "take_step", counted)
    resumed = run_training(world, tmp_path / "cut", **settings)
    assert taken == [4, 5, 6]
    for key in ("weights", "losses", "trajectory"):
        assert resumed[key].read_bytes() == whole[key].read_bytes()


def test_a_checkpoint_of_other_settings_or_damaged_is_not_continued(world, tmp_path, monkeypatch):
    step = loop.take_step

    def killed(run, forward, criterion, number, parts):
        if number == 5:
            raise KilledError
        step(run, forward, criterion, number, parts)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "take_step", killed)
        with pytest.raises(KilledError):
            run_training(world, tmp_path / "cut")
    other = {"recipe": {"learning_rate": 0.001}}
    fresh = run_training(world, tmp_path / "fresh", **other)
    assert run_training(world, tmp_path / "cut", **other)["weights"].read_bytes() == (
        fresh["weights"].read_bytes()
    )
    (tmp_path / "fresh" / loop.RESUME).write_bytes(b"PK\x03\x04 half a file")
    again = run_training(world, tmp_path / "fresh", **other)
    assert again["losses"].read_bytes() == fresh["losses"].read_bytes()


def test_a_fixed_temperature_stays_and_a_learned_one_moves_within_its_bounds(world, tmp_path):
    fixed = run_training(world, tmp_path / "fixed")
    assert read_table(fixed["losses"])["tau"].to_numpy() == pytest.approx(0.05)
    bounds = {"tau_min": 0.0499, "tau_max": 0.0501}
    recipe = {"temperature": {"kind": "learned", "tau": 0.05, **bounds}, "learning_rate": 0.05}
    learned = run_training(world, tmp_path / "learned", recipe=recipe)
    tau = read_table(learned["losses"])["tau"]
    assert tau.nunique() > 1
    assert tau.between(0.0499 * (1 - 1e-6), 0.0501 * (1 + 1e-6)).all()
    recipe = {"temperature": {"kind": "published", "tau": 0.05}, "learning_rate": 0.05}
    published = run_training(world, tmp_path / "published", recipe=recipe)
    assert not read_table(published["losses"])["tau"].between(0.0499, 0.0501).all()


def test_a_scheduled_temperature_goes_from_start_to_end(world, tmp_path):
    recipe = {"temperature": {"kind": "scheduled", "tau": 1.0, "tau_end": 0.01}, "steps": 3}
    paths = run_training(world, tmp_path, recipe=recipe)
    tau = read_table(paths["losses"])["tau"].to_numpy()
    np.testing.assert_allclose(tau, [1, 0.1, 0.01], rtol=1e-5)


def test_the_start_without_gap_has_none_and_its_export_needs_no_rotation(world, tmp_path):
    plain = run_training(world, tmp_path / "plain", recipe={"steps": 2})
    closed = run_training(world, tmp_path / "closed", recipe={"steps": 2, "start": "gap_removed"})
    before, after = (first(paths, "gap")["value"].item() for paths in (plain, closed))
    assert after < 0.3 * before
    folder = closed["weights"].parent
    entry = {"source": "trained", "run": "x", "path": str(folder), "initial": world["model"]}
    model = create_model("m", entry, device="cpu")
    pixels = np.load(world["inputs"]["held_out_pixels"][0])
    captions = read_table(world["inputs"]["held_out_samples"][0])["caption"]
    X, Y = model.encode_images(pixels), model.encode_texts(model.tokenize(list(captions)))
    X, Y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (X, Y))
    gap = np.linalg.norm(X.mean(axis=0) - Y.mean(axis=0))
    assert gap == pytest.approx(last(closed, "gap").value, abs=1e-5)


def test_decay_alone_collapses_and_then_has_no_gap(world, tmp_path):
    """Without a loss Adam makes L2 steps of the length of the learning rate towards zero."""
    recipe = {
        **{"loss": "none", "optimizer": "adam", "decayed": "all", "learning_rate": 0.05},
        **{"schedule": "cosine", "warmup": 0, "steps": 100},
    }
    paths = run_training(world, tmp_path, recipe=recipe, evaluation={"every": 50})
    assert np.isnan(losses(paths)).all()
    norms = read_table(paths["trajectory"]).query("statistic == 'weight_norm'")["value"]
    assert norms.iloc[-1] < 0.01 * norms.iloc[0]
    assert np.isnan(last(paths, "gap")["value"])
    assert last(paths, "gap")["interval_method"] == COLLAPSED
    assert np.isfinite(first(paths, "gap")["value"].iloc[0])
    # AdamW shrinks weights by the same factor in every step.
    recipe = {**recipe, "optimizer": "adamw", "steps": 10, "schedule": "constant"}
    paths = run_training(world, tmp_path / "decoupled", recipe=recipe)
    norms = read_table(paths["trajectory"]).query("statistic == 'weight_norm'")["value"]
    assert norms.iloc[-1] / norms.iloc[0] == pytest.approx((1 - 0.05 * 0.2) ** 10, rel=1e-5)


def test_the_published_items_are_training_items(world, tmp_path):
    recipe = {"steps": 2, "evaluated": "first_training", "rotation_caption": "last"}
    paths = run_training(world, tmp_path, recipe={**recipe, "start": "gap_removed"})
    rows = read_table(paths["trajectory"])
    assert set(rows.loc[rows["statistic"] == "gap", "n"]) == {96}
    assert "training_items_loss" in set(rows["statistic"])
    assert "held_out_loss" not in set(rows["statistic"])


def test_bf16_trains_close_to_fp32(world, tmp_path):
    paths = run_training(world, tmp_path / "bf16", recipe={"precision": "bf16"})
    reference = run_training(world, tmp_path / "fp32")
    np.testing.assert_allclose(losses(paths), losses(reference), rtol=0.1)
    assert (losses(paths) != losses(reference)).all()


def test_a_random_start_takes_the_seed_of_the_run(world, tmp_path):
    random = {"source": "random", "architecture": "scenes-vit", "seed": 5}
    wide = tmp_path / "wide"
    wide.mkdir()
    inputs = {}
    for prefix, n in (("", 40), ("held_out_", 24)):
        paths = make_dataset(wide, f"{prefix}32", n=n, geometry="32-bicubic-shortest")
        inputs |= {f"{prefix}{key}": path for key, path in paths.items()}
    settings = {"model": random, "recipe": {"steps": 1}}
    one, other = (
        run_training(
            {"inputs": inputs, **settings}, tmp_path / f"seed{seed}", seed=seed, **settings
        )
        for seed in (1, 2)
    )
    assert losses(one)[0] != losses(other)[0]
    assert first(one, "gap")["value"].item() != first(other, "gap")["value"].item()


def test_a_loss_that_is_not_finite_stops_with_step_and_rate(world, tmp_path):
    recipe = {"learning_rate": 1e30, "warmup": 0, "schedule": "constant", "optimizer": "adam"}
    with pytest.raises(InputError) as stopped:
        run_training(world, tmp_path, recipe=recipe)
    line = str(stopped.value)
    assert "\n" not in line
    assert "step 2 at learning rate 1e+30; no checkpoint was written yet" in line
    assert not (tmp_path / "open_clip_model.safetensors").exists()


def test_losses_that_are_read_late_are_the_same(world, finished, tmp_path, monkeypatch):
    """As on a GPU, which does not wait for the loss of every step."""
    monkeypatch.setattr(loop, "STEPS_UNREAD", {"cpu": 50})
    read = []
    real = loop.read_losses
    monkeypatch.setattr(loop, "read_losses", lambda run: read.append(len(run.unread)) or real(run))
    late = run_training(world, tmp_path, recipe={"steps": 20})
    assert sum(read) == 20
    assert len(read) < 20
    for key in ("weights", "losses", "trajectory"):
        assert late[key].read_bytes() == finished[key].read_bytes()


def test_a_loss_that_is_read_late_is_told_with_its_step(world, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "STEPS_UNREAD", {"cpu": 50})
    recipe = {"learning_rate": 1e30, "warmup": 0, "schedule": "constant", "optimizer": "adam"}
    with pytest.raises(InputError, match=r"in step 2 at learning rate 1e\+30; no checkpoint"):
        run_training(world, tmp_path, recipe=recipe)


def test_the_last_good_checkpoint_is_kept(world, tmp_path, monkeypatch):
    rate = loop.learning_rate_at
    monkeypatch.setattr(loop, "learning_rate_at", lambda *a: 1e30 if a[1] == 4 else rate(*a))
    with pytest.raises(InputError, match=r"in step \d .*resume\.ckpt holds step 4; set a smaller"):
        run_training(world, tmp_path)
    state = torch.load(tmp_path / loop.RESUME, weights_only=True)
    assert all(torch.isfinite(value).all() for value in state["network"].values())


def test_bad_input_is_one_line(world, tmp_path):
    def message(**settings):
        with pytest.raises(InputError) as raised:
            run_training(settings.pop("world", world), tmp_path, **settings)
        return str(raised.value)

    assert message(recipe={"batch_size": 97}) == (
        "training_runs.tiny: a batch of 97 is larger than the 96 training pictures; "
        "set a smaller batch_size"
    )
    assert "cannot be cut into 3 parts" in message(recipe={"accumulate": 3})
    for tau in (0, -0.1):
        assert "temperature.tau: " in message(recipe={"temperature": {"kind": "fixed", "tau": tau}})
    samples = read_table(world["inputs"]["samples"][0])
    samples.loc[3, "caption"] = None
    silent = tmp_path / "silent.parquet"
    modgap.training.loop.write_table(samples, silent, read_metadata(world["inputs"]["samples"][0]))
    inputs = {**world["inputs"], "samples": [str(silent)]}
    assert message(world={**world, "inputs": inputs}) == (
        "training_runs.tiny: dataset train has no caption for scene-000003; training needs one for "
        "every picture"
    )


def test_weights_of_another_architecture_are_refused(world, tmp_path):
    wide = make_start(tmp_path / "wide", {**ARCHITECTURE, "embed_dim": 24})
    foreign = load_file(tmp_path / "wide" / "open_clip_model.safetensors")
    folder = tmp_path / "mixed"
    folder.mkdir()
    save_file(foreign, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": ARCHITECTURE}))
    with pytest.raises(InputError, match="these weights are not of architecture"):
        run_training(world, tmp_path / "out", model={**wide, "path": str(folder)})


def test_a_model_trained_without_normalisation_layers_loads_without_them(world, tmp_path):
    bare = {**world["model"], "normalisation_layers": "removed"}
    paths = run_training({**world, "model": bare}, tmp_path / "bare", recipe={"steps": 2})
    stored = load_file(paths["weights"])
    assert not [name for name in stored if ".ln_" in name]
    entry = {"source": "trained", "run": "x", "path": str(tmp_path / "bare"), "initial": bare}
    network = create_model("bare", entry, device="cpu").network
    assert not [m for m in network.modules() if isinstance(m, torch.nn.LayerNorm)]
    for name, value in network.state_dict().items():
        assert torch.equal(value, stored[name]), name
    # As a model with such layers its weights are not all there, and nothing fills the rest in.
    with pytest.raises(InputError, match="ln_"):
        create_model("whole", {"source": "local_dir", "path": str(tmp_path / "bare")}, device="cpu")


def test_pixels_can_be_left_as_they_are(world):
    raw = create_model("raw", {**world["model"], "normalisation": "none"}, device="cpu")
    own = create_model("own", world["model"], device="cpu")
    assert raw.preprocessing["mean"] == (0.0, 0.0, 0.0)
    crops = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    assert np.abs(raw.encode_images(crops) - own.encode_images(crops)).max() > 1e-4
