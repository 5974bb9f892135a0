"""Parameters of methods, chosen on validation pictures; what a choice on test would have shown."""

from typing import NamedTuple

import numpy as np

from modgap.methods.fits.registry import fit_method, parameter_grid
from modgap.methods.outcomes.evaluation import measure_retrieval, move_held_out

# What a choice maximises: the mean of recall@1 in both directions.
CRITERION = (("text to picture", "recall1"), ("picture to text", "recall1"))


class Choice(NamedTuple):
    """Chosen parameters, the criterion on validation and on test, and the best of test."""

    parameters: dict
    on_validation: float
    on_test: float
    best_on_test: float

    @property
    def optimism(self):
        """What choosing on the test pictures would have added, in the unit of the criterion."""
        return self.best_on_test - self.on_test


def mean_recall(transform, test):
    """The criterion of a transform on some pictures."""
    found = measure_retrieval(transform, test, move_held_out(transform, test), brief=True)
    return float(np.mean([found[key].value for key in CRITERION]))


def choose_parameters(name, calibration, validation, test):
    """``Choice`` of a method; test is only looked at to say what looking would have given.

    Of equal values the first of the grid is taken.
    """
    grid = parameter_grid(name)
    if len(grid) == 1:
        return Choice(grid[0], *[np.nan] * 3)
    fitted = [fit_method(name, calibration, parameters) for parameters in grid]
    on_validation = [mean_recall(transform, validation) for transform in fitted]
    on_test = [mean_recall(transform, test) for transform in fitted]
    best = int(np.argmax(on_validation))
    return Choice(grid[best], on_validation[best], on_test[best], max(on_test))
