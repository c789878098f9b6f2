"""Puts this folder on the import path, so that tests of every folder can inherit the contracts in contracts.py."""


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=4, help="how often a fault is tried; 50 in `make faults`")


def pytest_generate_tests(metafunc):
    if "round_number" in metafunc.fixturenames:
        metafunc.parametrize("round_number", range(metafunc.config.getoption("--rounds")))
