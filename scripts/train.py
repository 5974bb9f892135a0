"""Train one run: an open_clip model on captioned pictures, with the symmetric contrastive loss.

Reads crops and samples tables; writes a checkpoint in open_clip's own form (``local-dir:``), the
loss of every step, and what the model looks like on held-out pairs along the way.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.embeddings.devices import take_gpus
from modgap.job import start_log
from modgap.training.distributed import launch_workers
from modgap.training.worker import train_here


def main(inputs, outputs, *, processes, nodes, **settings):
    """Train in this process, or in ``processes`` on each of ``nodes`` nodes.

    inputs, outputs : dicts of the paths that ``modgap.training.loop.train`` takes.
    """
    arguments = {"inputs": inputs, "outputs": outputs, "settings": settings}
    if processes * nodes == 1:
        train_here(arguments)
    else:
        launch_workers(arguments, processes=processes, nodes=nodes)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        {
            key: list(snakemake.input[key])
            for key in (
                "pixels",
                "indexes",
                "samples",
                "held_out_pixels",
                "held_out_indexes",
                "held_out_samples",
            )
        },
        dict(snakemake.output.items()),
        **snakemake.params.settings,
    )
