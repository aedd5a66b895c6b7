# Components.
ROWS = [
    Row("label", "label", lambda i: cv2.connectedComponentsWithAlgorithm(i, 8, cv2.CV_32S, cv2.CCL_WU)[1], "cells", 0, 2),
    Row("label, their default algorithm", "label", lambda i: cv2.connectedComponents(i, 8, cv2.CV_32S)[1], "cells", None, 2),
]
