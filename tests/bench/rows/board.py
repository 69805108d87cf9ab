# SPDX-License-Identifier: EUPL-1.2
"""The careboard: from an alert's publishing to its row on the screen.

The school is that of tests/careboard: nginx and Mosquitto as shipped, over TLS, the real register with 2,000 pupils and two
kiosks, the built page in a real Chromium without a window. From the moment before the alert goes to the broker (retained,
QoS 1, by somebody who stands for the register) to the second frame after its row was put on top of the list, in sight: the
first one draws it, the second shows that it was drawn, so that up to a frame (17 ms) too much is counted. Alerts come one by
one, 100 to 350 ms apart at random: at no fixed moment of a frame. Once on a board with nothing else, once with 500 open.

The floor is mosquitto_sub on the same broker, the same messages at the same time: by its own stamp of each line. It draws
nothing and has no nginx, no WebSocket before it.
"""

from common import AtMostOver, Figure, Measured, Told

ALERTS, CROWD, LOADS = 24, 500, 3
SUB = "mosquitto_sub"
FIGURES = [
    Figure("board_visible", "alert published to visible in the careboard, median", "ms", floor=SUB, aim=AtMostOver(100)),
    Figure("board_visible_p95", "the same, p95", "ms", floor=SUB + ", p95"),
    Figure("board_visible_crowd", "the same with 500 alerts open, median", "ms", floor=SUB, aim=AtMostOver(100)),
    Figure("board_visible_crowd_p95", "the same with 500 alerts open, p95", "ms", floor=SUB + ", p95"),
    Figure("board_burst", "500 alerts published at once, first published to the last one drawn", "ms", aim=Told()),
    Figure("board_reload", "careboard loaded anew with 548 alerts open until all rows are there", "ms", aim=Told()),
    Figure("board_first_paint", "careboard's first paint, nothing in the browser's cache", "ms", aim=Told()),
    Figure("board_bytes", "careboard over the wire, first load", "kB", aim=Told()),
]


def measure(bench):
    counts = (3, 20, 1) if bench.quick else (ALERTS, CROWD, LOADS)
    programs = bench.programs
    got = bench.figures(bench.run(["node", bench.source / "tests/bench/board.mjs", programs,
                                   bench.source / "build/careboard", *counts], timeout_s=240))
    for name, figure in (("calm", "board_visible"), ("crowd", "board_visible_crowd")):
        yield figure, Measured(got[name], got[f"{name}_floor"])
        yield f"{figure}_p95", Measured(got[f"{name}_p95"], got[f"{name}_floor_p95"])
    yield "board_burst", Measured(got["burst"])
    yield "board_reload", Measured(got["reload"])
    yield "board_first_paint", Measured(got["paint"])
    yield "board_bytes", Measured(got["bytes"] / 1000)
