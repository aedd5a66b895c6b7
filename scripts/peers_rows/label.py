# Components.
import csv
import os
import subprocess
import tempfile


def wu(image, connectivity):
    return cv2.connectedComponentsWithAlgorithm(image, connectivity, cv2.CV_32S, cv2.CCL_WU)[1]


def with_statistics(image, connectivity=8):
    return cv2.connectedComponentsWithStats(image, connectivity, cv2.CV_32S)


def same_partition(ours, theirs):
    """Two label images with the same regions under other numbers."""
    pairs = np.unique(ours.astype(np.int64) << 32 | theirs.astype(np.int64))
    n = max(ours.max(), theirs.max()) + 1
    right = len(pairs) == n == len(np.unique(pairs >> 32)) == len(np.unique(pairs & 0xffffffff))
    return ("0 but for the numbers" if right else "other regions"), right


def like_skimage(ours, theirs):
    """The measures of a corner of the image beside those of scikit-image's regionprops."""
    try:
        from skimage import measure
    except ImportError:
        return "scikit-image is not there", True
    labels = measure.label(theirs[:700, :700] > 0)
    samples = cv2.blur((labels > 0) * np.uint8(255), (9, 9))
    with tempfile.TemporaryDirectory() as directory:
        mask, second, table = [os.path.join(directory, name) for name in ("mask.png", "samples.png", "table.csv")]
        cv2.imwrite(mask, (labels > 0) * np.uint8(255))
        cv2.imwrite(second, samples)
        subprocess.run([os.path.join(BUILD, "parpix"), "run", f"regions:intensity={second}", mask, "-q",
                        "--labels-csv", table], check=True)
        with open(table) as file:
            rows = list(csv.DictReader(file))
    got = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    t = measure.regionprops_table(labels, samples, (
        "area", "bbox", "centroid", "axis_major_length", "axis_minor_length", "eccentricity", "extent",
        "perimeter_crofton", "euler_number", "orientation", "intensity_min", "intensity_max", "intensity_mean"))
    if len(t["area"]) != len(rows):
        return f"{len(rows)} regions beside {len(t['area'])}", False
    wanted = {"area": t["area"], "x0": t["bbox-1"], "y0": t["bbox-0"], "x1": t["bbox-3"] - 1, "y1": t["bbox-2"] - 1,
              "cx": t["centroid-1"], "cy": t["centroid-0"], "major": t["axis_major_length"],
              "minor": t["axis_minor_length"], "eccentricity": t["eccentricity"], "extent": t["extent"],
              "perimeter": t["perimeter_crofton"], "euler": t["euler_number"], "least": t["intensity_min"],
              "most": t["intensity_max"], "mean": t["intensity_mean"]}
    worst = {name: np.abs(got[name] - wanted[name]).max() for name in wanted}
    # Theirs is from the axis of rows, and says something else where no direction is longer.
    turned = (got["orientation"] + np.degrees(t["orientation"]) - 90) % 180
    turned = np.minimum(turned, 180 - turned)[t["eccentricity"] > 0.1]
    worst["orientation"] = turned.max(initial=0)
    name = max(worst, key=worst.get)
    return f"{len(rows)} regions, {name} differs by {worst[name]:.2g} at most", worst[name] < 1e-4


def without_small(image, area, connectivity):
    n, labels, statistics, _ = with_statistics(image, connectivity)
    table = np.where(statistics[:, cv2.CC_STAT_AREA] >= area, 255, 0).astype(np.uint8)
    table[0] = 0
    return table[labels]


def filled(image):
    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 128, flags=4)
    return np.where(padded[1:-1, 1:-1] == 128, 0, 255).astype(np.uint8)


def without_border(image):
    n, labels, s, _ = with_statistics(image)
    inside = (s[:, 0] > 0) & (s[:, 1] > 0) & (s[:, 0] + s[:, 2] < image.shape[1]) & (s[:, 1] + s[:, 3] < image.shape[0])
    table = np.where(inside, 255, 0).astype(np.uint8)
    table[0] = 0
    return table[labels]


def scipy_filled(image):
    from scipy import ndimage
    return ndimage.binary_fill_holes(image)


def skimage_without_border(image):
    from skimage import segmentation
    return segmentation.clear_border(image)


def skimage_without_small(image):
    from skimage import morphology
    return morphology.remove_small_objects(image > 0, 50, 2)


ROWS = [
    Row("label", "label", lambda i: wu(i, 8), "cells", 0, 2),
    Row("label, their default algorithm", "label", lambda i: cv2.connectedComponents(i, 8, cv2.CV_32S)[1], "cells",
        same_partition, 2),
    Row("label specks", "label", lambda i: wu(i, 8), "specks", 0, 1.3),
    Row("label 4", "label:connectivity=4", lambda i: wu(i, 4), "cells", 0, 4),
    Row("label 4 specks", "label:connectivity=4", lambda i: wu(i, 4), "specks", 0, 1.3),
    Row("regions", "regions", lambda i: with_statistics(i)[1], "cells", same_partition, 6, findings=True),
    Row("regions, their measures", "regions", lambda i: with_statistics(i)[1], "cells", like_skimage, 6, findings=True),
    Row("regions specks", "regions", lambda i: with_statistics(i)[1], "specks", same_partition, 2, findings=True),
    Row("regions filter", "regions:filter=area>=50", lambda i: with_statistics(i)[1], "cells", None, 6),
    Row("fill-holes", "fill-holes", filled, "cells", 0, 4, others=[("SciPy", scipy_filled)]),
    Row("clear-border", "clear-border", without_border, "cells", 0, 4,
        others=[("skimage", skimage_without_border)]),
    Row("area-open", "area-open:area=50", lambda i: without_small(i, 50, 8), "cells", 0, 4,
        others=[("skimage", skimage_without_small)]),
]
