# Maps with shapes of their own. Row, cv2 and np come from scripts/peers.
def sized(scale, filter):
    def resize(image):
        height, width = (int(np.floor(n * scale + 0.5)) for n in image.shape[:2])
        return cv2.resize(image, (width, height), interpolation=filter)
    return resize


def turned(filter):
    def rotate(image):
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 30, 1)
        return cv2.warpAffine(image, matrix, (width, height), flags=filter)
    return rotate


# A third of the positions of nearest at 1.5 lie on a border between pixels, which each takes for one
# side. OpenCV computes the positions of u16 in float, which is 1e-4 of a pixel here.
#
# Its affine maps round positions to 1/32 of a pixel: where neighbours differ by the whole range, 1/64 of a
# pixel is 4 levels (bilinear), along either axis.
ROWS = [
    Row("flip horizontal", "flip:direction=horizontal", lambda i: cv2.flip(i, 1)),
    Row("transpose", "transpose", cv2.transpose, "gray", 0, 5),
    Row("resize 0.5 area", "resize:scale=0.5,filter=area", sized(0.5, cv2.INTER_AREA), "gray", 0, 1),
    Row("resize 0.37 area", "resize:scale=0.37,filter=area", sized(0.37, cv2.INTER_AREA), "gray", 1, 4),
    Row("resize 1.5 nearest", "resize:scale=1.5,filter=nearest", sized(1.5, cv2.INTER_NEAREST_EXACT), "gray",
        None, 1),
    Row("resize 1.5 bilinear", "resize:scale=1.5", sized(1.5, cv2.INTER_LINEAR), "gray", 1, 2),
    Row("resize 1.5 bicubic", "resize:scale=1.5,filter=bicubic", sized(1.5, cv2.INTER_CUBIC), "gray", 1, 4),
    Row("resize 1.5 lanczos, their 8 taps", "resize:scale=1.5,filter=lanczos3", sized(1.5, cv2.INTER_LANCZOS4),
        "gray", None, 10),
    Row("resize 1.5 bilinear RGB", "resize:scale=1.5", sized(1.5, cv2.INTER_LINEAR), "colour", 1, 1.5),
    Row("resize 0.37 area RGB", "resize:scale=0.37,filter=area", sized(0.37, cv2.INTER_AREA), "colour", 1, 1),
    Row("resize 1.5 bicubic u16", "resize:scale=1.5,filter=bicubic", sized(1.5, cv2.INTER_CUBIC), "gray16", 8, 1),
    Row("rotate 30 bilinear", "rotate:angle=30", turned(cv2.INTER_LINEAR), "gray", 9, 2),
    Row("rotate 30 bicubic", "rotate:angle=30,filter=bicubic", turned(cv2.INTER_CUBIC), "gray", 14, 2.5),
    Row("rotate 30 bilinear RGB", "rotate:angle=30", turned(cv2.INTER_LINEAR), "colour", 9, 1),
    Row("pyramid", "pyramid:border=reflect", cv2.pyrDown, "gray", 0, 1),
]
