# Bilateral, non-local means, guided.
REPLICATE = cv2.BORDER_REPLICATE


def bilateral(radius, sigma_r, sigma_s):
    return lambda image: cv2.bilateralFilter(image, 2 * radius + 1, sigma_r, sigma_s, borderType=REPLICATE)


def means(h, search=21):
    # Their border is reflected, and so is ours in these rows.
    def run(image):
        if image.dtype == np.uint8:
            return cv2.fastNlMeansDenoising(image, None, h, 7, search)
        return cv2.fastNlMeansDenoising(image, None, [h], 7, search, cv2.NORM_L1)
    return run


def guided(radius, eps):
    def run(image):
        box = lambda i: cv2.boxFilter(i, -1, (2 * radius + 1, 2 * radius + 1), borderType=REPLICATE)
        i = image.astype(np.float32)
        mean = box(i)
        variance = box(i * i) - mean * mean
        a = variance / (variance + np.float32(eps * (1 if image.dtype == np.float32 else np.iinfo(image.dtype).max)**2))
        out = box(a) * i + box(mean - a * mean)
        return out if image.dtype == np.float32 else np.rint(out).astype(image.dtype)
    return run


# Our weights are off by at most 2 parts in 1000 (u8), theirs are f32; both round.
ROWS = [
    Row("bilateral d 9", "bilateral:sigma_s=3,sigma_r=30", bilateral(4, 30, 3), "gray", 1, 2.5),
    Row("bilateral d 5", "bilateral:sigma_s=3,sigma_r=30,radius=2", bilateral(2, 30, 3), "gray", 1, 2.5),
    Row("bilateral d 9 colour", "bilateral:sigma_s=3,sigma_r=30", bilateral(4, 30, 3), "colour", 1, 2.5),
    Row("bilateral d 9 f32", "bilateral:sigma_s=3,sigma_r=0.1", bilateral(4, 0.1, 3), "grayf", 1e-4, 1),
    Row("nlm 7 21", "nlm:h=10,border=reflect", means(10), "gray", 1, 4.5),
    Row("nlm 7 21 colour", "nlm:h=10,border=reflect", means(10), "colour", 1, 4.5),
    Row("nlm 7 11", "nlm:h=10,search=11,border=reflect", means(10, 11), "gray", 1, 4.5),
    Row("guided radius 8", "guided:radius=8", guided(8, 0.01), "gray", 1, 3),
    Row("guided radius 8 colour", "guided:radius=8", guided(8, 0.01), "colour", 1, 3),
    Row("guided radius 8 f32", "guided:radius=8", guided(8, 0.01), "grayf", 1e-4, 1),
    Row("guided radius 8 u16", "guided:radius=8", guided(8, 0.01), "gray16", 2, 1),
]
