# Edges.


def edges(image, low, high, l2):
    return cv2.Canny(image, low, high, L2gradient=l2)


def blurred_edges(image, low, high):
    return cv2.Canny(cv2.GaussianBlur(image, (0, 0), 1, borderType=cv2.BORDER_REPLICATE), low, high, L2gradient=True)


def mostly(ours, theirs):
    """The blurs differ by a level here and there."""
    differ = np.count_nonzero(ours != theirs) / ours.size
    return f"{100 * differ:.3f} % differ", differ < 0.005


ROWS = [
    Row("canny l1", "canny:low=100,high=200,sigma=0,norm=l1", lambda i: edges(i, 100, 200, False), "gray", 0, 5),
    Row("canny l2", "canny:low=100,high=200,sigma=0", lambda i: edges(i, 100, 200, True), "gray", 0, 5),
    Row("canny l1 cells", "canny:low=100,high=200,sigma=0,norm=l1", lambda i: edges(i, 100, 200, False), "cells", 0, 5),
    Row("canny noise", "canny:low=300,high=600,sigma=0,norm=l1", lambda i: edges(i, 300, 600, False), "noise", 0, 3),
    Row("canny blurred", "canny:low=60,high=120", lambda i: blurred_edges(i, 60, 120), "gray", mostly, 5),
]
