"""Folders in which AI Hub's data has been passed on."""

from typing import NamedTuple


class Layout(NamedTuple):
    """Folders of label files and of clip folders, by split; {} stands for the species."""

    labels: dict[str, str]
    images: dict[str, str]


LAYOUTS = {
    "plain": Layout(
        {"train": "train/{}/labels/arch", "val": "val/{}/labels/arch"},
        {"train": "train/{}/images/arch", "val": "val/{}/images/arch"},
    ),
    "by species": Layout(
        {"train": "Training/{}/라벨", "val": "Validation/{}/라벨"},
        {"train": "Training/{}/원천", "val": "Validation/{}/원천"},
    ),
    "numbered": Layout(
        {
            "train": "동물 영상/Training/라벨링데이터_1",
            "val": "동물 영상/Validation/라벨링데이터_1",
        },
        {"train": "동물 영상/Training/원천데이터_1", "val": "동물 영상/Validation/원천데이터_1"},
    ),
    "archives": Layout(
        {
            "train": "1.데이터/1.Training/02.라벨링데이터/TL_{}",
            "val": "1.데이터/2.Validation/02.라벨링데이터/VL_{}.zip",
        },
        # Source archives are cut where the archives of labels are not.
        {
            "train": "1.데이터/1.Training/01.원천데이터/TS1/20201028",
            "val": "1.데이터/2.Validation/01.원천데이터/VS1/VS1",
        },
    ),
    "archives alone": Layout({"train": "TL1", "val": "VL1"}, {"train": "TS1", "val": "VS1"}),
    "actions": Layout(
        {"train": "training/label/[라벨] ARCH", "val": "validation/label/[라벨] ARCH"},
        {"train": "training/image/[원본] ARCH", "val": "validation/image/[원본] ARCH"},
    ),
    "beside the clips": Layout(
        {"train": "training/{}", "val": "validation/{}"},
        {"train": "training/{}", "val": "validation/{}"},
    ),
}
"""The plain one is that of the project's own facts; the others are put together from what public
projects show of AI Hub's archives."""
