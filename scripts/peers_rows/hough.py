# Lines and circles: what is compared is the table of what was found.
def lines(angles, threshold):
    def run(edges):
        found = cv2.HoughLinesWithAccumulator(edges, 1, np.pi / angles, threshold)
        return np.zeros((0, 3)) if found is None else found[:, 0]
    return run


def same_lines(ours, theirs):
    """Votes of the strongest line are those of the same line of theirs, to 1 %, and of nine in ten of the others to 5 %.
    They add up angles in f32, so that far from the origin a diagonal of pixels may be in the next line."""
    if not len(ours) or not len(theirs):
        return "too small an image for lines of so many votes", False
    off = []
    for rho, theta, votes in ours:
        near = (np.abs(theirs[:, 0] - rho) <= 1.01) & (np.abs(np.degrees(theirs[:, 1]) - theta) < 0.01)
        off.append(np.abs(theirs[near, 2] - votes).min() / votes if near.any() else np.inf)
    same = np.mean(np.array(off) <= 0.05)
    return f"votes of the strongest within {off[0]:.1%}, {same:.0%} of {len(off)} within 5%", off[0] <= 0.01 and same >= 0.9


def circles(least, most, edge, threshold):
    return lambda image: cv2.HoughCircles(image, cv2.HOUGH_GRADIENT, 1, 10, param1=edge, param2=threshold,
                                          minRadius=least, maxRadius=most)[0]


def same_circles(ours, theirs):
    """Centres of our strongest, half as many as theirs are, within 3 pixels; which votes make a circle differs, and so do
    the edges: the weakest are not the same."""
    strongest = ours[:len(theirs) // 2]
    distance = [np.hypot(theirs[:, 0] - x, theirs[:, 1] - y).min() for x, y in strongest[:, :2]]
    found = np.mean(np.array(distance) <= 3)
    return f"{found:.1%} of our {len(strongest)} strongest of {len(ours)} are among their {len(theirs)}", found >= 0.95


ROWS = [
    Row("hough-lines", "hough-lines:threshold=150,draw=none", lines(180, 150), "edges", same_lines, 4, found=True),
    Row("hough-lines, half a degree", "hough-lines:threshold=150,angles=360,draw=none", lines(360, 150), "edges",
        same_lines, 4, found=True),
    Row("hough-circles", "hough-circles:least=6,most=20,edge=200,threshold=15,top=10000,draw=none",
        circles(6, 20, 200, 15), "gray", same_circles, 1, found=True),
]
