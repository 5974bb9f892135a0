"""Models of the package transformers (CLIP, SigLIP, SigLIP 2) from a folder, without the network.

Weights are safetensors, code of a repository is never run. An embedding is what
``get_image_features`` and ``get_text_features`` call pooled, before it is normalised. Texts are
padded to the whole context and nothing is masked: SigLIP is trained so, and CLIP's text tower looks
only back from the end of a text, where it is pooled.
"""

import logging
import os
from dataclasses import dataclass
from functools import partial

import torch

from modgap.embeddings.networks.state_dict import short_message
from modgap.errors import InputError
from modgap.plan.models.repositories import MODEL_CLASSES, model_kind

INSTALL = "install it with: make transformers"


class PooledTowers(torch.nn.Module):
    """A two-tower model of transformers with the methods of an open_clip model."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    @property
    def logit_scale(self):
        return self.model.logit_scale

    @property
    def logit_bias(self):
        return getattr(self.model, "logit_bias", None)

    def encode_image(self, images, normalize=False):
        """(n, 3, size, size) normalised pixels -> (n, dim)."""
        return finish(self.model.get_image_features(pixel_values=images), normalize)

    def encode_text(self, tokens, normalize=False):
        """(n, context_length) token ids -> (n, dim)."""
        return finish(self.model.get_text_features(input_ids=tokens), normalize)


def finish(output, normalize):
    """The pooled embeddings of an output, of unit length where that is asked for."""
    pooled = output if isinstance(output, torch.Tensor) else output.pooler_output
    return torch.nn.functional.normalize(pooled, dim=-1) if normalize else pooled


@dataclass
class FolderTokenizer:
    """A tokenizer of transformers that fills every text up to the whole context."""

    tokenizer: object
    context_length: int
    vocab_size: int

    def __call__(self, texts):
        """Token ids of a list of texts: (n, context_length) int64, cut off at the context."""
        tokens = self.tokenizer(
            list(texts),
            padding="max_length",
            max_length=self.context_length,
            truncation=True,
            return_tensors="pt",
        )["input_ids"]
        if tokens.numel() and int(tokens.max()) >= self.vocab_size:
            raise InputError(
                f"{self.tokenizer.name_or_path}: its tokenizer gives the number "
                f"{int(tokens.max())}, but the model knows {self.vocab_size} tokens; "
                "put the tokenizer that it was trained with into the folder"
            )
        return tokens


def import_transformers(name):
    """The package, told to leave the network alone; one line where it is not installed."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import transformers
    except ImportError as error:
        raise InputError(
            f"models.{name}: source transformers needs the package transformers; {INSTALL}"
        ) from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


def create_transformers(name, entry):
    """Network, tokenizer, sizes and versions of a model of transformers, on the CPU.

    Raises
    ------
    InputError : the package is missing; the folder is none of its models; weights are missing,
        left over or of another shape.
    """
    folder = entry["path"]
    kind = MODEL_CLASSES[model_kind(folder)]
    transformers = import_transformers(name)
    try:
        # Weights that are missing would be drawn, before they are refused.
        with torch.random.fork_rng(devices=[]):
            model, info = getattr(transformers, kind).from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
        logging.info("%s: %s", folder, error)
        raise InputError(
            f"{folder}: transformers cannot load it ({short_message(error)[:160]}); "
            "save it anew with save_pretrained"
        ) from error
    check_loaded(folder, info)
    text = model.config.text_config
    return {
        "network": PooledTowers(model),
        "dim": embedding_width(model.config),
        "tokenizer_name": str(folder),
        "load_tokenizer": partial(
            load_folder_tokenizer, folder, text.max_position_embeddings, text.vocab_size
        ),
        "context_length": text.max_position_embeddings,
        "vocab_size": text.vocab_size,
        "versions": {
            "transformers": transformers.__version__,
            "revision": entry.get("revision"),
        },
    }


def embedding_width(config):
    """Number of coordinates: CLIP projects both towers, SigLIP's image tower has the width."""
    return getattr(config, "projection_dim", None) or config.vision_config.hidden_size


def check_loaded(folder, info):
    """Refuse weights that do not fit what config.json describes."""
    for key, what in (
        ("missing_keys", "has no weights for"),
        ("unexpected_keys", "has weights that no layer takes:"),
        ("mismatched_keys", "has weights of another shape for"),
    ):
        found = [name if isinstance(name, str) else name[0] for name in info.get(key) or ()]
        # Numbers 0, 1, 2, …, stored by older versions.
        found = sorted(name for name in found if not name.endswith("position_ids"))
        if found:
            more = f" and {len(found) - 2} more" if len(found) > 2 else ""
            raise InputError(
                f"{folder}: {what} {', '.join(found[:2])}{more}; give the config.json that the "
                "weights were saved with"
            )


def load_folder_tokenizer(folder, context_length, vocab_size):
    """The tokenizer in a folder; OSError or ImportError where it cannot be loaded."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OSError(short_message(error)) from error
    return FolderTokenizer(tokenizer, context_length, vocab_size)
