"""The program that draws: real pictures, looked at pixel by pixel."""

import io
import json
import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image

DAYS = [(date(2026, 10, 24) + timedelta(days=number)).isoformat() for number in range(30)]
HAIKU, SONNET, OPUS = (0, 114, 178), (230, 159, 0), (0, 158, 115)
WHITE = (255, 255, 255)


def picture(**stacks: list[int]) -> Image.Image:
    given = {
        "title": "Spend per day, last 30 days",
        "days": DAYS,
        "stacks": [{"name": name, "costs": costs} for name, costs in stacks.items()],
    }
    done = run(json.dumps(given))
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr
    with Image.open(io.BytesIO(done.stdout), formats=["PNG"]) as image:
        return image.convert("RGB")


def run(given: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bridge.chart"],
        input=given.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )


def colors(image: Image.Image) -> dict[Any, int]:
    found = image.getcolors(image.width * image.height)
    assert found is not None
    return {color: amount for amount, color in found}


def costs(**days: int) -> list[int]:
    """Micro-USD by the number of the day: `_0=1`."""
    return [days.get(f"_{number}", 0) for number in range(30)]


def columns(image: Image.Image, color: tuple[int, int, int]) -> list[int]:
    """Where bars of that color stand; what is above them is the legend."""
    width, height = image.size
    return [x for x in range(width) if color in colors(image.crop((x, 150, x + 1, height)))]


def test_models_are_stacked_in_colors_of_their_own_on_white() -> None:
    image = picture(
        haiku=costs(_0=500_000, _29=100_000), sonnet=costs(_0=900_000), opus=costs(_15=2_000_000)
    )
    found = colors(image)
    assert image.size == (1000, 640)
    assert max(found, key=lambda color: found[color]) == WHITE
    assert all(found[color] > 500 for color in (HAIKU, SONNET, OPUS))


def test_the_area_of_a_color_is_what_was_spent() -> None:
    found = colors(picture(haiku=[50_000] * 30, sonnet=[100_000] * 30))
    assert found[SONNET] / found[HAIKU] == pytest.approx(2, rel=0.05)


def test_days_stand_in_order_from_left_to_right() -> None:
    image = picture(haiku=costs(_0=1_000_000), sonnet=costs(_29=1_000_000))
    assert max(columns(image, HAIKU)) < 200
    assert min(columns(image, SONNET)) > 900


def test_a_model_that_cost_nothing_keeps_its_color_free() -> None:
    found = colors(picture(haiku=costs(), sonnet=costs(_3=10)))
    assert HAIKU not in found
    assert SONNET in found


def test_an_empty_month_is_a_picture_with_words() -> None:
    image = picture(haiku=costs())
    found = colors(image)
    assert image.size == (1000, 640)
    assert not {HAIKU, SONNET, OPUS} & set(found)
    assert len(set(image.crop((250, 280, 750, 360)).get_flattened_data())) > 1


def test_any_name_of_a_model_can_be_drawn() -> None:
    names = ["_hidden", "$a$b", "x" * 20, "модель"]
    assert HAIKU in colors(picture(**dict.fromkeys(names, costs(_4=1))))


@pytest.mark.parametrize("most", [1, 12_345, 999_999_999_999])
def test_amounts_of_any_size_stay_within_the_picture(most: int) -> None:
    """The outermost pixels stay white: no label is cut."""
    image = picture(haiku=costs(_0=most), sonnet=costs(_29=most // 2))
    width, height = image.size
    edge = [image.getpixel((x, y)) for x in (0, width - 1) for y in range(height)]
    edge += [image.getpixel((x, y)) for y in (0, height - 1) for x in range(width)]
    assert set(edge) == {WHITE}


def test_six_long_names_hide_no_bar() -> None:
    names = [f"a-rather-long-name-{number}" for number in range(6)]
    found = colors(picture(**dict.fromkeys(names, [1_000_000_000] * 30)))
    areas = sorted(found.values(), reverse=True)[1:7]  # after the white
    assert areas[5] == pytest.approx(areas[0], rel=0.05)


def test_what_is_no_chart_is_an_error_and_no_picture() -> None:
    done = run("{}")
    assert done.returncode == 1
    assert not done.stdout
