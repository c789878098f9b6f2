"""Names and addresses stand for policies, and for nothing else on this machine or beyond."""

import json

import pytest

from oft_demo.errors import UnknownName
from oft_demo.policy_sources import (
    AddressNotAllowed,
    FilmOff,
    Remote,
    Saved,
    Scripted,
    Sources,
    WithoutFilm,
    checked_address,
)
from oft_demo.serve import InvalidAddress
from oft_demo.settings import Settings

OFFICIAL = {"model_type": "openvla"}


def write(directory, config, *names):
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(config))
    for name in names:
        (directory / name).write_text("{}")
    return directory


@pytest.fixture
def sources(tmp_path):
    write(tmp_path / "policies" / "aloha-mini", {}, "policy.json")
    write(tmp_path / "policies" / "another", {}, "policy.json")
    root = tmp_path / "checkpoints"
    write(root / "run--100000_chkpt", OFFICIAL)
    write(root / "folder" / "run+lora--5000_chkpt", OFFICIAL, "policy.json")
    write(root / "mine", {}, "policy.json")
    write(root / "not-a-policy", {"model_type": "bert"})
    write(root / ".hidden", OFFICIAL)
    write(root / "a" / "b" / "too-deep", OFFICIAL)
    write(tmp_path / "outside", OFFICIAL)
    (root / "leads-out").symlink_to(tmp_path / "outside")
    (root / "leads-in").symlink_to(root / "mine")
    return Sources(tmp_path / "policies", root, ("http://10.0.0.5:8777",))


def test_all_that_can_be_chosen_is_listed_in_order(sources):
    assert sources.names() == (
        "aloha-mini",
        "another",
        "folder/run+lora--5000_chkpt",
        "leads-in",
        "mine",
        "run--100000_chkpt",
        "http://10.0.0.5:8777",
        "expert",
    )


def test_every_listed_name_can_be_found(sources):
    root = sources.checkpoints
    found = {name: sources.find(name) for name in sources.names()}
    assert found["expert"] == Scripted()
    assert found["aloha-mini"] == Saved("aloha-mini", sources.policies / "aloha-mini")
    assert found["mine"] == Saved("mine", root / "mine")
    deep = "folder/run+lora--5000_chkpt"
    assert found[deep] == Saved(deep, root / "folder" / "run+lora--5000_chkpt", official=True)
    assert found["http://10.0.0.5:8777"] == Remote("http://10.0.0.5:8777")


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "mine/../../outside", "leads-out", ".hidden", "a/b/too-deep", "a", ".", "..", "", "not-a-policy",
        "{root}/mine", "./mine", "mine/", "~", "mine\x00",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_answered_with_the_choices(sources, name):
    with pytest.raises(UnknownName, match="mine"):
        sources.find(name.format(root=sources.checkpoints))


@pytest.fixture
def trained_with_film(sources):
    (sources.policies / "aloha-mini" / "policy.json").write_text('{"film": true}')
    (sources.policies / "another" / "policy.json").write_text('{"film": false}')
    (sources.checkpoints / "run--100000_chkpt" / "vision_backbone--100000_checkpoint.pt").write_bytes(b"")
    (sources.checkpoints / "mine" / "policy.json").write_text('["film"]')
    return sources


def test_what_was_trained_with_film_can_be_chosen_without_it_too(trained_with_film):
    assert [name for name in trained_with_film.names() if name.endswith(":film-off")] == [
        "aloha-mini:film-off",
        "run--100000_chkpt:film-off",
    ]
    assert trained_with_film.names()[:3] == ("aloha-mini", "aloha-mini:film-off", "another")
    for name in ("aloha-mini", "run--100000_chkpt"):
        found = trained_with_film.find(f"{name}:film-off")
        assert found == FilmOff(trained_with_film.find(name))
        assert found.name == f"{name}:film-off"
        assert not isinstance(found, Saved)


@pytest.mark.parametrize("name", ["another", "expert", "mine", "folder/run+lora--5000_chkpt", "http://10.0.0.5:8777"])
def test_film_cannot_be_switched_off_where_there_is_none(trained_with_film, name):
    with pytest.raises(WithoutFilm, match="trained with FiLM"):
        trained_with_film.find(f"{name}:film-off")


@pytest.mark.parametrize(
    "name", [":film-off", "../outside:film-off", "aloha-mini" + 2 * ":film-off", 2000 * ":film-off"]
)
def test_film_off_leads_nowhere_else(trained_with_film, name):
    with pytest.raises(UnknownName, match="mine"):
        trained_with_film.find(name)


def test_a_command_may_name_a_directory_with_film_off(trained_with_film):
    path = trained_with_film.policies / "aloha-mini"
    assert trained_with_film.find_or_open(f"{path}:film-off") == FilmOff(Saved("aloha-mini", path))
    assert trained_with_film.find_or_open("aloha-mini:film-off") == trained_with_film.find("aloha-mini:film-off")
    with pytest.raises(WithoutFilm):
        trained_with_film.find_or_open(f"{trained_with_film.policies / 'another'}:film-off")


def test_there_need_be_no_checkpoints(tmp_path):
    sources = Sources(tmp_path / "policies", tmp_path / "nowhere")
    assert sources.names() == ("expert",)


def test_a_command_may_name_a_directory(sources, tmp_path):
    path = tmp_path / "outside"
    assert sources.find_or_open(str(path)) == Saved("outside", path, official=True)
    assert sources.find_or_open("mine") == sources.find("mine")
    with pytest.raises(UnknownName, match="expert"):
        sources.find_or_open(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://localhost:8777", "http://localhost:8777"),
        ("WS://Robot.example:1/", "ws://robot.example:1"),
        ("https://[::1]:8777/lab/act", "https://[::1]:8777/lab"),
        ("wss://robot.example", "wss://robot.example:443"),
    ],
)
def test_an_address_is_written_in_one_way(text, address):
    assert checked_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host:1", "file:///etc/passwd", "javascript://x", "http://", "http:// host", "http://host:99999",
        "http://host:x", "http://user:secret@host:1", "http://user:secret@host:x", "http://host:1?token=secret",
        "http://host:1#x", "http://" + "h" * 200, "http://h\u00f6st:1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_a_secret(text):
    with pytest.raises(InvalidAddress) as refused:
        checked_address(text)
    assert "secret" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_host_without_scheme_is_taken_for_a_mistyped_address(sources):
    with pytest.raises(InvalidAddress, match="http://"):
        sources.find("localhost:8777")


def test_an_app_that_others_can_open_asks_only_the_servers_it_was_started_with(tmp_path):
    settings = Settings(host="0.0.0.0", checkpoints=tmp_path, remotes=("http://10.0.0.5:8777/",))
    sources = Sources.of_app(settings)
    assert sources.find("http://10.0.0.5:8777") == Remote("http://10.0.0.5:8777")
    for url in ("http://10.0.0.5:8778", "ws://10.0.0.5:8777", "http://169.254.169.254"):
        with pytest.raises(AddressNotAllowed, match=r"10\.0\.0\.5:8777"):
            sources.find(url)


def test_an_app_on_loopback_asks_whatever_server_its_owner_types():
    assert Sources.of_app(Settings()).find("ws://robot:8000") == Remote("ws://robot:8000")


def test_settings_with_an_address_that_is_none_are_refused():
    with pytest.raises(InvalidAddress):
        Sources.of_app(Settings(remotes=("robot",)))
