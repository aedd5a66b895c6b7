# Distances. OpenCV's exact ones are f32 and rounded, the compared squares are taken to their roots;
# SciPy is exact. OpenCV's cityblock and chessboard distances are exact in a 3x3 mask.
def near_roots(ours, theirs):
    difference = np.abs(np.sqrt(ours.astype(np.float64)) - theirs).max()
    return f"{difference:.2g} of roots", difference <= 2e-3


def scipy_edt(image):
    from scipy.ndimage import distance_transform_edt
    return distance_transform_edt(image)


def scipy_index(image):
    from scipy.ndimage import distance_transform_edt
    y, x = distance_transform_edt(image, return_distances=False, return_indices=True)
    return (y * image.shape[1] + x).astype(np.uint32)


def as_far(ours, theirs):  # SciPy takes any of those that are equally near
    y, x = np.indices(ours.shape)
    far = [(i // ours.shape[1] - y.astype(np.int64)) ** 2 + (i % ours.shape[1] - x.astype(np.int64)) ** 2
           for i in (ours.astype(np.int64), theirs.astype(np.int64))]
    return "as far", bool((far[0] == far[1]).all())


def precise(image):
    return cv2.distanceTransform(image, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


SCIPY = (("SciPy", scipy_edt),)
ROWS = [
    Row("distance", "distance", precise, "cells", near_roots, 4, others=SCIPY),
    Row("distance, roots", "distance:root=yes", precise, "cells", 2e-3, 4, others=SCIPY),
    Row("distance, background", "distance", precise, "gaps", near_roots, 4),
    Row("distance, one dot", "distance", precise, "dot", near_roots, 4),
    Row("distance, noise", "distance", precise, "noise", near_roots, 4),
    Row("distance, cityblock", "distance:metric=cityblock", lambda i: cv2.distanceTransform(i, cv2.DIST_L1, 3),
        "cells", 0, 1),
    Row("distance, chessboard", "distance:metric=chessboard", lambda i: cv2.distanceTransform(i, cv2.DIST_C, 3),
        "cells", 0, 1),
    Row("nearest", "nearest", scipy_index, "cells", as_far, 4),
    Row("nearest, background", "nearest", scipy_index, "gaps", as_far, 4),
]
