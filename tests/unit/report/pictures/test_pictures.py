"""Heat maps, galleries and thumbnails, with the expected pictures worked out by hand."""

import base64
import io
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset.photos import files as photos
from models.network import grad_cam
from report.pictures import selection, thumbnails

MOOD_NAMES = ["공포", "공격성"]


def test_the_heat_lies_where_the_mood_s_colour_is() -> None:
    pixels = keras.Input((8, 8, 3), name="pixels")
    pooled = keras.layers.GlobalAveragePooling2D(name="head_pool")(
        keras.layers.AveragePooling2D(4)(pixels)
    )
    head = keras.layers.Dense(2, activation="softmax", name="head")
    model = keras.Model(pixels, head(pooled))
    # Red speaks for the first mood, blue for the second.
    head.set_weights([np.array([[0.01, 0], [0, 0], [0, 0.01]], np.float32), np.zeros(2)])
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:4, :4, 0] = 200
    picture[:4, 4:, 0] = 100
    picture[4:, 4:, 2] = 200
    first, second = grad_cam.heat_maps(model, np.stack([picture, picture]), [0, 1])
    assert first == pytest.approx(np.array([[1, 0.5], [0, 0]]), abs=1e-6)
    assert second == pytest.approx(np.array([[0, 0], [0, 1]]), abs=1e-6)


def test_galleries_hold_the_best_of_each_clip_and_no_prediction_with_nan(
    tmp_path: Path,
) -> None:
    rows = [
        ("a0", "a", 0, (0.9, 0.1)),
        ("a1", "a", 0, (0.95, 0.05)),
        ("b0", "b", 0, (0.2, 0.8)),
        ("c0", "c", 1, (0.51, 0.49)),
        ("d0", "d", 1, (float("nan"), 0.5)),
    ]
    names = ("image_path", "clip", "label_index", "probabilities")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    found = selection.select_predictions(tmp_path / "p.parquet", MOOD_NAMES)
    assert [
        (gallery.kind, gallery.mood, [each.image for each in gallery.predictions])
        for gallery in found
    ] == [
        ("wrong", "공포", ["b0"]),
        ("right", "공포", ["a1"]),
        ("wrong", "공격성", ["c0"]),
        ("right", "공격성", []),
        ("unsure", "", ["c0", "b0", "a0"]),
    ]
    (wrong,) = found[0].predictions
    assert (wrong.row, wrong.label, wrong.predicted) == (2, "공포", "공격성")
    assert (wrong.probability, wrong.label_probability) == (0.8, 0.2)


def write_predictions(path: Path, labels: list[int], num_moods: int) -> None:
    """Writes rows of one clip each, which a model takes for mood 0 with probability 0.6."""
    probabilities = [[0.6, *([0.4 / (num_moods - 1)] * (num_moods - 1))]] * len(labels)
    names = [f"x{row}" for row in range(len(labels))]
    columns = {"image_path": names, "clip": names, "label_index": labels}
    pq.write_table(pa.table({**columns, "probabilities": probabilities}), path)


def test_the_number_of_pictures_does_not_grow_with_the_moods(tmp_path: Path) -> None:
    moods = [f"m{index}" for index in range(100)]
    write_predictions(tmp_path / "p.parquet", [*range(100), *[77] * 5, *range(100)], 100)
    found = selection.select_predictions(tmp_path / "p.parquet", moods)
    of_moods = [gallery for gallery in found if gallery.mood]
    assert sum(len(gallery.predictions) for gallery in of_moods) <= selection.MAX_PICTURES
    # 24 moods with one picture of each kind; that with the most wrong rows is among them.
    assert len({gallery.mood for gallery in of_moods}) == 24
    assert "m77" in {gallery.mood for gallery in of_moods}


def test_a_gallery_keeps_the_best_over_all_batches(tmp_path: Path) -> None:
    rows = 9000  # More than a batch.
    names = [f"x{row}" for row in range(rows)]
    # The surest are at the very end and at the beginning.
    sure = [0.5 + 0.4 * row / rows for row in range(rows)]
    sure[0] = 0.99
    columns = {"image_path": names, "clip": names, "label_index": [0] * rows}
    columns["probabilities"] = [[value, 1 - value] for value in sure]
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    found = selection.select_predictions(tmp_path / "p.parquet", MOOD_NAMES)
    assert [each.row for each in found[1].predictions] == [0, 8999, 8998, 8997]
    assert [each.row for each in found[-1].predictions] == [1, 2, 3, 4, 5, 6]


