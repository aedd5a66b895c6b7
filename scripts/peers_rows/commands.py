# Whole commands from a PGM file to a PGM file: they read, work and write.
COMMANDS = [
    Command("gm convert -blur (gaussian sigma 2)", "gaussian:sigma=2", ["gm", "convert", "IN", "-blur", "0x2", "OUT"]),
    Command("gm convert -median 1", "median:radius=1", ["gm", "convert", "IN", "-median", "1", "OUT"]),
    Command("gm convert -resize 50% (area)", "resize:scale=0.5,filter=area",
            ["gm", "convert", "IN", "-filter", "Box", "-resize", "50%", "OUT"]),
    Command("vips gaussblur 2", "gaussian:sigma=2", ["vips", "gaussblur", "IN", "OUT", "2"]),
    Command("vips rank 3 3 4 (median)", "median:radius=1", ["vips", "rank", "IN", "OUT", "3", "3", "4"]),
]
