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
