# Rank filters. OpenCV has u16 up to 5x5 only, no f32 beyond that and no percentile: beside those rows
# stands the time of its u8 median of the same window, and nothing is compared.
def u8_median(k):
    return lambda i: cv2.medianBlur(i if i.dtype == np.uint8 else (i >> 8).astype(np.uint8), k)


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
    Row("median radius 7 u16", "median:radius=7", u8_median(15), "gray16", None, 1.4),
    Row("median radius 31 u16", "median:radius=31", u8_median(63), "gray16", None, 1),
    Row("percentile radius 3", "percentile:radius=3,p=25", u8_median(7), "gray", None, 8),
    Row("percentile radius 31", "percentile:radius=31,p=25", u8_median(63), "gray", None, 3),
]
