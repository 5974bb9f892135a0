"""What one sees in a figure, in a sentence made from the data behind it: who tells which figure."""

from modgap.report.sentences.comparisons import tell_comparisons
from modgap.report.sentences.cones import (
    tell_cones,
    tell_independent,
    tell_initial_gaps,
    tell_initialisations,
    tell_layers,
    tell_normalisation,
)
from modgap.report.sentences.gaps import (
    tell_gaps,
    tell_landscapes,
    tell_matrices,
    tell_models,
)
from modgap.report.sentences.methods import tell_calibration, tell_methods, tell_mixed
from modgap.report.sentences.simulations import tell_depth, tell_sphere, tell_theorems
from modgap.report.sentences.tasks import tell_fairness, tell_zero_shot
from modgap.report.sentences.training import (
    tell_courses,
    tell_optimisers,
    tell_starts,
    tell_temperatures,
    tell_widths,
)

# By figure: who tells it, and what of the figure, of what things are called (names) and of the
# embedding sets that takes.
TELLERS = {
    "fig1_modality_gap": (tell_gaps, "sets"),
    "figX_modality_matrix": (tell_matrices, "sources", "sets"),
    "fig2a_cone_histograms": (tell_cones, "sources", "names"),
    "fig2b_depth_and_activation": (tell_depth, "sources"),
    "fig2c_random_initialisations": (tell_initialisations, "sources", "names"),
    "figX_initial_gap": (tell_initial_gaps, "sources", "names"),
    "fig3_shift_landscape": (tell_landscapes, "sets"),
    "fig3_sphere_simulation": (tell_sphere, "sources"),
    "figS10_zero_shot_shift": (tell_zero_shot, "sources", "names"),
    "figS11_fairness_shift": (tell_fairness, "sources", "names"),
    "figX_theorems": (tell_theorems, "sources"),
    "figX_cone_by_layer": (tell_layers, "sources"),
    "figS8_temperature_finetuning": (tell_temperatures, "sources"),
    "figX_initialisation_vs_optimisation": (tell_starts, "sources"),
    "figX_optimiser": (tell_optimisers, "sources"),
    "figX_gap_during_training": (tell_courses, "sources", "cells"),
    "figS13_independent_models": (tell_independent, "sources", "names"),
    "figS14_second_picture_set": (tell_cones, "sources", "names"),
    "figS15_without_normalisation": (tell_normalisation, "sources", "names"),
    "figS16_embedding_width": (tell_widths, "sources"),
    "figX_across_models": (tell_models, "sources"),
    "figX_comparison": (tell_comparisons, "sources"),
    "figX_gap_methods": (tell_methods, "sources"),
    "figX_mixed_search": (tell_mixed, "sources"),
    "figX_calibration": (tell_calibration, "sources"),
}


def tell_figure(figure, names, sets):
    """What one sees in a figure; nothing where no sentence can be made of its tables.

    figure : dict with name, sources and, of a figure of a training study, cells. names, sets : as
    of the page.
    """
    if figure["name"] not in TELLERS:
        return ""
    teller, *wanted = TELLERS[figure["name"]]
    given = {
        "sources": figure["sources"],
        "cells": figure.get("cells", []),
        "names": names,
        "sets": sets,
    }
    return teller(*(given[key] for key in wanted))
