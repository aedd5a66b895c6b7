# Clusters of colours. Each has local optima of its own: the sums of squared distances are compared.
def kmeans(k):
    seen = {}

    def call(image):
        criteria = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0)
        samples = image.reshape(-1, 3 if image.ndim == 3 else 1).astype(np.float32)
        _, labels, centres = cv2.kmeans(samples, k, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
        seen["image"] = image
        return centres.astype(np.uint8)[labels.ravel()].reshape(image.shape)

    def agree(ours, theirs):
        a, b = [((x.astype(np.float32) - seen["image"]) ** 2).mean() for x in (ours, theirs)]
        return f"mean square {a:.2f} beside {b:.2f}", a < 1.1 * b
    return call, agree


def kmeans_row(name, spec, k, which):
    call, agree = kmeans(k)
    return Row(name, spec, call, which, agree, 12)


ROWS = [
    kmeans_row("kmeans 8 RGB", "kmeans:k=8", 8, "colour"),
    kmeans_row("kmeans 32 RGB", "kmeans:k=32", 32, "colour"),
    kmeans_row("kmeans 8 gray", "kmeans:k=8", 8, "gray"),
]


# scikit-image looks at a window of 2 S around each centre; its Lab has L to 100 where ours has 255, and its
# gray levels are 0 to 1. What can be compared: how much of the variance the regions explain.
def slic_row(name, spec, n, compactness, which):
    seen = {}

    def call(image):
        from skimage.segmentation import slic
        seen["image"] = image
        return slic(image, n_segments=n, compactness=compactness, start_label=1, max_num_iter=10,
                    channel_axis=-1 if image.ndim == 3 else None)

    def explained(labels):
        values = seen["image"].reshape(labels.size, -1).astype(np.float64)
        flat = labels.ravel()
        count = np.maximum(np.bincount(flat), 1)
        means = np.stack([np.bincount(flat, v) / count for v in values.T], 1)
        return 1 - ((values - means[flat]) ** 2).sum() / ((values - values.mean(0)) ** 2).sum()

    def agree(ours, theirs):
        a, b = explained(ours), explained(theirs)
        return f"explained {a:.3f} beside {b:.3f}, {ours.max()} regions beside {theirs.max()}", a > b - 0.05
    return Row(name, spec, call, which, agree, 10)


ROWS += [
    slic_row("slic 1000 RGB, by Lab", "lab+slic:regions=1000,compactness=25", 1000, 10, "colour"),
    slic_row("slic 1000 gray", "slic:regions=1000,compactness=20", 1000, 20 / 255, "gray"),
]
