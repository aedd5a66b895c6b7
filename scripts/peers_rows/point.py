# Point operations. Row, cv2 and np come from scripts/peers.
ROWS = [
    Row("copy", "copy", np.copy),
    Row("threshold", "threshold:t=127", lambda i: cv2.threshold(i, 127, 255, cv2.THRESH_BINARY)[1]),
    Row("gray from RGB", "gray", lambda i: cv2.cvtColor(i, cv2.COLOR_RGB2GRAY), "colour", 1, 1.3),
    Row("flip", "flip", lambda i: cv2.flip(i, 0)),
]
