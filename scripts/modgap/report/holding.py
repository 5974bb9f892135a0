"""One run at a time in a folder, and in a folder of results, until its process ends in any way.

Snakemake's own lock outlives a killed run and then has to be removed by hand, and two checkouts do
not see each other's; the profile turns it off. Standard library only: the workflow reads this while
it is parsed.
"""

import os
import socket
from pathlib import Path

from modgap.errors import InputError
from modgap.files import open_unlinked, take_lock

HELD = {}  # open lock files by path: closing one would give its folder free

# Below the folder in which snakemake is called, and below the folder of results.
WORKING = ".snakemake/run.lock"
RESULTS = ".run.lock"


def hold_before_planning(workflow, hold):
    """Have Snakemake call ``hold`` once it knows that jobs will run, and before it plans them.

    A run that planned while another one worked would plan for files as they no longer are. What
    runs nothing (-n, --list-rules, --unlock, --report) holds nothing; nor do the processes that
    a run starts for its jobs, here or on a cluster.
    """
    build = workflow._build_dag

    def hold_and_build():
        jobs_run = workflow.executor_plugin is not None and not workflow.dryrun
        if jobs_run and workflow.is_main_process:
            hold()
        build()

    workflow._build_dag = hold_and_build


def hold_folders(results, warn, error, working="."):
    """Make this run the only one in its folder and in its folder of results.

    Parameters
    ----------
    results, working : the folders; made where they are not there.
    warn : function that is told where the disk has no locks.
    error : class of the exception when another run is at work there, or nothing can be written.
    """
    for folder, name in ((working, WORKING), (results, RESULTS)):
        path = Path(folder, name)
        if path not in HELD:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                HELD[path] = hold_file(path, folder, warn, error)
            except InputError as reason:
                raise error(str(reason)) from None
            except OSError as reason:
                raise error(f"{path}: cannot be written ({reason.strerror})") from None


def hold_file(path, folder, warn, error):
    """The open lock file, with host, process and folder of this run in it."""
    lock = open_unlinked(path)
    if not take_lock(lock, wait=False, warn=warn):
        holder = " ".join(lock.read(1000).decode("utf-8", "replace").split())
        lock.close()
        raise error(
            f"another run is at work in {Path(folder).resolve()}"
            f"{f' ({holder})' if holder else ''}; wait for it or stop it"
        )
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {socket.gethostname()}, from {os.getcwd()}\n".encode())
    lock.flush()
    return lock
