# Convolution and derivatives.
REPLICATE = cv2.BORDER_REPLICATE
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)


def sobel(image):
    gx = cv2.Sobel(image, cv2.CV_32F, 1, 0, borderType=REPLICATE)
    gy = cv2.Sobel(image, cv2.CV_32F, 0, 1, borderType=REPLICATE)
    return cv2.convertScaleAbs(cv2.magnitude(gx, gy))


ROWS = [
    Row("convolve 3x3", "convolve:kernel=sharpen", lambda i: cv2.filter2D(i, -1, SHARPEN, borderType=REPLICATE),
        "gray", 0, 4),
    Row("sobel", "sobel", sobel, "gray", 1, 5),
]
