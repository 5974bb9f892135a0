"""Two-dimensional pictures of two clouds of unit vectors: UMAP, SVD, PCA and the gap axis.

All four agree left and right: the gap, first minus second modality, points right.
"""

import contextlib
import warnings

import numpy as np
import pandas as pd
from sklearn.cluster import DBSCAN
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from modgap.errors import InputError
from modgap.extras import extra
from modgap.statistics.clouds import sample_pictures
from modgap.statistics.geometry import direction, gap_vector, normalise, signed_axes
from modgap.statistics.orientation import turn_to_first

# Points on which UMAP's trustworthiness is computed: it compares all distances.
TRUST_POINTS = 2000
# Copies of an embedding that were computed in different batches differ by about 1e-7.
COPY_DISTANCE = 1e-5


def check_spread(points, where):
    """Raise an InputError unless the rows of ``points`` (n, dim) can be drawn in a plane.

    where : the set or dataset, for the message.
    """
    if points.shape[1] < 2:
        raise InputError(f"{where}: its embeddings have one dimension, and a plane needs two")
    if np.abs(points - points[0]).max() <= COPY_DISTANCE:
        raise InputError(f"{where}: all its embeddings point the same way; there is none to draw")


def project_plane(points, *, centred):
    """Coordinates (n, 2) on the first two principal axes, and their shares of the squares (2,)."""
    _, coordinates, squares = signed_axes(points, 2, centred=centred)
    return coordinates, squares[:2] / squares.sum()


def project_svd(first, second):
    """Uncentred rank-2 SVD of the union, as the authors' ``svd`` (Supplementary Figure 4)."""
    coordinates, shares = project_plane(np.concatenate([first, second]), centred=False)
    turned = turn_to_first(coordinates, len(first))
    return turned, {"share_x": shares[0], "share_y": shares[1]}


def project_pca(first, second):
    """Centred PCA of the union."""
    coordinates, shares = project_plane(np.concatenate([first, second]), centred=True)
    turned = turn_to_first(coordinates, len(first))
    return turned, {"share_x": shares[0], "share_y": shares[1]}


def project_gap_axis(first, second):
    """Position along the gap direction against the first principal component orthogonal to it.

    Both axes are unit directions of the embedding space, so lengths in the picture are lengths
    in the space; x is 0 half-way between the centres.
    """
    points = np.concatenate([first, second])
    axis = direction(gap_vector(first, second))
    middle = (first.mean(axis=0) + second.mean(axis=0)) / 2
    centred = points - middle
    along = centred @ axis
    rest = centred - np.outer(along, axis)
    across = project_plane(rest, centred=True)[0][:, 0]
    variance = np.var(points, axis=0).sum()
    return np.column_stack([along, across]), {
        "share_x": np.var(along) / variance,
        "share_y": np.var(across) / variance,
    }


def keep_compiled(*modules):
    """Let numba keep on disk what it compiles of these modules, for the jobs that follow.

    Compiling UMAP takes twice as long as projecting two thousand pairs with it.
    """
    for module in modules:
        for function in vars(module).values():
            if hasattr(function, "enable_caching"):
                with contextlib.suppress(RuntimeError):  # there is nowhere to write
                    function.enable_caching()


