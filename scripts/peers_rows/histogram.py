# Histograms, what follows from them, and thresholds.
def adaptive(radius, offset):
    size = 2 * radius + 1
    return lambda image: cv2.adaptiveThreshold(image, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, size, offset)


ROWS = [
    Row("histogram", "histogram", lambda i: (cv2.calcHist([i], [0], None, [256], [0, 256]), i)[1], "gray", 0, 1.2),
    Row("equalize", "equalize", cv2.equalizeHist, "gray", 1, 1.2),
    Row("otsu", "otsu", lambda i: cv2.threshold(i, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], "gray", 0, 1.3),
    Row("integral", "integral", lambda i: cv2.integral(i, sdepth=cv2.CV_32S)[1:, 1:].view(np.uint32), "gray", 0, 1.2),
    Row("clahe 8x8", "clahe:tiles=8,clip=2", cv2.createCLAHE(2, (8, 8)).apply, "gray", 1, 2),
    # 4096 bins beside their 65536.
    Row("clahe 8x8 u16", "clahe:tiles=8,clip=2", cv2.createCLAHE(2, (8, 8)).apply, "gray16", 1200, 2),
    Row("adaptive radius 7", "adaptive:radius=7,offset=2", adaptive(7, 2), "gray", 0, 4),
    Row("adaptive radius 15", "adaptive:radius=15,offset=5", adaptive(15, 5), "gray", 0, 4),
]
