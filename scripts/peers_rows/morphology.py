# Morphology. Elements of both sides are the same pixels: squares, and disks dx^2 + dy^2 <= r^2
# (OpenCV's own ellipses are others).
def square(radius):
    return cv2.getStructuringElement(cv2.MORPH_RECT, (2 * radius + 1, 2 * radius + 1))


def disk(radius):
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)


def diamond(radius):
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    return (abs(x) + abs(y) <= radius).astype(np.uint8)


def compound(how, element):
    return lambda i: cv2.morphologyEx(i, how, element)


def eroded(element):
    return lambda i: cv2.erode(i, element)


def rebuilt(seed, mask):
    from skimage.morphology import reconstruction
    return reconstruction(seed, mask, footprint=np.ones((3, 3)))


def thinned(image):  # theirs does not thin the border
    return cv2.ximgproc.thinning(np.pad(image, 1))[1:-1, 1:-1]


def maxima(image):
    from skimage.morphology import local_maxima
    return local_maxima(image) * np.uint8(255)


def skimage_thin(image):
    from skimage.morphology import thin
    return thin(image) * np.uint8(255)


# The peers are scikit-image (reconstruct, extrema, thin by Guo and Hall) and OpenCV's ximgproc (thin).
SLOW = [
    Row("reconstruct h-maxima", "reconstruct:h=20", lambda i: rebuilt(cv2.subtract(i, 20), i), "gray", 0, 10, repeat=2),
    Row("reconstruct under a mask", "reconstruct:mask=m", lambda i, m: rebuilt(np.minimum(i, m), m), "gray2", 0, 10,
        second="gray", repeat=2),
    Row("extrema", "extrema", maxima, "gray", 0, 2),
    Row("thin", "thin", thinned, "cells", 0, 10, repeat=2),
    Row("thin by Guo and Hall", "thin:method=guo-hall", skimage_thin, "cells", 0, 10, repeat=2),
]

ROWS = SLOW + [
    Row("erode radius 1", "erode:radius=1", eroded(square(1)), "gray", 0, 1.1),
    Row("erode radius 7", "erode:radius=7", eroded(square(7)), "gray", 0, 2),
    Row("erode radius 31", "erode:radius=31", eroded(square(31)), "gray", 0, 6),
    Row("erode radius 7, 16 bits", "erode:radius=7", eroded(square(7)), "gray16", 0, 2),
    Row("erode radius 7, floats", "erode:radius=7", eroded(square(7)), "grayf", 0, 2),
    Row("erode radius 7, colour", "erode:radius=7", eroded(square(7)), "colour", 0, 2),
    Row("erode disk 7", "erode:shape=disk,radius=7", eroded(disk(7)), "gray", 0, 2.5),
    Row("erode disk 20, cells", "erode:shape=disk,radius=20", eroded(disk(20)), "cells", 0, 2.5),
    Row("dilate diamond 5", "dilate:shape=diamond,radius=5", lambda i: cv2.dilate(i, diamond(5)), "gray", 0, 2.5),
    Row("erode line 15 at 45", "erode:shape=line,length=15,angle=45",
        eroded(np.ascontiguousarray(np.eye(15, dtype=np.uint8)[::-1])), "gray", 0, 2),
    Row("open radius 7", "open:radius=7", compound(cv2.MORPH_OPEN, square(7)), "gray", 0, 2.5),
    Row("close disk 3", "close:shape=disk,radius=3", compound(cv2.MORPH_CLOSE, disk(3)), "gray", 0, 2.5),
    Row("morphological gradient radius 1", "gradient-m:radius=1", compound(cv2.MORPH_GRADIENT, square(1)), "gray", 0, 1.5),
]
