# SPDX-License-Identifier: MIT
"""The smallest line plot: numbers in powers of ten to the right, a cost from 0 up; a panel beside the other, as SVG."""

WIDTH, HEIGHT, LEFT, TOP, GAP = 250, 200, 50, 44, 40
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94")
STYLE = ("text{font:11px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}"
         "svg{background:#fff}polyline{fill:none;stroke-width:2}")


def nice_top(value):
    """The least of 1, 2, 5, 10 ... that is not below."""
    step = 1e-9
    while True:
        for factor in (1, 2, 5):
            if step * factor >= value:
                return step * factor
        step *= 10


def short(value):
    return f"{value:g}"


def text(x, y, words, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{words}</text>'


class Panel:
    """series: {name: [(x, y)]}; x in powers of ten."""

    def __init__(self, title, across, up, series):
        self.title, self.across, self.up, self.series = title, across, up, series
        points = [point for line in series.values() for point in line]
        self.xs = sorted({x for x, _ in points})
        self.top = nice_top(max(y for _, y in points) * 1.1)

    def place(self, x, y, left):
        across = self.xs.index(x) / max(1, len(self.xs) - 1)
        return left + across * WIDTH, TOP + HEIGHT - y / self.top * HEIGHT

    def draw(self, left):
        yield text(left, 16, self.title, ' class="title"')
        yield text(left, 32, f"{self.up}, by {self.across}")
        for i in range(5):
            y = TOP + HEIGHT - i * HEIGHT / 4
            yield f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{left + WIDTH}" y2="{y:.1f}"/>'
            yield text(left - 6, y + 4, short(self.top * i / 4), ' text-anchor="end"')
        for x in self.xs:
            yield text(self.place(x, 0, left)[0], TOP + HEIGHT + 16, f"{x:,}", ' text-anchor="middle"')
        for i, (name, line) in enumerate(self.series.items()):
            colour = COLOURS[i % len(COLOURS)]
            places = [self.place(x, y, left) for x, y in line]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield f'<polyline points="{path}" stroke="{colour}"/>'
            yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
            yield f'<text x="{left}" y="{TOP + HEIGHT + 36 + 15 * i}" style="fill:{colour}">{name}</text>'


def draw(panels):
    """The text of an SVG file."""
    lines = max(len(panel.series) for panel in panels)
    width, height = (LEFT + WIDTH + GAP) * len(panels), TOP + HEIGHT + 40 + 15 * lines
    body = [line for i, panel in enumerate(panels) for line in panel.draw(LEFT + i * (LEFT + WIDTH + GAP))]
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                      f'viewBox="0 0 {width} {height}">', f"<style>{STYLE}</style>",
                      f'<rect width="{width}" height="{height}" fill="#fff"/>', *body, "</svg>", ""])
