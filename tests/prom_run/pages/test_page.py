"""The pages in a real browser, on a phone and on a wall: `nox -s browser` runs these, in Chromium."""

import base64
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from ..conftest import PromRun

pytestmark = pytest.mark.browser

Start = Callable[..., PromRun]
SIZES = [pytest.param((390, 844), id="phone"), pytest.param((1600, 900), id="wall")]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
COMMANDS = f"""
commands:
  - name: kubediff
    command: "printf '\\\\033[31mDeployment/web\\\\033[0m differs\\\\n'; exit 2"
    shell: true
  - {{name: terradiff, command: [echo, No changes.]}}
  - {{name: a-command-with-a-very-long-name-that-nobody-would-want-to-read, command: [echo, {"x" * 900}]}}
  - {{name: slow, command: ["sleep", "77776"]}}
  - {{name: dns, command: [/no/such/program]}}
defaults: {{period: 1s}}
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Start Chromium; its absence is a failure, not a reason to pass."""
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(_program("chromedriver")))
    yield driver
    driver.quit()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"there is no {name}; install Debian's packages chromium and chromium-driver")
    return found


def shape(browser: Chrome, size: tuple[int, int], scheme: str = "dark") -> None:
    """Make the window a phone or a screen on a wall."""
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def keep_picture(browser: Chrome, name: str) -> None:
    """Leave a screenshot in the reports folder, where there is one."""
    if folder := os.environ.get("ALERTDRILL_REPORTS"):
        file = Path(folder) / "pages" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(file))


def fits(browser: Chrome) -> bool:
    """Tell whether nothing sticks out to the side."""
    return bool(browser.execute_script("return document.documentElement.scrollWidth <= innerWidth"))


def complaints(browser: Chrome) -> list[str]:
    """Return what the browser's console holds: errors, and what the page's own policy forbade."""
    return [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]


def texts(browser: Chrome, selector: str) -> list[str]:
    """Return the visible text of elements, all read at one moment: a page may replace itself at any."""
    seen = "it.checkVisibility() ? it.innerText.trim() : ''"
    script = f"return [...document.querySelectorAll(arguments[0])].map(it => {seen})"
    return list(browser.execute_script(script, selector))


def wait_for_text(browser: Chrome, selector: str, words: str) -> None:
    """Wait until an element shows these words; while a page loads there is no such element yet."""
    WebDriverWait(browser, 20).until(lambda it: any(words in each for each in texts(it, selector)))


@pytest.fixture
def wall(start: Start, tmp_path: Path) -> PromRun:
    """Start a prom-run with a command of every kind, and wait until each has a state."""
    file = tmp_path / "wall.yaml"
    file.write_text(COMMANDS)
    running = start("--config", str(file), "--external-url=https://ops.example/wall")
    running.wait_for(lambda it: it.get("/metrics").text.count("last_run_success{") == 5)
    running.wait_for(lambda it: it.metric('command_exit_code{command="kubediff"}') == 2)
    running.wait_for(lambda it: it.metric('command_exit_code{command="terradiff"}') == 0)
    return running


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_the_wall_is_read_at_a_glance(
    browser: Chrome, wall: PromRun, size: tuple[int, int], scheme: str
) -> None:
    """The worst comes first and in its colour, and nothing sticks out, on a phone and on a wall."""
    shape(browser, size, scheme)
    browser.get(wall.url)
    assert ["2 of 5 failing"] == texts(browser, "h1")
    assert ["dns", "kubediff", "slow"] == texts(browser, ".card h2")[:3]
    words = browser.find_elements(By.CSS_SELECTOR, ".card .word")
    assert ["not started", "exit 2"] == [each.text.partition(" for")[0] for each in words[:2]]
    bad, good = (browser.find_element(By.CSS_SELECTOR, f".card.{state} .word") for state in ("bad", "good"))
    assert bad.value_of_css_property("color") != good.value_of_css_property("color")
    assert float(bad.value_of_css_property("font-size").removesuffix("px")) >= 28
    assert fits(browser)
    assert [] == complaints(browser)
    keep_picture(browser, f"wall-{size[0]}-{scheme}")


