# Texture. scikit-image takes the corners of the circle of radius 1 between pixels, and those of radius
# sqrt 2 from them: of the 8 bits the four of the sides and the four of the corners can be compared.
import json
import os
import subprocess


def lbp(radius):
    def call(image):
        from skimage.feature import local_binary_pattern
        return local_binary_pattern(image, 8, radius, "default")
    return call


def bits(mask):
    def agree(ours, theirs):
        wrong = np.count_nonzero((ours & mask) != (theirs.astype(np.uint8) & mask))
        return f"{wrong} differ in bits {mask:08b}", wrong == 0
    return agree


ANGLES = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]


def glcm(levels):
    def call(image):
        from skimage.feature import graycomatrix
        return graycomatrix(image // (256 // levels), [1], ANGLES, levels, symmetric=True)
    return call


# The image passes unchanged; the findings come from the program.
def texture(levels):
    def agree(image, matrices):
        from skimage.feature import graycoprops
        path = os.path.join(BUILD, "peers-glcm.png")
        cv2.imwrite(path, image)
        run = subprocess.run([os.path.join(BUILD, "parpix"), "run", f"glcm:levels={levels}", path, "--json", "-"],
                             check=True, capture_output=True)
        found = json.loads(run.stdout)["findings"]["glcm"]["texture"]
        worst = 0
        for name in ("contrast", "dissimilarity", "homogeneity", "asm", "energy", "correlation"):
            wanted = graycoprops(matrices, name.replace("asm", "ASM"))[0]
            worst = max(worst, np.abs(np.array(found[name]) / wanted - 1).max())
        return f"findings {worst:.1g}", worst < 1e-8
    return agree


# PyWavelets has the same filters in floating point. There and back, both give what went in.
def there_and_back(levels):
    def call(image):
        import pywt
        there = pywt.wavedec2(image.astype(np.float32), "bior2.2", "reflect", level=levels)
        return np.rint(pywt.waverec2(there, "bior2.2", "reflect")).astype(np.uint8)
    return call


ROWS = [
    Row("lbp, sides", "lbp:border=constant", lbp(1), "gray", bits(0x55), 10),
    Row("lbp, corners", "lbp:border=constant", lbp(2**0.5), "gray", bits(0xaa), 10),
    Row("glcm 8 levels", "glcm:levels=8", glcm(8), "gray", texture(8), 5),
    Row("glcm 32 levels", "glcm:levels=32", glcm(32), "gray", texture(32), 5),
    Row("glcm 64 levels", "glcm:levels=64", glcm(64), "gray", texture(64), 5),
    Row("wavelet 1 there and back", "wavelet:levels=1+wavelet:levels=1,inverse=yes", there_and_back(1), "gray", 0, 10),
    Row("wavelet 3 there and back", "wavelet+wavelet:inverse=yes", there_and_back(3), "gray", 0, 10),
]
