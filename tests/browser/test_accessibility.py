"""No serious barrier for people who hear, tab or magnify the page, by axe-core's rules."""

from pages import violations

TABS = ("Run", "Compare", "Does it listen?", "Record", "Episodes")


def test_no_tab_has_a_serious_violation(visit):
    page = visit()
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
