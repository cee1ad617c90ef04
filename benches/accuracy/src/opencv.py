"""Template matching as it is done with OpenCV, on request: a line of JSON in, a line of JSON out."""

import json
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
THRESHOLD = 0.8
SAME = 0.3


def variants(template, many):
    """The template itself, or at 11 scales of up to 20 % and 11 angles of up to 15 degrees."""
    if not many:
        return [template]
    out = []
    h, w = template.shape
    for scale in np.linspace(0.8, 1.2, 11):
        for angle in np.linspace(-15, 15, 11):
            turn = cv2.getRotationMatrix2D((w / 2, h / 2), angle, scale)
            cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
            nw, nh = int(round(h * sin + w * cos)), int(round(h * cos + w * sin))
            turn[0, 2] += nw / 2 - w / 2
            turn[1, 2] += nh / 2 - h / 2
            out.append(cv2.warpAffine(template, turn, (nw, nh), borderValue=255))
    return out


def kept(hits):
    """Non-maximum suppression: the best of hits that overlap."""
    hits.sort(key=lambda hit: -hit[0])
    out = []
    for score, x, y, w, h in hits:
        for _, u, v, s, t in out:
            wide, high = min(x + w, u + s) - max(x, u), min(y + h, v + t) - max(y, v)
            if wide > 0 and high > 0 and wide * high > SAME * (w * h + s * t - wide * high):
                break
        else:
            out.append((score, x, y, w, h))
    return out


def match(page, template, many):
    hits = []
    wall, cpu = 0.0, 0.0
    for variant in variants(template, many):
        before = (time.perf_counter(), time.process_time())
        result = cv2.matchTemplate(page, variant, cv2.TM_CCOEFF_NORMED)
        wall += time.perf_counter() - before[0]
        cpu += time.process_time() - before[1]
        h, w = variant.shape
        # Peaks only, so that there are few to choose from.
        peaks = (result >= THRESHOLD) & (result == cv2.dilate(result, np.ones((3, 3))))
        for y, x in np.argwhere(peaks):
            hits.append((float(result[y, x]), int(x), int(y), w, h))
    return {"wall_s": wall, "cpu_s": cpu, "hits": kept(hits)}


def answer(asked, pages={}):
    if asked["do"] == "version":
        return {"opencv": cv2.__version__, "python": sys.version.split()[0], "threads": cv2.getNumThreads()}
    if asked["page"] not in pages:
        pages[asked["page"]] = cv2.imread(asked["page"], cv2.IMREAD_GRAYSCALE)
    page = pages[asked["page"]]
    x, y, w, h = asked["area"]
    return match(page, page[y : y + h, x : x + w], asked["many"])


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
