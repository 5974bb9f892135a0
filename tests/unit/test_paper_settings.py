"""What config/paper.yaml asks for, job by job, beside a table of the paper's settings.

The right-hand sides are facts about the paper and its code, written down here a second time. None
is read from the project, so a line of paper.yaml, a default or a reader that strays is noticed.
"""

import json

import pytest
import yaml

from modgap.plan.config import load_config, merge
from modgap.plan.models.entries import preprocessing
from modgap.plan.resolve import resolve
from published_formats import write_memes

OPENAI_B32 = {"source": "open_clip", "architecture": "ViT-B-32-quickgelu", "pretrained": "openai"}
OPENAI_B16 = {**OPENAI_B32, "architecture": "ViT-B-16-quickgelu"}
RANDOM_B32 = {"source": "random", "architecture": "ViT-B-32-quickgelu"}
RANDOM_B16 = {"source": "random", "architecture": "ViT-B-16-quickgelu"}
RESNET = {"source": "torchvision", "architecture": "resnet18"}
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
OPENAI = (
    [0.48145466, 0.4578275, 0.40821073],
    [0.26862954, 0.26130258, 0.27577711],
)
BICUBIC, BILINEAR = "224-bicubic-shortest", "224-bilinear-shortest"

# What decides which pictures of a dataset are taken, and in which order.
DATASETS = {
    "coco": {"split": "val2017", "order": "ids"},  # torchvision's CocoCaptions
    "coco-500": {"split": "val2017", "n": 500},  # order of the annotations
    "coco-train": {"split": "train2017", "order": "shuffled", "seed": 1234, "n": 50000},
    "noise": {"n": 5000, "seed": 42},
    "cifar10": {"name": "CIFAR10", "split": "test"},
    "cifar100": {"name": "CIFAR100", "split": "test"},
    "cifar10-all": {"name": "CIFAR10", "split": "all"},
    "cifar100-all": {"name": "CIFAR100", "split": "all"},
    "svhn": {"name": "SVHN", "split": "test"},
    "eurosat": {"name": "EuroSAT", "split": "all"},
    "fairface": {"split": "val"},
}
COUNTS = {
    "coco": 5000,
    "cifar10": 10000,
    "cifar100": 10000,
    "cifar10-all": 60000,
    "cifar100-all": 60000,
    "svhn": 26032,
    "eurosat": 27000,
    "fairface": 10954,
}

# What a model is, its crops, the scale of its pixels and its precision.
MODELS = {
    "b32": (OPENAI_B32, BICUBIC, OPENAI, "fp32"),
    "b32-half": (OPENAI_B32, BICUBIC, OPENAI, "fp16"),
    "b16": (OPENAI_B16, BICUBIC, OPENAI, "fp32"),
    "b16-half": (OPENAI_B16, BICUBIC, OPENAI, "fp16"),
    "b32-random": (RANDOM_B32, BILINEAR, IMAGENET, "fp32"),
    "b16-random": (RANDOM_B16, BICUBIC, OPENAI, "fp32"),
    "resnet18": ({**RESNET, "weights": "IMAGENET1K_V1"}, BILINEAR, IMAGENET, "fp32"),
    "resnet18-random": (RESNET, BILINEAR, IMAGENET, "fp32"),
}

# Dataset, model and caption of the sets of COCO.
SETS = {
    "coco-b32": ("coco", "b32", "first"),  # Figure 3
    "coco-b32-half": ("coco", "b32-half", "first"),
    "coco-b16-all": ("coco", "b16", "last"),  # 0.8262, before fine-tuning
    "coco-b16": ("coco-500", "b16", "last"),  # Figure 1(b)
    "coco-b16-half": ("coco-500", "b16-half", "last"),
    "coco-b16-random": ("coco-500", "b16-random", "last"),  # Figure 1(c)
}

