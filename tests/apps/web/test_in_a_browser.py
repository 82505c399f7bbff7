"""The real page in a real browser whose requests to other hosts are stopped and fail the test."""

import re

import pytest
from PIL import Image

from .browser import find_browser, is_elsewhere, web_page

pytest.importorskip("gradio", reason="the web page is an extra: pip install -e '.[web]'")
playwright = pytest.importorskip("playwright.sync_api", reason="drives the browser")
BROWSER = find_browser()
if BROWSER is None:
    pytest.skip("no Chromium or Chrome on the path", allow_module_level=True)
expect = playwright.expect
expect.set_options(timeout=30_000)

OPTIONS = [
    "--no-sandbox",  # containers do not support it
    "--use-fake-device-for-media-stream",  # a camera that shows a test image
    "--use-fake-ui-for-media-stream",
]
WORDS = "sky; field; sheep; road; house; balloon; forest; tree; sea; pig"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    log = tmp_path_factory.mktemp("web") / "log.txt"
    with web_page(log, "--vocabulary", WORDS) as address:
        yield address
    assert "Traceback" not in log.read_text()
    assert (log.parent / "programs.txt").read_text() == "", "no upload starts a program"


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def visit(server, chromium):
    """Open the page in a context of its own; requests to other hosts fail the test."""
    contexts, stopped = [], []

    def open_page(**options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)

        def guard(route):
            if is_elsewhere(route.request.url, server):
                stopped.append(route.request.url)
                route.abort()
            else:
                route.continue_()

        context.route("**/*", guard)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: stopped.append(str(error)))
        page.goto(server)
        expect(images(page)).to_have_count(2)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert stopped == []


def images(page):
    return page.locator("#images figure img")


def attributes(page, name):
    """Of the two images."""
    return [images(page).nth(i).get_attribute(name) for i in range(2)]


def natural_size(page):
    return images(page).first.evaluate("image => [image.naturalWidth, image.naturalHeight]")


def legend(page):
    return set(page.locator("#images .colours li > bdi").all_text_contents())


def relabel(page, words):
    page.locator(".ask textarea").fill(words)
    page.get_by_role("button", name="Label the image").click()


def choose(page, path):
    page.locator(".ask input[type=file]").set_input_files(path)


def test_the_first_page_and_an_upload_are_labelled(visit, tmp_path):
    page = visit()
    expect(page.locator("#title")).to_contain_text("These weights know drawn pages only.")
    before = attributes(page, "alt")
    assert [text.split(":")[0] for text in before] == ["SCLIP alone", "SCLIP + FreeCP"]
    assert natural_size(page) == [256, 192]
    assert legend(page) <= {*WORDS.split("; "), "no word is left"}
    from freecp_d2.apps.web.page import drawn_page  # needs Gradio

    Image.fromarray(drawn_page(2)[:150]).save(tmp_path / "meadow.jpg", quality=95)
    choose(page, tmp_path / "meadow.jpg")
    expect(images(page).first).not_to_have_attribute("alt", before[0])
    assert natural_size(page) == [256, 150]
    Image.fromarray(drawn_page(2)).resize((2000, 1500)).save(tmp_path / "large.jpg")
    choose(page, tmp_path / "large.jpg")
    expect(page.locator("#images")).to_contain_text(re.compile("Shrunk from 2,000 . 1,500"))


