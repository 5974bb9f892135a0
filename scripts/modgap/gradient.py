"""Which way the contrastive loss pushes the gap: its derivative along the gap direction at shift 0.

With h_x = c_x delta and h_y = c_y delta the cosine of image i and text j changes by
D_ij = c_y a_i - c_x b_j + C_ij (c_x a_i - c_y b_j),  a_i = x_i.u, b_j = y_j.u, C_ij = x_i.y_j,
so D_ij = (a_i - b_j)(1 + C_ij) / 2 when both modalities move. The derivative of term i (image to
text) is (sum_j P_ij D_ij - D_ii) / tau with P the softmax of row i: the first part repels the
pairs, the second attracts them. A positive derivative means that descending the loss opens the gap.
"""

import numpy as np

from modgap.contrastive import Terms, check_batch, check_temperatures
from modgap.shift import offsets

BLOCK = 256


def gradient_terms(first, second, u, temperatures, *, batch_size, sides="both"):
    """Derivative of each pair's loss terms by the shift at shift 0.

    Parameters as for ``modgap.contrastive.loss_terms``.

    Returns
    -------
    repulsion, attraction : two ``Terms`` of arrays (t, n); the derivative of the loss is their sum.
    """
    scales = check_temperatures(temperatures)
    check_batch(batch_size, len(first))
    n = len(first) // batch_size * batch_size
    first, second = first[:n], second[:n]
    c_x, c_y = (float(c) for c in offsets(1.0, sides))
    a, b = first @ u, second @ u
    images = (first, c_y * a, c_x * a)
    texts = (second, -c_x * b, -c_y * b)
    matched = np.einsum("nd,nd->n", first, second)
    slope = c_y * a - c_x * b + matched * (c_x * a - c_y * b)
    attraction = -scales[:, None] * slope
    return (
        Terms(
            weighted_slopes(images, texts, scales, batch_size),
            weighted_slopes(texts, images, scales, batch_size),
        ),
        Terms(attraction, attraction),
    )


def weighted_slopes(lines, others, scales, batch_size):
    """sum_j P_ij D_ij / tau for every line i, with j over the others of its batch; (t, n)."""
    vectors, added, multiplied = lines
    other_vectors, other_added, other_multiplied = others
    result = np.empty((len(scales), len(vectors)))
    for begin in range(0, len(vectors), batch_size):
        batch = slice(begin, begin + batch_size)
        for start in range(begin, begin + batch_size, BLOCK):
            rows = slice(start, min(start + BLOCK, begin + batch_size))
            cosines = vectors[rows] @ other_vectors[batch].T
            slopes = cosines * (multiplied[rows, None] + other_multiplied[batch])
            slopes += added[rows, None] + other_added[batch]
            cosines -= cosines.max(axis=1, keepdims=True)
            for t, scale in enumerate(scales):
                weights = np.exp(scale * cosines)
                average = np.einsum("ij,ij->i", weights, slopes) / weights.sum(axis=1)
                result[t, rows] = scale * average
    return result
