"""What libtiff and others show of a TIFF, as Pillow pictures with colours multiplied by alpha."""

import struct
import subprocess

from PIL import Image, ImageChops

from writer import LONG, SHORT


def multiplied(rgba):
    """Colours multiplied by alpha, as libtiff gives them."""
    if rgba.mode != "RGBA":
        return rgba.convert("RGBA")
    r, g, b, a = rgba.split()
    return Image.merge("RGBA", [ImageChops.multiply(c, a) for c in (r, g, b)] + [a])


def by_libtiff(path, scratch):
    """What libtiff shows, colours multiplied by alpha; None if it shows nothing."""
    out = scratch / "reference.tif"
    out.unlink(missing_ok=True)
    done = subprocess.run(["tiff2rgba", "-c", "none", str(path), str(out)], capture_output=True, check=False)
    if done.returncode or not out.exists():
        return None
    data = out.read_bytes()
    tags = fields(data)
    if tags is None:
        return None
    # It says that alpha is associated, and programs would divide by it; and its bits may be reversed as the source's are.
    flat = b"".join(data[at:at + length] for at, length in zip(tags[0x0111], tags[0x0117]))
    if tags.get(0x010A) == [2]:
        flat = flat.translate(bytes(int(f"{v:08b}"[::-1], 2) for v in range(256)))
    size = (tags[0x0100][0], tags[0x0101][0])
    return Image.frombytes("RGBA" if tags[0x0115] == [4] else "RGB", size, flat).convert("RGBA")


def fields(data):
    """The whole numbers of a classic TIFF's first directory."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8:
        return None
    (at,) = struct.unpack_from(order + "I", data, 4)
    if at + 2 > len(data):
        return None
    tags = {}
    for i in range(*struct.unpack_from(order + "H", data, at)):
        tag, kind, count = struct.unpack_from(order + "HHI", data, at + 2 + 12 * i)
        if kind in (SHORT, LONG):
            code, size = ("H", 2) if kind == SHORT else ("I", 4)
            place = at + 10 + 12 * i
            if count * size > 4:
                (place,) = struct.unpack_from(order + "I", data, place)
            tags[tag] = list(struct.unpack_from(f"{order}{count}{code}", data, place))
    return tags


def by_its_writer(path, scratch):
    """What the program shows that has written the file; None if that is not one of them, or it shows nothing."""
    out = scratch / "reference.png"
    out.unlink(missing_ok=True)
    writer = path.name.split("-")[0]
    if writer == "pillow":
        try:
            with Image.open(path) as shown:
                return multiplied(shown.convert("RGBA"))
        except OSError:
            return None
    commands = {
        "vips": ["vips", "icc_transform", str(path), str(out), "srgb", "--embedded"],
        "magick": ["convert", str(path), "-colorspace", "sRGB", "-depth", "8", str(out)],
    }
    if writer not in commands:
        return None
    done = subprocess.run(commands[writer], capture_output=True, check=False)
    if done.returncode and writer == "vips":
        done = subprocess.run(["vips", "colourspace", str(path), str(out), "srgb"], capture_output=True, check=False)
    if done.returncode or not out.exists():
        return None
    with Image.open(out) as shown:
        return multiplied(shown.convert("RGBA"))


def narrow(path):
    """photofit's picture, 8 bits a channel, colours multiplied by alpha."""
    with Image.open(path) as shown:
        if shown.mode.startswith("I"):
            shown = shown.convert("I").point(lambda v: v / 257).convert("L")
        return multiplied(shown.convert("RGBA") if "A" in shown.mode or "transparency" in shown.info else shown.convert("RGB"))