def umap_points(points, *, n_neighbors, min_dist, seed):
    """UMAP of the rows of ``points`` (n, d) as (n, 2); a fixed seed keeps it on one thread.

    Equal rows are one point: a caption that many pictures share would have nothing but its own
    copies as neighbours, and every caption would be an island. The neighbours are exact. For a few
    thousand points that takes less time than compiling UMAP's own search, which is approximate
    above 4,096.
    """
    with extra("umap"):
        from umap import UMAP, layouts, umap_
    keep_compiled(layouts, umap_)
    groups = DBSCAN(eps=COPY_DISTANCE, min_samples=1, algorithm="brute").fit_predict(points)
    _, first, copies = np.unique(groups, return_index=True, return_inverse=True)
    points = points[first]
    if len(points) < 4:  # too few for UMAP, and they lie in a plane
        return project_plane(points, centred=True)[0][copies]
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
    if len(points) < 4:
        raise InputError(f"{len(points)} embeddings are too few to draw; give at least 4")
    coordinates = umap_points(points, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed)
    coordinates = turn_to_first(coordinates, len(first))
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(points))[:TRUST_POINTS]
    near = min(n_neighbors, len(chosen) // 2 - 1)
    trust = trustworthiness(points[chosen], coordinates[chosen], n_neighbors=near)
    return coordinates, {"trustworthiness": trust}


def project_clouds(name, first, second, rows, *, keys, methods, **look):
    """All points of two clouds in every projection, and what the axes of each mean.

    Parameters
    ----------
    first, second : (n, dim) and (m, dim) unit rows. rows : (n + m,) their numbers in the whole.
    keys : further columns by name. methods : of ``PROJECTIONS``. look : of ``project_umap``.

    Returns
    -------
    DataFrame : a row for each method and point. dict : method -> what its axes mean.
    """
    results = {
        method: PROJECTIONS[method](first, second, **(look if method == "umap" else {}))
        for method in methods
    }
    frames = [
        pd.DataFrame(
            {
                "embeddings": name,
                "method": method,
                "modality": np.repeat(["first", "second"], [len(first), len(second)]),
                "pair": rows,
                "x": coordinates[:, 0].astype(np.float64),
                "y": coordinates[:, 1].astype(np.float64),
                **keys,
            }
        )
        for method, (coordinates, _) in results.items()
    ]
    axes = {
        method: {key: float(value) for key, value in meaning.items()}
        for method, (_, meaning) in results.items()
    }
    return pd.concat(frames, ignore_index=True), axes


def project_pair(name, pair, *, caption, max_pairs, seed, where, methods=None, **look):
    """At most ``max_pairs`` pairs, a random subset of all, in every projection.

    Parameters
    ----------
    pair : ``clouds.Pair``. caption : which of several texts a picture is drawn.
    where : the set, for messages. methods : of ``PROJECTIONS``, all if None. look : of
        ``project_umap``.

    Returns
    -------
    points : DataFrame of ``project_clouds``, with the ids of its points. about : dict, what its
    axes mean, and how many pairs are drawn of how many.

    Raises
    ------
    InputError : rows that cannot be drawn in a plane.
    """
    pair = pair.choose(caption)
    drawn = sample_pictures(len(pair.owner), max_pairs, seed)
    X, Y = normalise(pair.first[pair.owner[drawn]]), normalise(pair.second[drawn])
    check_spread(np.concatenate([X, Y]), where)
    points, axes = project_clouds(
        name,
        X,
        Y,
        np.tile(drawn, 2),
        keys=identify_points(pair, drawn),
        methods=PROJECTIONS if methods is None else methods,
        seed=seed,
        **look,
    )
    return points, {"axes": axes, "n": len(pair.owner), "n_drawn": len(drawn), "seed": seed}


def identify_points(pair, drawn):
    """Ids of the points of both modalities as columns by name; the report finds captions by them.

    drawn : rows of the texts that are drawn.
    """
    columns = {"sample_id": pair.ids[pair.owner[drawn]]}
    if "caption_index" in pair.texts:
        columns["caption_index"] = pair.texts["caption_index"].to_numpy()[drawn]
    return {name: np.tile(values, 2) for name, values in columns.items()}


def project_modalities(name, clouds, *, max_pairs, seed, wheres):
    """All modalities of a dataset in one plane, the centred PCA of all together.

    Parameters
    ----------
    name : the dataset. clouds : modality -> (n, dim) raw rows. max_pairs : most rows drawn of each.
    wheres : what messages call each modality.

    Returns
    -------
    DataFrame : a row for each point. dict : shares of the axes, number of rows drawn, seed.

    Raises
    ------
    InputError : other widths, rows that cannot be drawn in a plane.
    """
    blocks, rows = [], []
    for block, where in zip(clouds.values(), wheres, strict=True):
        # The same draw for every modality, so that rows of one item stay together.
        chosen = np.sort(np.random.default_rng(seed).permutation(len(block))[:max_pairs])
        blocks.append(normalise(block[chosen]))
        rows.append(chosen)
        if block.shape[1] != blocks[0].shape[1]:
            raise InputError(
                f"{where}: {block.shape[1]} dimensions, but {wheres[0]} has {blocks[0].shape[1]}; "
                "the modalities do not share a space"
            )
    check_spread(np.concatenate(blocks), f"{wheres[0]} and others")
    coordinates, shares = project_plane(np.concatenate(blocks), centred=True)
    frame = pd.DataFrame(
        {
            "dataset": name,
            "modality": np.repeat(list(clouds), [len(chosen) for chosen in rows]),
            "row": np.concatenate(rows),
            "x": coordinates[:, 0],
            "y": coordinates[:, 1],
        }
    )
    about = {"share_x": float(shares[0]), "share_y": float(shares[1]), "seed": seed}
    return frame, {**about, "n": max(map(len, rows))}


PROJECTIONS = {
    "umap": project_umap,
    "svd": project_svd,
    "pca": project_pca,
    "gap_axis": project_gap_axis,
}