def test_a_wide_wall_needs_no_scrolling(browser: Chrome, wall: PromRun) -> None:
    """What fails is in the first row, side by side."""
    shape(browser, (1600, 900))
    browser.get(wall.url)
    tops = [each.rect["y"] for each in browser.find_elements(By.CSS_SELECTOR, ".card")]
    assert 1 == len(set(tops[:3]))
    shape(browser, (390, 844))
    tops = [each.rect["y"] for each in browser.find_elements(By.CSS_SELECTOR, ".card")]
    assert len(tops) == len(set(tops))


@pytest.mark.parametrize("size", SIZES)
def test_a_command_is_a_tap_away(browser: Chrome, wall: PromRun, size: tuple[int, int]) -> None:
    """From the wall to a command, its output in colour, its runs, one of them, and back."""
    shape(browser, size)
    browser.get(wall.url)
    browser.find_element(By.LINK_TEXT, "kubediff").click()
    assert "kubediff exit 2" in texts(browser, "h1")[0]
    red = browser.find_element(By.CSS_SELECTOR, "pre.output .f1")
    assert ("Deployment/web", "rgba(255, 92, 92, 1)") == (red.text, red.value_of_css_property("color"))
    assert "https://ops.example/wall/c/kubediff" == browser.find_element(By.ID, "link").get_attribute("href")
    assert fits(browser)
    keep_picture(browser, f"command-{size[0]}")

    browser.find_element(By.CSS_SELECTOR, ".history td a").click()
    assert "/c/kubediff/runs/" in browser.current_url
    assert ["Deployment/web differs"] == texts(browser, "pre.output")
    browser.find_element(By.LINK_TEXT, "all commands").click()
    assert ["2 of 5 failing"] == texts(browser, "h1")
    assert [] == complaints(browser)


@pytest.mark.parametrize("size", SIZES)
def test_long_names_and_lines_are_broken(browser: Chrome, wall: PromRun, size: tuple[int, int]) -> None:
    """A line of 900 letters without a space does not widen a page."""
    shape(browser, size)
    browser.get(f"{wall.url}/c/a-command-with-a-very-long-name-that-nobody-would-want-to-read")
    assert fits(browser)


def test_the_page_keeps_itself_fresh_and_says_when_it_cannot(
    browser: Chrome, start: Start, tmp_path: Path
) -> None:
    """A change is shown without a reload; when nobody answers, the page says that it is old."""
    shape(browser, (1600, 900))
    flag = tmp_path / "flag"
    running = start("-name=x", "-period=200ms", "--shell", "--", f"test ! -e {flag}")
    running.wait_for(lambda it: it.metric('command_exit_code{command="x"}') == 0)
    browser.get(running.url)
    browser.execute_script("window.stayed = true")
    flag.touch()
    WebDriverWait(browser, 20).until(lambda it: texts(it, "h1") == ["failing"])
    assert browser.title.startswith("failing")
    assert browser.execute_script("return window.stayed")
    assert "bad.svg" in str(browser.find_element(By.CSS_SELECTOR, "link[rel=icon]").get_attribute("href"))
    assert [""] == texts(browser, "#lost")

    running.end(signal.SIGTERM)
    wait_for_text(browser, "#lost", "What you see is old.")
    keep_picture(browser, "lost")
    complaints(browser)  # that nobody answered is what was wanted


def test_the_button_runs_the_command(browser: Chrome, start: Start, tmp_path: Path) -> None:
    """Who came in with a password presses "Run now", and a run begins by their request."""
    shape(browser, (390, 844))
    hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
    config = tmp_path / "web.yml"
    config.write_text(f"basic_auth_users: {{alice: '{hashed}'}}")
    running = start("--web-config", str(config), "-name=x", "-period=1h", "--", "date")
    login = base64.b64encode(b"alice:wonderland").decode()
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": f"Basic {login}"}})
    try:
        browser.get(f"{running.url}/c/x")
        browser.find_element(By.TAG_NAME, "button").click()
        wait_for_text(browser, ".run .facts", "by request")
        assert f"{running.url}/c/x" == browser.current_url
    finally:
        browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    assert [] == complaints(browser)
