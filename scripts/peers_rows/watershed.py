# Watersheds of markers. OpenCV floods by differences of neighbours and draws lines, so that nothing is
# compared; scikit-image floods by values as parpix does, and breaks ties by who came first.
def opencv(image, markers):
    return cv2.watershed(cv2.merge([image, image, image]), markers.astype(np.int32))


def skimage(image, markers):
    from skimage.segmentation import watershed
    return watershed(image, markers.astype(np.int32), connectivity=2)


def skimage_basins(image):
    from skimage.segmentation import watershed
    return watershed(image, connectivity=2)


def mostly(ours, theirs):
    share = np.mean(ours == theirs)
    return f"{100 * share:.2f} % equal", share > 0.8


ROWS = [
    Row("watershed of markers", "watershed:markers=second", opencv, "smooth", None, 3, "markers"),
    Row("watershed of markers, beside scikit-image", "watershed:markers=second", skimage, "smooth", mostly, 3,
        "markers"),
    Row("watershed of minima, beside scikit-image", "watershed", skimage_basins, "smooth", mostly, 3),
]