def test_nothing_is_painted_where_there_is_no_heat() -> None:
    pixels = np.full((8, 8, 3), 100, np.uint8)
    heat = np.zeros((2, 2), np.float32)
    assert (np.asarray(thumbnails.overlay_heat_map(pixels, heat)) == 100).all()
    heat[0, 1] = 1
    painted = np.asarray(thumbnails.overlay_heat_map(pixels, heat), int)
    # Of so few cells each is painted as one: yellow (255, 244, 92) with an opacity of 0.7.
    assert (painted[:4, :4] == 100).all() and (painted[4:] == 100).all()
    assert painted[0, 7] == pytest.approx([208.5, 200.8, 94.4], abs=1)


def decoded(uri: str | None) -> Image.Image:
    assert uri is not None
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_refused_photo_is_shown_upright_with_its_box(tmp_path: Path) -> None:
    # Lying on its side: 400 x 200 as stored, 200 x 400 upright.
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200), "white").save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    csv = tmp_path / "train.csv"
    csv.write_text(
        'image_path,bbox,labels\na.jpg,"100,50,200,100",공포\nbroken.jpg,"1,1",공포\n', "utf-8"
    )
    rejects = tmp_path / "rejects.csv"
    rejects.write_text(
        "split,source,line,image,reason,detail\n"
        f"train,{csv},2,a.jpg,box_too_small,small\n"
        f"train,{csv},3,broken.jpg,not_an_image,bytes\n"
        f"train,{csv},4,gone.jpg,image_missing,gone\n",
        "utf-8",
    )
    by_reason = thumbnails.refused_rows(rejects, None)
    assert by_reason["not_an_image"][0].picture is by_reason["image_missing"][0].picture is None
    picture = decoded(by_reason["box_too_small"][0].picture)
    assert picture.size == (100, 200)
    pixels = np.asarray(picture, int)
    red = (pixels[..., 0] - pixels[..., 1] > 60).nonzero()
    # Half the size: the box' edges are at rows 50 and 150, columns 25 and 75.
    assert [red[0].min(), red[0].max(), red[1].min(), red[1].max()] == pytest.approx(
        [50, 150, 25, 75], abs=3
    )


def test_a_photo_refused_as_too_large_is_not_opened_and_a_failure_costs_one_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = tmp_path / "train.csv"
    lines = [f'{name}.png,"0,0,9,9",공포' for name in ("large", "odd", "a")]
    csv.write_text("\n".join(["image_path,bbox,labels", *lines]), "utf-8")
    for name in ("large", "odd", "a"):
        Image.new("RGB", (40, 40)).save(tmp_path / f"{name}.png")
    rejects = tmp_path / "rejects.csv"
    rejects.write_text(
        "split,source,line,image,reason,detail\n"
        f"train,{csv},2,large.png,image_too_large,pixels\n"
        f"train,{csv},3,odd.png,box_outside_image,outside\n"
        f"train,{csv},5,secret.png,image_outside_root,it lies elsewhere\n"
        f"train,{csv},4,a.png,box_too_small,small\n",
        "utf-8",
    )
    read: list[str] = []

    def read_photo(root: str, path: str) -> bytes:
        read.append(path)
        if path == "odd.png":
            raise RecursionError
        return photos.read_photo(root, path)

    monkeypatch.setattr(thumbnails, "read_photo", read_photo)
    found = {
        reason: rows[0].picture is not None
        for reason, rows in thumbnails.refused_rows(rejects, None).items()
    }
    assert found == {
        "image_too_large": False,
        "image_outside_root": False,
        "box_outside_image": False,
        "box_too_small": True,
    }
    assert read == ["odd.png", "a.png"]


def test_no_more_than_a_few_rows_of_a_reason_are_shown(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    lines = [f"train,{tmp_path}/gone.csv,{n},x{n}.jpg,image_missing,gone" for n in range(2, 9)]
    rejects.write_text("\n".join(["split,source,line,image,reason,detail", *lines]), "utf-8")
    assert [row.line for row in thumbnails.refused_rows(rejects, None)["image_missing"]] == [
        2,
        3,
        4,
    ]
