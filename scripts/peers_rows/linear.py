# Convolution and derivatives.
import atexit
import os
import tempfile

REPLICATE = cv2.BORDER_REPLICATE
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)


def gradient(dx, dy):
    """Magnitude of two derivatives, as u8."""
    return cv2.convertScaleAbs(cv2.magnitude(dx, dy))


def sobel(image):
    return gradient(cv2.Sobel(image, cv2.CV_32F, 1, 0, borderType=REPLICATE),
                    cv2.Sobel(image, cv2.CV_32F, 0, 1, borderType=REPLICATE))


def scharr(image):
    return gradient(cv2.Scharr(image, cv2.CV_32F, 1, 0, borderType=REPLICATE),
                    cv2.Scharr(image, cv2.CV_32F, 0, 1, borderType=REPLICATE))


def laplacian(image):
    return cv2.convertScaleAbs(cv2.Laplacian(image, cv2.CV_16S, borderType=REPLICATE))


def dense(side, most, channels="gray", target=1.0, positive=False):
    """A row with whole weights at random, none of them 0, that are divided by the sum of their sizes."""
    random = np.random.default_rng(side)
    weights = random.integers(1, most + 1, (side, side))
    if not positive:
        weights *= random.choice((-1, 1), weights.shape)
    scale = int(np.abs(weights).sum()) // 2
    path = os.path.join(tempfile.gettempdir(), f"parpix-peers-{os.getpid()}-{side}-{most}.txt")
    np.savetxt(path, weights, "%d")
    atexit.register(os.unlink, path)
    kernel = weights.astype(np.float32) / scale
    return Row(f"convolve {side}x{side} dense to {most}", f"convolve:file={path},scale={scale}",
               lambda i: cv2.filter2D(i, -1, kernel, borderType=REPLICATE), channels, 1, target)


def inside(margin, most):
    """OpenCV extends the products of gradients and not the image: what both define lies inside."""
    def verdict(ours, theirs):
        ours, theirs = (a[margin:-margin, margin:-margin].astype(np.float64) for a in (ours, theirs))
        difference, size = np.abs(ours - theirs).max(), np.abs(theirs).max()
        return f"{difference / size:.2g} of the largest, inside", difference <= most * size
    return verdict


def ssim(a, b):
    """The usual recipe: five blurs in f32."""
    def blur(image):
        return cv2.GaussianBlur(image, (11, 11), 1.5, borderType=REPLICATE)
    a, b = a.astype(np.float32), b.astype(np.float32)
    c1, c2 = (0.01 * 255)**2, (0.03 * 255)**2
    mean_a, mean_b = blur(a), blur(b)
    aa, bb, ab = mean_a * mean_a, mean_b * mean_b, mean_a * mean_b
    var_a, var_b, cov = blur(a * a) - aa, blur(b * b) - bb, blur(a * b) - ab
    similar = ((2 * ab + c1) * (2 * cov + c2)) / ((aa + bb + c1) * (var_a + var_b + c2))
    similar.mean()
    return similar


ROWS = [
    Row("convolve 3x3", "convolve:kernel=sharpen", lambda i: cv2.filter2D(i, -1, SHARPEN, borderType=REPLICATE),
        "gray", 0, 4),
    dense(3, 9, target=4),
    dense(5, 12, target=5),
    dense(9, 9, target=5),
    dense(9, 300, target=5),
    dense(15, 12, target=3),
    Row("sobel", "sobel", sobel, "gray", 1, 5),
    Row("scharr", "scharr", scharr, "gray", 1, 5),
    Row("laplacian", "laplacian", laplacian, "gray", 0, 3),
    Row("harris 3", "harris", lambda i: cv2.cornerHarris(i, 3, 3, 0.04, borderType=REPLICATE), "gray",
        inside(3, 1e-4), 12),
    Row("harris 7", "harris:block=7", lambda i: cv2.cornerHarris(i, 7, 3, 0.04, borderType=REPLICATE), "gray",
        inside(6, 1e-4), 12),
    Row("ssim", "ssim:with=second", ssim, "gray", 2e-3, 12, "gray2"),
]
