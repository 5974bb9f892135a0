"""Figure 3: which way its clouds look."""

import numpy as np
import pandas as pd
import pytest

from modgap.report.figures.landscape import turn_axis


@pytest.mark.parametrize("sign", [1, -1])
def test_shifted_clouds_have_the_first_modality_right_as_figure_1(sign):
    clouds = pd.DataFrame(
        {
            "delta": [1.0, 1.0, 0.0, 0.0],
            "modality": ["first", "second"] * 2,
            "pc1": sign * np.array([-2.0, 1.0, 2.0, -1.0]),
        }
    )
    turned = turn_axis(clouds)
    assert turned.tolist() == [-2, 1, 2, -1]