@pytest.mark.slow
def test_the_camera_is_labelled(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("button", name="Remove Image").click()
    expect(page.locator("#images")).to_contain_text("Choose an image")
    page.get_by_role("button", name="Capture from camera").click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('.ask video')?.videoWidth > 0")
    page.get_by_role("button", name="capture photo").click()
    expect(images(page)).to_have_count(2)


@pytest.mark.slow
def test_other_words_give_other_labels(visit):
    page = visit()
    relabel(page, "moon, crescent; river; umbrella")
    expect(images(page).first).to_have_attribute("alt", re.compile("moon|river|umbrella"))
    assert legend(page) <= {"moon", "river", "umbrella", "no word is left"}
    expect(page.locator(".ask .hint")).to_contain_text("3 classes of 4 words.")
    relabel(page, "<b>bold</b>; ${1+1}; {{value}}")
    expect(page.locator("#decisions")).to_contain_text("<b>bold</b>")
    assert legend(page) <= {"<b>bold</b>", "${1+1}", "{{value}}", "no word is left"}
    relabel(page, " ; ")
    expect(page.get_by_role("alert")).to_contain_text("There are no words yet.")
    expect(images(page)).to_have_count(0)
    relabel(page, "sky; road")
    expect(images(page)).to_have_count(2)


def test_sliders_change_freecp_alone(visit):
    page = visit()
    sources = attributes(page, "src")
    decisions = page.locator("#decisions")
    before = decisions.text_content()
    slider = page.get_by_role("slider", name=re.compile("Redundancy"))
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 0.03 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    expect(images(page).nth(1)).not_to_have_attribute("src", sources[1])
    expect(decisions).not_to_have_text(before)
    assert attributes(page, "src")[0] == sources[0]
    page = visit()
    page.get_by_role("slider", name=re.compile("Ambiguity")).focus()
    page.keyboard.press("End")
    expect(images(page).nth(1)).not_to_have_attribute("src", sources[1])


def test_settings(visit):
    page = visit()
    decisions = page.locator("#decisions")
    expect(decisions).to_contain_text("Thresholds: redundancy 0.030, ambiguity 0.500.")
    page.get_by_label("Let each image choose the thresholds").check()
    expect(decisions).to_contain_text(re.compile(r"redundancy 0\.\d+ to 0\.\d+"))
    expect(page.get_by_role("slider", name=re.compile("Redundancy"))).to_be_disabled()
    page.get_by_label("MaskCLIP").check()
    expect(images(page).first).to_have_attribute("alt", re.compile("^MaskCLIP alone"))
    expect(images(page).last).to_have_attribute("alt", re.compile(r"^MaskCLIP \+ FreeCP"))
    page.get_by_label("Words of a benchmark").click()
    page.get_by_role("option", name="storybook", exact=True).click()
    expect(page.locator(".ask .hint")).to_contain_text("36 classes.")
    expect(page.locator("#decisions")).to_contain_text("lighthouse")


def test_a_click_shows_the_words_of_a_pixel(visit):
    page = visit()
    page.locator("#images .pixels").last.click(position={"x": 40, "y": 30})
    pixel = page.locator("#pixel")
    expect(pixel).to_contain_text(re.compile(r"column \d+ of 256, row \d+ of 192"))
    best = pixel.locator("section").first.locator("li > bdi").first.text_content()
    assert best in WORDS
    expect(page.locator("#images .mark").first).to_be_visible()
    before = pixel.text_content()
    page.locator("#images .pixels").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(pixel).not_to_have_text(before)
    relabel(page, "sky; sea")
    expect(pixel.locator("section").first.locator("li > bdi").first).to_have_text(
        re.compile("sky|sea")
    )


def test_an_unreadable_upload_and_a_drawn_page(visit, tmp_path):
    page = visit()
    for name, content in (
        ("holiday.png", b"this is no image"),
        ("drawing.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"),
        ("fuji.png", b"FUJIFILMCCD-RAW 0201" + bytes(99)),
    ):
        (tmp_path / name).write_bytes(content)
        choose(page, tmp_path / name)
        message = page.get_by_role("alert").filter(has_text=name)
        expect(message).to_contain_text("cannot be read as an image")
    expect(page.locator("#decisions")).to_be_empty()
    page.get_by_role("button", name="Drawn page 2 of 4").click()
    expect(images(page)).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_it_fits_a_phone(visit, scheme):
    page = visit(
        viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True, is_mobile=True
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#images .pixels").first.tap(position={"x": 40, "y": 30})
    expect(page.locator("#pixel")).to_contain_text("column")
    blocks = (page.locator(name).first for name in (".ask", "#images", ".settings", "#decisions"))
    tops = [block.bounding_box()["y"] for block in blocks]
    assert tops == sorted(tops)
    page_color, ink = page.evaluate(
        "['body', '#title h1'].map((s, i) => getComputedStyle(document.querySelector(s))"
        "[i ? 'color' : 'backgroundColor'])"
    )
    dark = [sum(map(int, re.findall(r"\d+", color)[:3])) < 384 for color in (page_color, ink)]
    assert dark == ([True, False] if scheme == "dark" else [False, True])
