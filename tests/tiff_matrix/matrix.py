#!/usr/bin/env python3
"""Every kind of TIFF that common programs write, through photofit, compared with what libtiff shows of it.

    tests/tiff_matrix/matrix.py PROGRAM [--keep FOLDER] [--mutate COUNT]

One picture is written by tiffcp, ImageMagick, libvips, Pillow and by hand in each combination of compression, colours,
planes, tiles, depth, byte order, order of bits and BigTIFF that they can. What PROGRAM (photofit) makes of a file as PNG
differs from libtiff's picture (tiff2rgba), or where libtiff has none from the one that was written, by less than 2 levels
of 255 on average; or the file is refused by name. Anything else is wrong, and the exit code says so. With --mutate so
many damaged copies of the files are tried too: none may panic.

It needs Pillow; without one of the programs it says so and leaves its files out.
"""

import argparse
import collections
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from PIL import Image, ImageChops, ImageCms, ImageStat

from readers import by_its_writer, by_libtiff, multiplied, narrow
from writer import SHORT, Writer, alpha, dithered, gray, picture, WIDTH, HEIGHT

MOST = 2.0
# Of Lab that a JPEG has made coarser only that much can be told: its colours are far apart.
MOST_OF_COARSE = 12.0


class Set:
    """The files, each with the picture that was written where libtiff cannot tell."""

    def __init__(self, folder):
        self.folder = folder
        self.truth = {}
        self.only_truth = set()
        self.failed = collections.Counter()

    def add(self, name, data, truth=None, only_truth=False):
        (self.folder / name).write_bytes(data)
        self.truth[name] = truth
        if only_truth:
            self.only_truth.add(name)
        return name

    def run(self, name, command, truth=None):
        """A file that a program writes, if it can."""
        path = self.folder / name
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode or not path.exists() or not path.stat().st_size:
            path.unlink(missing_ok=True)
            self.failed[pathlib.Path(command[0]).name] += 1
            return None
        self.truth[name] = truth
        return name


def image(rows, mode="RGB"):
    """Rows of pixels from 0 to 1 as a Pillow picture."""
    flat = bytes(int(round(min(1, max(0, v)) * 255)) for row in rows for pixel in row for v in pixel)
    return Image.frombytes(mode, (len(rows[0]), len(rows)), flat)


def whole(rows, bits, of):
    """Pixels as whole numbers of so many bits."""
    top = (1 << bits) - 1
    return [[[int(round(v * top)) for v in of(p, x, y)] for x, p in enumerate(row)] for y, row in enumerate(rows)]


def rounded(rows, bits, of):
    """The picture of pixels that were rounded to so many bits."""
    top = (1 << bits) - 1
    pixels = [[[v / top for v in pixel] for pixel in row] for row in whole(rows, bits, of)]
    return image([[p * 3 if len(p) == 1 else p for p in row] for row in pixels])