# Dataset and prompt of the rows of Table 1, Supplementary Tables 3 and 5, and of the code.
PROMPTS = {
    "cifar10": ("cifar10", "a photo of {}."),
    "cifar100": ("cifar100", "a photo of {}."),
    "cifar10-article": ("cifar10", "a photo of a {}."),
    "cifar100-article": ("cifar100", "a photo of a {}."),
    "eurosat": ("eurosat", "a centered satellite photo of {}."),
    "svhn": ("svhn", 'a street sign of the number: "{}".'),
    "cifar10-all": ("cifar10-all", "a photo of {}."),
    "cifar100-all": ("cifar100-all", "a photo of {}."),
}
SHIFTS = [-5 + 0.25 * i for i in range(40)]

# Figure 2(a): which models see which pictures.
CONES = [
    ("b32", "coco"),
    ("resnet18", "coco"),
    ("b32-random", "coco"),
    ("resnet18-random", "coco"),
    ("b32-random", "noise"),
    ("resnet18-random", "noise"),
]


def read_paper(root, *overlays):
    """paper.yaml under overlays, as Snakemake lays one file over the other."""
    given = yaml.safe_load((root / "config" / "paper.yaml").read_text())
    for name in overlays:
        given = merge(given, yaml.safe_load((root / "config" / name).read_text()))
    return given


