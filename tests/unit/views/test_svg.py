"""SVG: well formed, whatever the labels are, and small, however many bars there are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from parallel_agents.views.charts import Bar, Chart, Point
from parallel_agents.views.svg import svg_of

EVIL = "</svg><script>alert(1)</script>&\x1b[2J\x00 ' \" 日本"


@pytest.mark.parametrize(
    "chart",
    [
        Chart(title=EVIL, x_label=EVIL),
        Chart(
            title=EVIL,
            x_label="s",
            lanes=[EVIL],
            bars=[Bar(0, 0, 1, EVIL, EVIL)],
            points=[Point(1, 0, EVIL, EVIL)],
        ),
        Chart(title="x", x_label="x", y_label=EVIL, lines={EVIL: [(0, 0), (1, 2)]}),
        Chart(title="x", x_label="x", lines={str(n): [(0, 0)] for n in range(20)}, is_stepped=True),
    ],
)
def test_a_picture_is_well_formed_and_has_no_script(chart: Chart) -> None:
    root = ElementTree.fromstring(svg_of(chart))

    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
        *("svg", "title", "rect", "text", "path", "circle"),
    }


def test_bars_that_touch_on_the_picture_are_one_stroke() -> None:
    bars = [Bar(0, n / 100, (n + 1) / 100, "model") for n in range(60_000)]

    assert len(svg_of(Chart(title="x", x_label="s", lanes=["a"], bars=bars))) < 5000


def test_a_line_of_many_corners_is_as_long_as_the_picture_is_wide() -> None:
    corners = [(number / 100_000, float(number)) for number in range(100_000)]
    chart = Chart(title="cost", x_label="seconds", lines={"all": corners}, is_stepped=True)

    picture = svg_of(chart)

    assert len(picture) < 60_000
    assert 'V44.0"' in picture  # up to the last corner, at the top
