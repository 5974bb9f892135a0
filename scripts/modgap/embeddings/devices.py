"""Jobs side by side on one machine: each takes GPUs that no other job has.

Snakemake counts GPUs but hands out none: with ``gpu: 2`` two jobs would both use the first. Here a
job locks the file of a device and sets ``CUDA_VISIBLE_DEVICES``; the lock ends with the process, in
whatever way it ends. Under Slurm the scheduler has done it already.
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from modgap.errors import InputError
from modgap.files import open_unlinked, take_lock
from modgap.job import LOG

HELD = []  # open lock files of this process: closing one would give its device back


def visible_gpus():
    """Names of the devices that this process may use, as CUDA_VISIBLE_DEVICES takes them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()]
    if shutil.which("nvidia-smi") is None:
        return []
    # Names, not numbers: CUDA and nvidia-smi may count in different orders.
    query = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    done = subprocess.run(query, encoding="utf-8", errors="replace", capture_output=True)
    return done.stdout.split() if done.returncode == 0 else []


def lock_file(device):
    """The file whose lock stands for a device, the same for all jobs of a user on a machine.

    It lies in a folder of the user's own, for whoever may write to a shared temporary folder could
    put a link there. The machine is in its path, for home folders are shared among machines.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if home.startswith("~"):  # a user without a home
        home = ".snakemake"
    name = device.strip().replace("/", "-")
    return Path(home, "modality-gap", "gpus", socket.gethostname(), f"{name}.lock")


def try_lock(path):
    """The open locked file, or None where another process has it.

    Where no file can be locked, which a warning says, it is as if nobody had it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = open_unlinked(path)
    except OSError as error:
        LOG.warning(
            "%s: cannot be written (%s): see to it that no second job uses this GPU",
            path,
            error.strerror,
        )
        return open(os.devnull, "rb")
    if take_lock(stream, wait=False, warn=LOG.warning):
        return stream
    stream.close()
    return None


def take_gpus(n, *, every=1.0):
    """Wait until ``n`` GPUs are free, lock them and make them the only visible ones.

    Must come before CUDA's first use in this process. Does nothing for n = 0, under Slurm, and
    where there is no NVIDIA GPU (the job then runs on another device or says that it cannot).

    every : seconds between attempts.

    Raises
    ------
    InputError : the machine has fewer than ``n`` GPUs, so that waiting would never end.
    """
    if not n or "SLURM_JOB_ID" in os.environ:
        return
    devices = visible_gpus()
    if not devices:
        return
    if n > len(devices):
        raise InputError(
            f"the job asks for {n} GPUs, this machine has {len(devices)}; lower "
            "training.processes or run it where there are more"
        )
    waiting = False
    while True:
        taken = {}
        for device in devices:
            stream = try_lock(lock_file(device)) if len(taken) < n else None
            if stream is not None:
                taken[device] = stream
        if len(taken) == n:
            break
        # All or nothing: two jobs that each keep half of what they need would wait for ever.
        for stream in taken.values():
            stream.close()
        if not waiting:
            LOG.info("waiting for %d of %d GPUs", n, len(devices))
            waiting = True
        time.sleep(every)
    HELD.extend(taken.values())
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(taken)
    LOG.info("using GPU %s", os.environ["CUDA_VISIBLE_DEVICES"])
