"""Folder names made of what people wrote."""

import pytest

from oft_demo.data.exporting.names import folder_name, folder_names, is_dataset_name, words_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("put the yellow corn into the pot", "put_the_yellow_corn_into_the_pot"),
        ("Put the RED-pepper, into the pot!", "put_the_red_pepper_into_the_pot"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "unnamed"),
        ("/", "unnamed"),
        ("", "unnamed"),
        (".hidden\x00\n", "hidden"),
        ("C:\\Windows", "c_windows"),
        ("lege den Mais über den Topf", "lege_den_mais_über_den_topf"),
        ("把玉米放进锅里", "把玉米放进锅里"),
        ("put_the__corn", "put_the_corn"),
    ],
)
def test_words_stay_and_everything_else_goes(text, name):
    assert folder_name(text) == name


@pytest.mark.parametrize("text", ["put " * 300, "x" * 5000, "锅" * 400, "é" * 300])
def test_names_are_short_enough_for_every_disk(text):
    name = folder_name(text)
    assert 0 < len(name) <= 120
    assert len(name.encode()) <= 200
    assert not name.endswith("_")


def test_the_same_words_share_a_folder_and_others_are_numbered():
    long = "put " * 60
    texts = ["Put corn.", "put corn", long + "one", long + "two", long + "three"]
    names = folder_names(texts)
    assert names["Put corn."] == names["put corn"] == "put_corn"
    assert len({names[text] for text in texts}) == 4
    assert names[long + "two"].endswith("_2")
    assert names[long + "three"].endswith("_3")


def test_names_are_the_same_for_all_ways_to_write_a_letter():
    assert words_of("café") == words_of("cafe\u0301")


@pytest.mark.parametrize(("name", "good"), [("corn_2", True), ("Corn", False), ("_corn", False), ("corn__2", False)])
def test_data_set_names(name, good):
    assert is_dataset_name(name) == good
