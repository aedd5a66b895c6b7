# Components.


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
    Row("regions specks", "regions", lambda i: with_statistics(i)[1], "specks", same_partition, 2, findings=True),
    Row("regions filter", "regions:filter=area>=50", lambda i: with_statistics(i)[1], "cells", None, 6),
    Row("fill-holes", "fill-holes", filled, "cells", 0, 4, others=[("SciPy", scipy_filled)]),
    Row("clear-border", "clear-border", without_border, "cells", 0, 4,
        others=[("skimage", skimage_without_border)]),
    Row("area-open", "area-open:area=50", lambda i: without_small(i, 50, 8), "cells", 0, 4,
        others=[("skimage", skimage_without_small)]),
]