def bases(files):
    """Files by hand; gives those from which tiffcp makes more, with the kind of each."""
    rows = picture()
    rgb = image(rows)
    grays = image([[(gray(p),) * 3 for p in row] for row in rows])
    bilevel = dithered(rows)
    out = {}

    def one(p, *_):
        return (gray(p),)

    def add(name, data, truth, only=False):
        out[name] = files.add(f"hand-{name}.tif", data, truth, only)

    w = Writer()
    for bits in (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32):
        add(f"gray{bits}", w.image(whole(rows, bits, one), bits, 1, strip=16), rounded(rows, bits, one))
        if bits in (2, 4, 8, 12, 16):
            add(f"white{bits}", w.image(whole(rows, bits, lambda p, *_: (1 - gray(p),)), bits, 0, strip=16),
                rounded(rows, bits, one))
    ones = [[[int(v)] for v in row] for row in bilevel]
    shades = image([[(v, v, v) for v in row] for row in bilevel])
    add("gray1", w.image(ones, 1, 1, strip=16), shades)
    add("white1", w.image([[[1 - v for v in p] for p in row] for row in ones], 1, 0, strip=16), shades)
    for bits in (2, 4, 5, 8, 10, 12, 16, 24, 32):
        add(f"rgb{bits}", w.image(whole(rows, bits, lambda p, *_: p), bits, 2, strip=16), rounded(rows, bits, lambda p, *_: p))
    for bits in (8, 16):
        for kind, name in ((1, "associated"), (2, "unassociated")):
            def with_alpha(p, x, y, kind=kind):
                a = alpha(x, y)
                return [*(v * (a if kind == 1 else 1) for v in p), a]
            premultiplied = image([[with_alpha(p, x, y, 1) for x, p in enumerate(row)] for y, row in enumerate(rows)], "RGBA")
            add(f"rgba{bits}-{name}", w.image(whole(rows, bits, with_alpha), bits, 2, strip=16, extra=[kind]), premultiplied)

            def gray_alpha(p, x, y, kind=kind):
                a = alpha(x, y)
                return [gray(p) * (a if kind == 1 else 1), a]
            shades = [[gray_alpha(p, x, y, 1) for x, p in enumerate(row)] for y, row in enumerate(rows)]
            truth = image([[(g, g, g, a) for g, a in row] for row in shades], "RGBA")
            add(f"ga{bits}-{name}", w.image(whole(rows, bits, gray_alpha), bits, 1, strip=16, extra=[kind]), truth, True)
        inks = whole(rows, bits, lambda p, *_: (1 - p[0], 1 - p[1], 1 - p[2], 0))
        add(f"cmyk{bits}", w.image(inks, bits, 5, strip=16), rgb)
        shadows = whole(rows, bits, lambda p, *_: ((1 - p[0]) / 2, (1 - p[1]) / 2, (1 - p[2]) / 2, 0.4))
        add(f"cmyk-black{bits}", w.image(shadows, bits, 5, strip=16),
            image([[[(1 - (1 - v) / 2) * 0.6 for v in p] for p in row] for row in rows]))
        # What is behind the colours and not said to be alpha means nothing; what nothing is said of is alpha.
        further = whole(rows, bits, lambda p, *_: (*p, 0.5))
        add(f"rgbx{bits}-unspecified", w.image(further, bits, 2, strip=16, extra=[0]), rgb, True)
        unsaid = image([[[v * round(255 * alpha(x, y)) / 255 for v in p] + [alpha(x, y)] for x, p in enumerate(row)]
                        for y, row in enumerate(rows)], "RGBA")
        add(f"rgbx{bits}-unsaid", w.image(whole(rows, bits, lambda p, x, y: (*p, alpha(x, y))), bits, 2, strip=16), unsaid, True)
        add(f"gx{bits}-unsaid", w.image(whole(rows, bits, lambda p, *_: (gray(p), 0.3)), bits, 1, strip=16), grays, True)
    count = w.image(whole(rows, 8, lambda p, *_: p), 8, 2, strip=16, tags={0x0102: (SHORT, [8])})
    add("gimp-count", count, rgb, True)
    palettes(add, w, rgb)
    for name, across, down in [(f"{a}x{d}", a, d) for a in (1, 2, 4) for d in (1, 2, 4)]:
        shown = chroma_shared(rows, across, down)
        add(f"ycc-{name}", w.ycbcr(rows, across, down, strip=16), shown)
        add(f"ycc-{name}-tiled", w.ycbcr(rows, across, down, tile=32), shown)
        add(f"ycc-{name}-deflate", Writer(True).ycbcr(rows, across, down, strip=32, deflate=True), shown)
        add(f"ycc-{name}-one-strip", Writer(big=True).ycbcr(rows, across, down), shown)
    add("ycc-709", w.ycbcr(rows, 1, 1, strip=16, coefficients=(0.2126, 0.7152, 0.0722)), None)
    add("ycc-video-range", w.ycbcr(rows, 2, 2, strip=16, reference=(16, 235, 128, 240, 128, 240)), None)
    add("ycc-709-video", w.ycbcr(rows, 2, 1, tile=16, coefficients=(0.2126, 0.7152, 0.0722),
                                 reference=(16, 235, 128, 240, 128, 240)), None)
    lab(add, w, rgb)
    for bits in (16, 32, 64):
        for n, of in ((1, one), (3, lambda p, *_: p)):
            values = [[list(of(p)) for p in row] for row in rows]
            for big_endian in (False, True):
                data = Writer(big_endian).image(values, bits, 1 if n == 1 else 2, strip=16, kind="float")
                add(f"float{bits}-{n}-{big_endian}", data, grays if n == 1 else rgb, True)
    values = [[[v * 900 for v in p] for p in row] for row in rows]
    add("float-beyond", w.image(values, 32, 2, strip=16, kind="float"), None)
    add("signed8", w.image(whole(rows, 7, one), 8, 1, strip=16, kind="int"), None)
    add("signed16", w.image(whole(rows, 15, lambda p, *_: p), 16, 2, strip=16, kind="int"), None)
    for big_endian in (False, True):
        for big in (False, True):
            for planar in (False, True):
                for tile in (None, 16, 48):
                    for deflate in (False, True):
                        for bits in (1, 2, 4, 8, 12, 16):
                            layout = {"planar": planar, "tile": tile, "strip": None if tile else 7, "deflate": deflate}
                            v = Writer(big_endian, big)
                            name = f"by-hand-{big_endian}-{big}-{planar}-{tile}-{deflate}-{bits}"
                            truth = image([[[round(c * ((1 << bits) - 1)) / ((1 << bits) - 1) for c in p] for p in row] for row in rows])
                            add(name, v.image(whole(rows, bits, lambda p, *_: p), bits, 2, **layout), truth)
                            if bits in (4, 12, 16) and not planar:
                                add(name + "-gray", v.image(whole(rows, bits, one), bits, 1, **layout), rounded(rows, bits, one))
    return out


