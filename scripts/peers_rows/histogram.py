# Histograms and what follows from them.
ROWS = [
    Row("histogram", "histogram", lambda i: (cv2.calcHist([i], [0], None, [256], [0, 256]), i)[1], "gray", 0, 1.2),
    Row("equalize", "equalize", cv2.equalizeHist, "gray", 1, 1.2),
    Row("otsu", "otsu", lambda i: cv2.threshold(i, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], "gray", 0, 1.3),
    Row("integral", "integral", lambda i: cv2.integral(i, sdepth=cv2.CV_32S)[1:, 1:].view(np.uint32), "gray", 0, 1.2),
]