@pytest.fixture(scope="module")
def config(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        yield load_config(read_paper(root), root)


@pytest.fixture(scope="module")
def plan(root, config):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        yield resolve(config, root)


@pytest.mark.parametrize("name", DATASETS)
def test_pictures(plan, name):
    entry = plan["datasets"][name]["settings"]["entry"]
    given = {key: entry[key] for key in ("name", "split", "order", "seed", "n") if key in entry}
    assert given == DATASETS[name]
    assert name not in COUNTS or entry["published"] == COUNTS[name]


@pytest.mark.parametrize("name", MODELS)
def test_models(root, plan, config, name):
    identity, geometry, scale, precision = MODELS[name]
    job = plan["images"][f"{name}/coco"]
    entry = job["settings"]["model"]
    assert identity.items() <= entry.items()
    assert entry.get("weights") == identity.get("weights")
    assert all(f"/{geometry}/" in path for path in job["arrays"])
    settings = preprocessing(entry, root)
    assert (list(settings["mean"]), list(settings["std"])) == scale
    assert entry.get("precision", config["embeddings"]["precision"]) == precision
    assert entry.get("normalisation_layers", "kept") == "kept"


@pytest.mark.parametrize("name", SETS)
def test_pairs(plan, config, name):
    dataset, model, caption = SETS[name]
    entry, planned = config["embedding_sets"][name], plan["embedding_sets"][name]
    assert (entry["dataset"], entry["model"]) == (dataset, model)
    assert planned["settings"]["caption"] == caption
    assert planned["first"][0] == f"<results>/embeddings/{model}/{dataset}/images/part-0.parquet"


def test_cones_and_initialisations(plan, config):
    cones = [(entry["model"], entry["dataset"]) for entry in config["cones"]]
    assert cones[: len(CONES)] == CONES
    for model in ("b32-random", "resnet18-random"):
        for dataset in ("coco", "noise"):
            settings = plan["initialisations"][f"{model}/{dataset}"]["settings"]
            assert settings["items"] == 5000
            assert [variant["model"]["seed"] for variant in settings["variants"]] == [*range(25)]
            assert {v["labels"]["normalisation_layers"] for v in settings["variants"]} == {"kept"}


@pytest.mark.parametrize("name", PROMPTS)
def test_zero_shot(root, plan, config, name):
    dataset, template = PROMPTS[name]
    entry, settings = config["zero_shot"][name], plan["zero_shot"][name]["settings"]
    assert (entry["dataset"], entry["model"]) == (dataset, "b16")
    assert entry.get("gap", "task") == "task"
    prompts = yaml.safe_load((root / "config/prompts" / f"{entry['prompts']}.yaml").read_text())
    assert prompts["templates"][settings["templates"]] == [template]
    assert settings["deltas"] == SHIFTS
    assert "both" in settings["sides"]
    assert settings["metric"] == "accuracy"


def test_every_task_is_in_the_tables_above(config):
    assert set(config["zero_shot"]) == set(PROMPTS)
    assert set(config["fairness"]) == {"fairface", "fairface-half"}


@pytest.mark.parametrize(("name", "ending"), [("fairface", ""), ("fairface-half", "-half")])
def test_fairness(plan, config, name, ending):
    entry, settings = config["fairness"][name], plan["fairness"][name]["settings"]
    assert (entry["dataset"], entry["model"]) == ("fairface", f"b32{ending}")
    assert entry["gap"] == f"coco-b32{ending}"
    assert settings["groups"] == ["race", "gender"]
    assert settings["tested"] == [-1.0, -0.5, -0.2, 0.0, 0.75]
    assert settings["caption"] == "first"


def test_landscape_and_simulations(config):
    shift = config["shift"]
    assert shift["grid"] == {"first": -5, "last": 4.75, "step": 0.25}
    assert shift["temperatures"] == ["1/100", "1/50", "1/30", "1/20", "1/10", 1]
    assert shift["batch_sizes"][0] == "published"
    arcs = config["sphere"]["arcs"]
    assert (arcs["n_pairs"], arcs["spacings"], arcs["step"]) == (6, [20, 15], 1)
    assert arcs["temperatures"] == [1, "1/5", "1/35", "1/50", "1/100"]
    networks = config["random_networks"]
    sizes = [networks[key] for key in ("n_inputs", "input_size", "width", "depth")]
    assert sizes == [1024, 512, 512, 25]
    assert {"Sigmoid", "LeakyReLU", "ReLU", "Tanh", "Linear"} <= set(networks["activations"])
    assert networks["biases"][0] == "normal"


def test_one_key_switches_hateful_memes_on(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = read_paper(root)
    del given["datasets"]["memes"]["use"]
    config = load_config(given, root)
    assert config["datasets"]["memes"]["path"] == "resources/hateful-memes"
    task = config["zero_shot"]["memes"]
    assert (task["model"], task["metric"]) == ("b16", "auc")
    prompts = yaml.safe_load((root / "config/prompts/hateful_memes.yaml").read_text())
    (template,) = prompts["templates"][task["templates"]]
    texts = [template.format(name) for name in prompts["classes"].values()]
    assert texts == ["a meme.", "a hatespeech meme."]


def test_the_options_plan_where_their_data_are(root, tmp_path, monkeypatch):
    """Every file that paper_options.yaml names is put in place, most of them empty."""
    monkeypatch.chdir(tmp_path)
    given = read_paper(root, "examples/paper_options.yaml")
    write_memes(tmp_path / "my" / "hateful_memes")
    files = ["imagenet-val/n01440764/1.jpg"]
    files += [f"cc3m/{number:05d}.tar" for number in range(332)]
    files += [f"pytorch-ensembles/{number:02d}.pt" for number in range(11)]
    for file in files:
        (tmp_path / "my" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my" / file).touch()
    config = load_config(given, root)
    planned = resolve(config, root)
    assert len(planned["independent_models"]["resnet50"]["settings"]["variants"]) == 11
    assert "memes" in planned["zero_shot"]
    assert "b32/imagenet/images" in planned["clouds"]
    study = config["training_studies"]["embedding_width"]
    for name, width in zip(study["models"], (64, 128, 256), strict=False):
        path = root / "config" / "models" / f"{config['models'][name]['architecture']}.json"
        assert json.loads(path.read_text())["embed_dim"] == width
    assert config["models"][study["models"][3]]["architecture"] == "ViT-B-16-quickgelu"
    assert study["recipe"]["epochs"] == 15
    cells = config["training_studies"]["gap_triggers"]["cells"]
    assert [cell.get("mismatched", 0) for cell in cells] == [0, 0.1, 0.25]
