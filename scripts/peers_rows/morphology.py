# Morphology.
def square(radius):
    return cv2.getStructuringElement(cv2.MORPH_RECT, (2 * radius + 1, 2 * radius + 1))


ROWS = [
    Row("erode radius 1", "erode:radius=1", lambda i: cv2.erode(i, square(1)), "gray", 0, 1.1),
    Row("erode radius 7", "erode:radius=7", lambda i: cv2.erode(i, square(7)), "gray", 0, 2),
    Row("erode radius 31", "erode:radius=31", lambda i: cv2.erode(i, square(31)), "gray", 0, 6),
]