def chroma_shared(rows, across, down):
    """The picture whose chroma is the mean of so many pixels."""
    out = [[None] * WIDTH for _ in range(HEIGHT)]
    for uy in range(0, HEIGHT, down):
        for ux in range(0, WIDTH, across):
            places = [(min(uy + i // across, HEIGHT - 1), min(ux + i % across, WIDTH - 1)) for i in range(across * down)]
            mean = [sum(rows[y][x][c] for y, x in places) / len(places) for c in range(3)]
            for y, x in places:
                by = gray(rows[y][x]) - gray(mean)
                out[y][x] = [v + by for v in mean]
    return image(out)


def palettes(add, w, rgb):
    for bits in (1, 2, 4, 8):
        indexed = rgb.quantize(1 << bits, dither=Image.Dither.NONE)
        colors = indexed.getpalette()[: 3 << bits]
        colors += [0] * ((3 << bits) - len(colors))
        pixels = list(indexed.tobytes())
        rows = [[[v] for v in pixels[y * WIDTH:(y + 1) * WIDTH]] for y in range(HEIGHT)]
        truth = indexed.convert("RGB")
        for name, factor in (("", 257), ("-8bit-map", 1)):
            levels = [colors[3 * i + c] * factor for c in range(3) for i in range(1 << bits)]
            for tile in (None, 32):
                data = w.image(rows, bits, 3, strip=16, tile=tile, tags={0x0140: (SHORT, levels)})
                add(f"palette{bits}{name}-{tile}", data, truth)
        if bits == 8:
            for planar in (False, True):
                both = [[[v[0], int(alpha(x, y) * 255)] for x, v in enumerate(row)] for y, row in enumerate(rows)]
                data = w.image(both, 8, 3, strip=16, extra=[2], planar=planar,
                               tags={0x0140: (SHORT, [colors[3 * i + c] * 257 for c in range(3) for i in range(256)])})
                shown = truth.convert("RGBA")
                shown.putalpha(Image.frombytes("L", rgb.size, bytes(p[1] for row in both for p in row)))
                add(f"palette8-alpha-{planar}", data, multiplied(shown), True)
            levels = [colors[3 * (i % 256) + c] * 257 for c in range(3) for i in range(65536)]
            add("palette16", w.image(rows, 16, 3, strip=16, tags={0x0140: (SHORT, levels)}), truth, True)


def lab(add, w, rgb):
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    values = ImageCms.applyTransform(rgb, to_lab)
    truth = rgb
    # Pillow gives a and b out with a sign, as TIFF has them; ICC profiles have an offset.
    flat = list(values.tobytes())
    byte = [[flat[3 * (y * WIDTH + x):][:3] for x in range(WIDTH)] for y in range(HEIGHT)]
    signed = [[[p[0], *(v - 256 if v > 127 else v for v in p[1:])] for p in row] for row in byte]
    icc = [[[p[0], p[1] + 128, p[2] + 128] for p in row] for row in signed]
    add("lab8", w.image(signed, 8, 8, strip=16), truth, True)
    add("lab8-icc", w.image(icc, 8, 9, strip=16), truth, True)
    wide = [[[p[0] * 257, p[1] * 256, p[2] * 256] for p in row] for row in signed]
    add("lab16", w.image(wide, 16, 8, strip=16), truth, True)
    wide = [[[p[0] * 256, p[1] * 256, p[2] * 256] for p in row] for row in icc]
    add("lab16-icc", w.image(wide, 16, 9, strip=16), truth, True)
    add("lab8-planar", w.image(signed, 8, 8, tile=32, planar=True), truth, True)


def by_tiffcp(files, kinds):
    """Each kind of pixel in each compression, with planes, tiles, byte and bit orders in turn."""
    methods = ["none", "lzw", "lzw:2", "zip", "zip:2", "packbits", "jpeg", "jpeg:r", "g3", "g3:2d", "g3:fill", "g3:2d:fill",
               "g4", "zstd", "webp", "lzma", "lerc"]
    layouts = [["-s", "-r", "16"], ["-s", "-r", "93"], ["-t", "-w", "32", "-l", "48"], ["-t", "-w", "160", "-l", "16"]]
    chosen = ["gray1", "white1", "gray2", "gray4", "gray8", "gray16", "white8", "white16", "gray32", "rgb8", "rgb16", "rgb32",
              "rgba8-associated", "rgba8-unassociated", "rgba16-unassociated", "cmyk8", "cmyk16", "palette1-None",
              "palette4-None", "palette8-None", "ycc-1x1", "ycc-2x1", "ycc-2x2", "lab8", "float32-3-False", "ga8-unassociated"]
    for kind in chosen:
        source = files.folder / kinds[kind]
        truth = files.truth[kinds[kind]]
        few = kind.startswith(("gray1", "white1")) and kind[-1] == "1"
        for method in methods:
            if method.startswith("g") and not few:
                continue
            for i, layout in enumerate(layouts):
                for planar in (["contig"], ["separate"]) if kind[:3] in ("rgb", "cmy", "lab", "flo", "ga8") else (["contig"],):
                    for order in (["-L"], ["-B"]):
                        for bits in ("msb2lsb", "lsb2msb"):
                            # Half of what could be combined: each pair of choices is there.
                            if (i + (order == ["-B"]) + (bits == "lsb2msb")) % 2 and not few:
                                continue
                            big = ["-8"] if (i + len(method)) % 3 == 0 else []
                            names = [kind, method.replace(":", "-"), str(i), planar[0], order[0][1], bits[:3], *(["big"] if big else [])]
                            name = "tiffcp-" + "-".join(names) + ".tif"
                            command = ["tiffcp", *big, *order, "-f", bits, "-p", *planar, *layout, "-c", method,
                                       str(source), str(files.folder / name)]
                            if files.run(name, command, truth) and kinds[kind] in files.only_truth:
                                files.only_truth.add(name)


def by_pillow(files):
    rgb = image(picture())
    modes = {"1": rgb.convert("1"), "L": rgb.convert("L"), "RGB": rgb, "P": rgb.quantize(200), "CMYK": rgb.convert("CMYK"),
             "YCbCr": rgb.convert("YCbCr"), "LA": rgb.convert("LA"), "RGBA": rgb.convert("RGBA"), "I;16": rgb.convert("I;16"),
             "LAB": ImageCms.applyTransform(rgb, ImageCms.buildTransform(
                 ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"))}
    methods = [None, "group3", "group4", "jpeg", "packbits", "tiff_adobe_deflate", "tiff_ccitt", "tiff_deflate", "tiff_lzw",
               "tiff_raw_16", "zstd", "webp", "lzma"]
    for mode, source in modes.items():
        for method in methods:
            for more in ({}, {"tiffinfo": {266: 2}}, {"tiffinfo": {278: 40}}, {"big_tiff": True}, {"tiffinfo": {317: 2}}):
                name = f"pillow-{mode.replace(';', '')}-{method}-{len(files.truth)}.tif"
                try:
                    out = io.BytesIO()
                    source.save(out, "TIFF", compression=method, **more)
                except (OSError, ValueError, KeyError, TypeError, RuntimeError):
                    files.failed["Pillow"] += 1
                    continue
                # Of Lab libtiff shows the white of D50 as yellow.
                only = mode == "LAB"
                truth = rgb if only else multiplied(source.convert("RGBA"))
                # Pillow says that bits are reversed and leaves them as they are.
                if not (only and "tiffinfo" in more and 266 in more["tiffinfo"]):
                    files.add(name, out.getvalue(), truth, only)


def by_vips(files, source):
    for method in ("none", "jpeg", "deflate", "packbits", "ccittfax4", "lzw", "zstd", "webp"):
        for layout in ([], ["--tile", "--tile-width=64", "--tile-height=32"], ["--bigtiff"], ["--tile", "--pyramid"],
                       ["--predictor=none"], ["--Q=95"], ["--Q=75"], ["--miniswhite"]):
            # It writes other kinds as faxes too, which nobody can read.
            for kind, convert in (("rgb", ["copy"]), ("gray", ["colourspace", "b-w"]), ("cmyk", ["colourspace", "cmyk"]),
                                  ("rgb16", ["colourspace", "rgb16"]), ("lab", ["colourspace", "lab"]),
                                  ("bilevel", ["colourspace", "b-w"]), ("two", ["colourspace", "b-w"])):
                if method == "ccittfax4" and kind != "bilevel":
                    continue
                depth = {"bilevel": ["--bitdepth=1"], "two": ["--bitdepth=2"]}.get(kind, [])
                options = ",".join(o[2:] for o in [f"--compression={method}", *layout, *depth])
                name = f"vips-{kind}-{method}-{len(files.truth)}.tif"
                command = ["vips", convert[0], str(source), f"{files.folder / name}[{options}]", *convert[1:]]
                truth = Image.open(source).convert("RGB") if kind == "lab" else None
                if files.run(name, command, truth) and kind == "lab":
                    # libtiff shows the white of D50 as yellow.
                    files.only_truth.add(name)


def by_magick(files, source):
    for method in ("None", "LZW", "Zip", "RLE", "JPEG", "Group4", "Fax", "ZSTD", "WebP"):
        for kind, options in (("rgb", ["-type", "TrueColor"]), ("gray", ["-type", "Grayscale"]), ("cmyk", ["-colorspace", "CMYK"]),
                              ("bilevel", ["-type", "Bilevel"]), ("palette", ["-type", "Palette"]),
                              ("rgb16", ["-depth", "16", "-type", "TrueColor"]), ("gray16", ["-depth", "16", "-type", "Grayscale"]),
                              ("gray4", ["-colorspace", "Gray", "-depth", "4"]), ("ycc", ["-colorspace", "YCbCr"]),
                              ("float", ["-define", "quantum:format=floating-point", "-depth", "32"])):
            for more in ([], ["-endian", "MSB"], ["-endian", "LSB", "-define", "tiff:fill-order=lsb"],
                         ["-define", "tiff:tile-geometry=64x32"], ["-define", "tiff:rows-per-strip=5"], ["-interlace", "Plane"],
                         ["-sampling-factor", "2x1"], ["-sampling-factor", "1x2"], ["-sampling-factor", "1x1"],
                         ["-sampling-factor", "4x1"]):
                if more[:1] == ["-sampling-factor"] and method != "JPEG":
                    continue
                name = f"magick-{kind}-{method}-{len(files.truth)}.tif"
                truth = Image.open(source).convert("RGB") if kind == "float" else None
                command = ["convert", str(source), *options, *more, "-compress", method, str(files.folder / name)]
                if files.run(name, command, truth) and kind == "float":
                    files.only_truth.add(name)


def photofit(program, sources, out):
    """What photofit answers, by name of file."""
    command = [program, "prep", str(sources), "-o", str(out), "--format", "png", "--max-pixels", "10MP", "--max-bytes", "100MB",
               "--report", str(out.parent / "report.jsonl")]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"photofit ended with {done.returncode}: {done.stderr[-2000:]}")
    lines = (out.parent / "report.jsonl").read_text().splitlines()
    return {pathlib.Path(line["input"]).name: line for line in map(json.loads, lines)}


def compare(files, answers, scratch):
    counts, refused, wrong = collections.Counter(), collections.Counter(), []
    for name in sorted(files.truth):
        answer = answers.get(name)
        if answer is None:
            wrong.append((name, "no answer"))
            continue
        if answer["status"] != "ok":
            error = answer["error"]
            if error["kind"] == "unsupported":
                refused[error["message"]] += 1
                counts["refused by name"] += 1
            else:
                wrong.append((name, f"{error['kind']}: {error['message']}"))
            continue
        shown = narrow(answer["output"]).convert("RGBA")
        path = files.folder / name
        references = [
            ("libtiff", lambda: None if name in files.only_truth else by_libtiff(path, scratch)),
            ("what was written", lambda: files.truth[name] and files.truth[name].convert("RGBA")),
            ("the writer", lambda: by_its_writer(path, scratch)),
        ]
        differences = []
        for by, find in references:
            reference = find()
            if reference is None:
                continue
            if shown.size != reference.size:
                differences.append(f"{shown.size} for {reference.size} of {by}")
                continue
            mean = ImageStat.Stat(ImageChops.difference(shown, reference)).mean
            coarse = "lab" in name.lower() and "jpeg" in name.lower()
            if max(mean) < (MOST_OF_COARSE if coarse else MOST):
                counts[f"same as {by}" + (", unlike libtiff" if differences else "")] += 1
                break
            differences.append(f"differs from {by} by {', '.join(f'{d:.2f}' for d in mean)}")
        else:
            wrong.append((name, "; ".join(differences) or "nobody knows what it shows"))
    return counts, refused, wrong


def mutate(program, files, scratch, count):
    """Damaged copies of the files: what photofit answers to them."""
    sources = sorted(files.truth)
    chance = random.Random(1)
    kinds = collections.Counter()
    batch = 500
    for first in range(0, count, batch):
        folder, out = scratch / "mutated", scratch / "mutated-out"
        for path in (folder, out):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        for i in range(first, min(first + batch, count)):
            data = bytearray((files.folder / chance.choice(sources)).read_bytes())
            for _ in range(chance.randint(1, 8)):
                # The directory stands at either end.
                at = chance.choice([chance.randrange(len(data)), chance.randrange(min(400, len(data))),
                                    len(data) - 1 - chance.randrange(min(400, len(data)))])
                data[at] = chance.choice([data[at] ^ 1 << chance.randrange(8), 0, 1, 2, 255, chance.randrange(256)])
            if chance.random() < 0.15:
                del data[chance.randrange(len(data)):]
            (folder / f"{i}.tif").write_bytes(data)
        for name, answer in photofit(program, folder, out).items():
            kind = "ok" if answer["status"] == "ok" else answer["error"]["kind"]
            kinds[kind] += 1
            if kind in ("panicked", "broken-promise"):
                shutil.copy(folder / name, files.folder.parent / f"panic-{name}")
                print(f"panic: {files.folder.parent / f'panic-{name}'}: {answer['error']}")
    return kinds


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("--keep", type=pathlib.Path, help="where the files stay")
    arguments.add_argument("--mutate", type=int, default=0)
    options = arguments.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tiff-matrix-"))
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    root = options.keep or scratch
    folder, out = root / "files", root / "out"
    for path in (folder, out):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    files = Set(folder)
    if not shutil.which("tiff2rgba"):
        sys.exit("tiff2rgba (libtiff-tools) is not installed: there is nothing to compare with")
    kinds = bases(files)
    source = root / "source.png"
    image(picture()).save(source)
    by_tiffcp(files, kinds)
    by_pillow(files)
    for name, maker in (("vips", by_vips), ("convert", by_magick)):
        if shutil.which(name):
            maker(files, source)
        else:
            print(f"{name} is not installed: its files are left out")
    print(f"{len(files.truth)} files; not written, as the programs cannot: {dict(files.failed)}")
    answers = photofit(options.program, folder, out)
    counts, refused, wrong = compare(files, answers, scratch)
    for what, count in sorted(counts.items()):
        print(f"{count:5} {what}")
    for message, count in refused.most_common():
        print(f"      {count:5} {message}")
    for name, what in wrong:
        print(f"wrong: {name}: {what}")
    print(f"{len(wrong):5} wrong")
    bad = len(wrong)
    if options.mutate:
        seen = mutate(options.program, files, scratch, options.mutate)
        print(f"{options.mutate} damaged copies: {dict(seen)}")
        bad += seen["panicked"] + seen["broken-promise"]
    shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
