# Box and gaussian.
REPLICATE = cv2.BORDER_REPLICATE


# With the radius that OpenCV chooses: three sigma for u8, four for others. Ours is within a grey level
# of a Gaussian whose tails are not cut; what three sigma cut off shows in the difference.
def gauss(sigma):
    return lambda image: cv2.GaussianBlur(image, (0, 0), sigma, borderType=REPLICATE)


def unsharp(sigma):
    return lambda image: cv2.addWeighted(image, 2, gauss(sigma)(image), -1, 0)


def dog(a, b):
    def run(image):
        wide = image.astype(np.float32)
        return cv2.convertScaleAbs(gauss(a)(wide) - gauss(b)(wide) + 128)
    return run


def blur(radius):
    return lambda image: cv2.blur(image, (2 * radius + 1, 2 * radius + 1), borderType=REPLICATE)


ROWS = [
    Row("box radius 1", "box:radius=1", blur(1), "gray", 1, 1.8),
    Row("box radius 7", "box:radius=7", blur(7), "gray", 1, 2.5),
    Row("box radius 31", "box:radius=31", blur(31), "gray", 1, 2.5),
    Row("gaussian sigma 1", "gaussian:sigma=1", gauss(1), "gray", 1, 2),
    Row("gaussian sigma 2", "gaussian:sigma=2", gauss(2), "gray", 2, 2.5),
    Row("gaussian sigma 5", "gaussian:sigma=5", gauss(5), "gray", 2, 4),
    Row("gaussian sigma 20", "gaussian:sigma=20", gauss(20), "gray", 2, 20),
    Row("gaussian sigma 2 colour", "gaussian:sigma=2", gauss(2), "colour", 2, 2.5),
    Row("gaussian sigma 2 u16", "gaussian:sigma=2", gauss(2), "gray16", 16, 4),
    Row("gaussian sigma 2 f32", "gaussian:sigma=2", gauss(2), "grayf", 1e-4, 2.5),
    Row("gaussian sigma 20 f32", "gaussian:sigma=20", gauss(20), "grayf", 1e-4, 20),
    Row("unsharp sigma 2", "unsharp:sigma=2", unsharp(2), "gray", 2, 2.5),
    Row("dog sigma 2, 3.2", "dog:sigma1=2,sigma2=3.2", dog(2, 3.2), "gray", 1, 2.5),
]
