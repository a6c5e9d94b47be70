"""The twelve looks of the page (sizes, color schemes, languages), and JavaScript that checks them."""

import time

from lab.benchmarks.page_driver import TIMEOUT_SECONDS, wait_for_frames

SIZES = [(1440, 900), (1024, 768), (390, 844)]
LOOKS = [(*size, scheme, language) for size in SIZES for scheme in ("light", "dark") for language in ("en", "zh")]

TOUR_STOPS = 10  # explanations of the tour
SEVEN = [(28, 24), (50, 22), (70, 22), (60, 45), (50, 66), (45, 84)]

ARE_IN_WINDOW = """selector => [...document.querySelectorAll(selector)].every(one => {
  const { top, bottom, left, right, width } = one.getBoundingClientRect();
  return width > 0 && top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
})"""
"""A function of a selector: whether all its elements are within the window."""

IS_TOUR_STAGE_IN_VIEW = """(() => {
  const stop = lenet.store.state.stop;
  const stage = lenet.store.state.focus && stop ? lenet.store.state.focus.stageIndex + 1 : 0;
  const { top, bottom } = document.querySelectorAll(".network .stage")[stage].getBoundingClientRect();
  const panel = document.querySelector(".tour").getBoundingClientRect();
  return top >= 0 && bottom <= (panel.left > 0 ? innerHeight : panel.top);
})()"""
"""Whether the stage that the tour speaks of is in view."""

COUNT_CROSSED_STAGES = """(() => {
  const { position, stageIndex } = lenet.store.state.focus;
  const row = document.querySelectorAll(".network")[position];
  const lines = [...row.querySelectorAll(".links-lines > *")];
  const others = [...row.querySelectorAll(".stage")]
    .filter((_, index) => index !== stageIndex && index !== stageIndex + 1);
  const ends = (line) => line.tagName === "line"
    ? [[line.x1, line.y1], [line.x2, line.y2]].map((pair) => pair.map((one) => one.baseVal.value))
    : [...line.points].map(({ x, y }) => [x, y]);
  const origin = row.querySelector(".links").getBoundingClientRect();
  const passes = lines.flatMap((line) => {
    const points = ends(line);
    return points.slice(1).flatMap((to, at) => Array.from({ length: 400 }, (_, step) =>
      to.map((value, axis) => points[at][axis] + ((value - points[at][axis]) * step) / 399)));
  });
  return { lines: lines.length, crossed: others.filter((other) => {
    const { left, right, top, bottom } = other.getBoundingClientRect();
    return passes.some(([x, y]) => x + origin.x > left && x + origin.x < right && y + origin.y > top
      && y + origin.y < bottom);
  }).length };
})()"""
"""How many lines lead from the unit in focus, and how many stages they pass over without touching them."""

FIND_WHITE_CANVASES = """[...document.querySelectorAll("canvas:not(.photo), canvas.is-sketch")].filter((canvas) => {
  if (!canvas.clientWidth || !canvas.width) return false;
  const copy = new OffscreenCanvas(60, 60).getContext("2d", { willReadFrequently: true });
  copy.filter = getComputedStyle(canvas).filter;
  copy.drawImage(canvas, 0, 0, 60, 60);
  const { data } = copy.getImageData(0, 0, 60, 60);
  let white = 0;
  for (let at = 0; at < data.length; at += 4) {
    white += data[at + 3] > 128 && Math.min(data[at], data[at + 1], data[at + 2]) > 200;
  }
  return white > 1800;
}).map((canvas) => canvas.className || canvas.parentElement.className)"""
"""The canvases that are mostly nearly white, but for paper that was photographed, which is shown as it is."""

COUNT_COLORS = """canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return { colors: new Set(pixels).size, sum: pixels.reduce((sum, pixel, at) => (sum + pixel * (at % 97)) % 1e9, 0) };
}"""
"""A function of a canvas: how many colors it has, and a sum that changes with its picture."""


def focus(driver, stage, unit):
    """Pin the focus to a unit of the first network shown."""
    driver.page.evaluate(
        "(focus) => lenet.store.set({ focus })", {"position": 0, "stageIndex": stage, "unit": unit, "isPinned": True}
    )
    wait_for_frames(driver.page)


def scroll_to(driver, section):
    """Bring a section into view."""
    driver.page.locator(section).scroll_into_view_if_needed()
    driver.page.evaluate(f"document.querySelector('{section}').scrollIntoView()")


def wait_until(driver, holds, what):
    """Wait until something holds: what a page draws, it draws in its next frame, late on a busy machine."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < end, what
        driver.page.wait_for_timeout(30)


def serious_violations(driver, axe, place="document"):
    """The violations that axe-core calls serious or critical."""
    driver.page.evaluate(axe)
    result = driver.page.evaluate(f"axe.run({place}, {{ resultTypes: ['violations'] }})")
    return {
        found["id"]: [node["html"][:160] for node in found["nodes"][:4]]
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    }
