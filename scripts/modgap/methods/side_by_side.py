"""Methods measured side by side, in processes that each hold the setting once."""

from concurrent.futures import ProcessPoolExecutor

from threadpoolctl import threadpool_limits

from modgap.job import progress
from modgap.methods.comparing import measure_method

# What every process measures on, since it was started.
held = {}


def measure_methods(names, setting, processes=1):
    """``measure_method`` of each name, in a dict; the same numbers with any number of processes."""
    if processes == 1:
        results = (measure_method(name, setting) for name in names)
        return collect_results(names, results)
    with ProcessPoolExecutor(processes, initializer=hold_setting, initargs=(setting,)) as pool:
        return collect_results(names, pool.map(measure_held, names))


def collect_results(names, results):
    """By name, as they come, with a progress bar."""
    measured = {}
    for name, (result,) in zip(
        names, progress(((result,) for result in results), total=len(names), what="methods"),
        strict=True,
    ):  # fmt: skip
        measured[name] = result
    return measured


def hold_setting(setting):
    """Keep the setting in this process, which multiplies on one thread: there is one a core."""
    threadpool_limits(1)
    held["setting"] = setting


def measure_held(name):
    """``measure_method`` on the setting of this process."""
    return measure_method(name, held["setting"])
