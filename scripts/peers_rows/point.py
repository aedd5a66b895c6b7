# Point operations. Row, cv2 and np come from scripts/peers.
GAMMA = np.floor(255 * (np.arange(256) / 255) ** 0.45 + 0.5).astype(np.uint8)


def hue(ours, theirs):
    """Hue is a circle of 180; OpenCV rounds by a reciprocal in 12 bits."""
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    difference[..., 0] = np.minimum(difference[..., 0], 180 - difference[..., 0])
    return f"{difference.max()}", difference.max() <= 1


def lab(ours, theirs):
    """OpenCV's tables are up to 2.2 off the formula, ours rounds it: rarely more than 1 between them."""
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    far = (difference > 1).mean()
    return f"{difference.max()}, {far:.1%} by more than 1", difference.max() <= 3 and far < 0.03


ROWS = [
    Row("copy", "copy", np.copy),
    Row("threshold", "threshold:t=127", lambda i: cv2.threshold(i, 127, 255, cv2.THRESH_BINARY)[1]),
    Row("gray from RGB", "gray", lambda i: cv2.cvtColor(i, cv2.COLOR_RGB2GRAY), "colour", 1, 1.3),
    Row("flip", "flip", lambda i: cv2.flip(i, 0)),
    Row("flip, left to right", "flip:direction=horizontal", lambda i: cv2.flip(i, 1)),
    Row("flip, left to right, RGB", "flip:direction=horizontal", lambda i: cv2.flip(i, 1), "colour"),
    Row("lookup", "gamma:g=0.45", lambda i: cv2.LUT(i, GAMMA)),
    Row("absolute difference", "diff:with=it", cv2.absdiff, second="noise"),
    Row("blend", "blend:with=it,alpha=0.3", lambda i, j: cv2.addWeighted(i, 0.7, j, 0.3, 0), most=1, second="noise"),
    Row("hsv from RGB", "hsv", lambda i: cv2.cvtColor(i, cv2.COLOR_RGB2HSV), "colour", hue, 1.5),
    Row("rgb from HSV", "hsv:inverse=yes", lambda i: cv2.cvtColor(i, cv2.COLOR_HSV2RGB), "colour", 1, 1.0),
    Row("lab from RGB", "lab", lambda i: cv2.cvtColor(i, cv2.COLOR_RGB2LAB), "colour", lab, 1.5),
    Row("rgb from Lab", "lab:inverse=yes", lambda i: cv2.cvtColor(i, cv2.COLOR_LAB2RGB), "colour", 2, 1.0),
]
