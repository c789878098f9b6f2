"""No serious barrier for people who hear, tab or magnify the page, by axe-core's rules."""

import pytest
from axe_playwright_python.sync_playwright import Axe

TABS = ("Run", "Compare", "Does it listen?", "Record", "Episodes")
GRAVE = {"serious", "critical"}


def violations(page):
    """What axe finds, as rule and place."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]][:4]) for rule in found if rule["impact"] in GRAVE]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_has_a_serious_violation(visit, scheme):
    page = visit(color_scheme=scheme)
    found = {}
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(300)
        found[tab] = violations(page)
    assert found == {tab: [] for tab in TABS}


def test_the_list_of_keys_has_none_either(visit):
    page = visit()
    page.locator("body").press("?")
    page.locator("#keys").wait_for()
    assert violations(page) == []
