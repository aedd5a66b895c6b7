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


def magnitudes(image):
    planes = cv2.dft(image, flags=cv2.DFT_COMPLEX_OUTPUT)
    return np.fft.fftshift(np.log(1 + cv2.magnitude(planes[..., 0], planes[..., 1])))


def band_of(shape, low, high):
    f4 = (np.fft.fftfreq(shape[0])[:, None] ** 2 + np.fft.rfftfreq(shape[1])[None] ** 2) ** 2
    return (f4 / (f4 + low ** 4) * (high ** 4 / (f4 + high ** 4))).astype(np.float32)


BANDS = {}


def through_band(image):
    """Half of the spectrum by NumPy, weights that are made once."""
    if image.shape not in BANDS:
        BANDS[image.shape] = band_of(image.shape, 0.02, 0.2)
    return np.fft.irfft2(np.fft.rfft2(image) * BANDS[image.shape], image.shape).astype(np.float32)


def places(ours, theirs):
    """OpenCV gives valid places only."""
    height, width = theirs.shape
    difference = np.abs(ours[:height, :width] - theirs)
    return f"{difference.max():.2g}, 99.9 % {np.quantile(difference, 0.999):.2g}", difference.max() < 2e-2


def moved(ours, theirs):
    y, x = np.unravel_index(ours.argmax(), ours.shape)
    found = x - ours.shape[1] // 2, y - ours.shape[0] // 2
    right = np.abs(np.array(found) - theirs[:2]).max() < 0.05
    return f"({found[0]}, {found[1]}) beside ({theirs[0]:.3f}, {theirs[1]:.3f})", right


def phase(first, second):
    displacement, response = cv2.phaseCorrelate(first.astype(np.float32), second.astype(np.float32))
    return np.array([*displacement, response])


ROWS = [
    Row("fft f32", "fft", cv2.dft, "grayf", packed, 2,
        others=[("numpy", np.fft.rfft2)]),
    Row("fft u8", "fft", lambda i: cv2.dft(i.astype(np.float32)), "gray", packed, 2),
    Row("spectrum f32", "spectrum:as=f32", magnitudes, "grayf", 2e-3, 2),
    Row("bandpass f32", "bandpass:low=0.02,high=0.2", through_band, "grayf", 1e-5, 2),
    Row("phase-correlate", "phase-correlate:with=moved", phase, "gray", moved, 2, "moved"),
    Row("match 64 x 64", "match:template=template", lambda i, t: cv2.matchTemplate(i, t, cv2.TM_CCOEFF_NORMED),
        "gray", places, 4, "template"),
]
