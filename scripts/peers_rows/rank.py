# Rank filters. OpenCV has no percentile: the median's time beside it, and no comparison.
ROWS = [
    Row("median radius 1", "median:radius=1", lambda i: cv2.medianBlur(i, 3), "gray", 0, 1.2),
    Row("median radius 2", "median:radius=2", lambda i: cv2.medianBlur(i, 5), "gray", 0, 2),
    Row("median radius 3", "median:radius=3", lambda i: cv2.medianBlur(i, 7), "gray", 0, 8),
    Row("median radius 5", "median:radius=5", lambda i: cv2.medianBlur(i, 11), "gray", 0, 8),
    Row("median radius 7", "median:radius=7", lambda i: cv2.medianBlur(i, 15), "gray", 0, 8),
    Row("median radius 12", "median:radius=12", lambda i: cv2.medianBlur(i, 25), "gray", 0, 3),
    Row("median radius 31", "median:radius=31", lambda i: cv2.medianBlur(i, 63), "gray", 0, 3),
    Row("median radius 1 u16", "median:radius=1", lambda i: cv2.medianBlur(i, 3), "gray16", 0, 1.1),
    Row("median radius 2 u16", "median:radius=2", lambda i: cv2.medianBlur(i, 5), "gray16", 0, 1.3),
]
