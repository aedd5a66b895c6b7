# Box and gaussian.
REPLICATE = cv2.BORDER_REPLICATE


def gauss(sigma):
    # As many taps as ours: four sigma to each side.
    size = 2 * int(np.ceil(4 * sigma)) + 1
    return lambda image: cv2.GaussianBlur(image, (size, size), sigma, borderType=REPLICATE)


def blur(radius):
    return lambda image: cv2.blur(image, (2 * radius + 1, 2 * radius + 1), borderType=REPLICATE)


ROWS = [
    Row("box radius 1", "box:radius=1", blur(1), "gray", 1, 1.8),
    Row("box radius 7", "box:radius=7", blur(7), "gray", 1, 2.5),
    Row("box radius 31", "box:radius=31", blur(31), "gray", 1, 2.5),
    Row("gaussian sigma 1", "gaussian:sigma=1", gauss(1), "gray", 1, 2),
    Row("gaussian sigma 2", "gaussian:sigma=2", gauss(2), "gray", 1, 2.5),
    Row("gaussian sigma 2, their radius", "gaussian:sigma=2",
        lambda i: cv2.GaussianBlur(i, (0, 0), 2, borderType=REPLICATE), "gray", 2),
    Row("gaussian sigma 5", "gaussian:sigma=5", gauss(5), "gray", 1, 4),
    Row("gaussian sigma 20", "gaussian:sigma=20", gauss(20), "gray", 1, 20),
    Row("gaussian sigma 2 u16", "gaussian:sigma=2", gauss(2), "gray16", 5, 4),
    Row("gaussian sigma 2 f32", "gaussian:sigma=2", gauss(2), "grayf", 1e-5, 2.5),
]
