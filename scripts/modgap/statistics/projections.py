"""Two-dimensional pictures of two clouds of unit vectors: UMAP, SVD, PCA and the gap axis."""

import warnings

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors
from umap import UMAP

from modgap.statistics.geometry import gap_vector

# Points on which UMAP's trustworthiness is computed: it compares all distances.
TRUST_POINTS = 2000
# Copies of an embedding that were computed in different batches differ by about 1e-7.
COPY_DISTANCE = 1e-5


def singular_axes(points):
    """Leading two left singular vectors times singular values, and their shares of the squares.

    Uncentred when ``points`` are not centred before: the paper's "SVD" panel
    (Supplementary Figure 4). The sign of each axis is fixed by its largest entry.

    Returns
    -------
    (n, 2) coordinates, (2,) shares.
    """
    values, axes = np.linalg.eigh(points.T @ points)
    axes = axes[:, ::-1][:, :2]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), range(2)])
    return points @ axes, values[::-1][:2] / values.sum()


def project_svd(first, second):
    """Uncentred rank-2 SVD of the union, as the authors' ``svd``."""
    coordinates, shares = singular_axes(np.concatenate([first, second]))
    return coordinates, {"share_x": shares[0], "share_y": shares[1]}


def project_pca(first, second):
    """Centred PCA of the union."""
    points = np.concatenate([first, second])
    coordinates, shares = singular_axes(points - points.mean(axis=0))
    return coordinates, {"share_x": shares[0], "share_y": shares[1]}


def project_gap_axis(first, second):
    """Position along the gap direction against the first principal component orthogonal to it.

    Both axes are unit directions of the embedding space, so lengths in the picture are lengths
    in the space; x is 0 half-way between the centres.
    """
    points = np.concatenate([first, second])
    delta = gap_vector(first, second)
    direction = delta / np.linalg.norm(delta)
    middle = (first.mean(axis=0) + second.mean(axis=0)) / 2
    centred = points - middle
    along = centred @ direction
    rest = centred - np.outer(along, direction)
    rest -= rest.mean(axis=0)
    across, _ = singular_axes(rest)
    variance = np.var(points, axis=0).sum()
    return np.column_stack([along, across[:, 0]]), {
        "share_x": np.var(along) / variance,
        "share_y": np.var(across[:, 0]) / variance,
    }


def umap_points(points, *, n_neighbors, min_dist, seed):
    """UMAP of the rows of ``points`` (n, d) as (n, 2); a fixed seed keeps it on one thread.

    Equal rows are one point: a caption that many pictures share would have nothing but its own
    copies as neighbours, and every caption would be an island. The neighbours are exact. For a few
    thousand points that takes less time than compiling UMAP's own search, which is approximate
    above 4,096.
    """
    groups = DBSCAN(eps=COPY_DISTANCE, min_samples=1, algorithm="brute").fit_predict(points)
    _, first, copies = np.unique(groups, return_index=True, return_inverse=True)
    points = points[first]
    if len(points) < 4:  # too few for UMAP, and they lie in a plane
        return singular_axes(points - points.mean(axis=0))[0][copies]
    n_neighbors = min(n_neighbors, len(points) - 1)
    search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(points)
    distances, neighbours = search.kneighbors(points)
    model = UMAP(
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(neighbours, distances),
    )
    with warnings.catch_warnings():
        # Nothing is added to the picture later.
        warnings.filterwarnings("ignore", message=".*transform will be unavailable")
        # Clouds far apart are separate components of the graph of neighbours: UMAP says so, and
        # that it starts from random positions (of the same seed). Neither is a fault here.
        warnings.filterwarnings("ignore", message="Graph is not fully connected")
        warnings.filterwarnings("ignore", message="Spectral initialisation failed")
        return model.fit_transform(points)[copies]


def project_umap(first, second, *, n_neighbors, min_dist, seed):
    """UMAP of the union with a fixed seed (hence on one thread), and its trustworthiness.

    Coordinates and distances between far clusters mean nothing; neighbourhoods do, as far as
    the trustworthiness (1 is best) says.
    """
    points = np.concatenate([first, second]).astype(np.float32)
    coordinates = umap_points(points, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(points))[:TRUST_POINTS]
    near = min(n_neighbors, len(chosen) // 2 - 1)
    trust = trustworthiness(points[chosen], coordinates[chosen], n_neighbors=near)
    return coordinates, {"trustworthiness": trust}
