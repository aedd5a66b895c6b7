# Fourier transforms and what is made of them. Row, cv2 and np come from scripts/peers.


def packed(ours, theirs):
    """OpenCV packs half of the spectrum of a real image into as many real numbers as the image has:
    differences as a part of the root mean square of all but the mean."""
    width = theirs.shape[1]
    n = (width - 1) // 2
    inside = np.stack([theirs[:, 1:2 * n:2], theirs[:, 2:2 * n + 1:2]], 2)
    first = (theirs.shape[0] - 1) // 2
    edge = np.stack([theirs[1:2 * first:2, 0], theirs[2:2 * first + 1:2, 0]], 1)
    scale = np.sqrt((inside.astype(np.float64) ** 2).sum(2).mean())
    difference = max(np.abs(ours[:, 1:n + 1] - inside).max(), np.abs(ours[1:first + 1, 0] - edge).max()) / scale
    return f"{difference:.2g} of rms", difference < 1e-3


ROWS = [
    Row("fft f32", "fft", cv2.dft, "grayf", packed, 2),
]
