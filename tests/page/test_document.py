"""What the page's document says of networks, and the one HTML file that is made of it."""

import base64
import html.parser
import json
import math
import posixpath
import re
from pathlib import Path

import numpy as np
import pytest

import lenet
from lab.benchmarks.page_driver import find_browser, wait_until_true
from lenet.architecture import AveragePooling, Convolution, FullConnection, Network, Stage
from lenet.cli import main
from lenet.connections import CHARACTER_CODES
from lenet.errors import LeNetError, WeightsError
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe, names
from lenet.page import page_document, page_html, page_modules, write_page
from lenet.page.digits import DIGITS_FILE
from lenet.page.export import page_style
from lenet.summary import derive, summarize

CHROMIUM = find_browser()
PAGE = (Path(__file__).parents[2] / "docs" / "page.md").read_text("utf-8")
TWO_SHIPPED_BYTES, TWO_SHIPPED_BYTES_BUT_DIGITS = 2_000_000, 1_500_000


def weights(name="lenet-5", provenance=None, seed=0, **arguments):
    network = describe(name, **arguments)
    return Model(network, initial_weights(network, seed=seed), provenance or {})


@pytest.fixture(scope="module")
def two():
    return page_document([pretrained(), weights()])


@pytest.mark.parametrize("name", names())
def test_the_arrays_come_back_bit_for_bit_from_the_document(name):
    one = weights(name, seed=3)
    network = page_document([one])["networks"][0]
    values = np.frombuffer(base64.b64decode(network["weights"]), "<f4")
    assert values.size == summarize(one.network).parameters
    assert list(network["parameters"]) == list(one.parameters)
    for array_name, place in network["parameters"].items():
        start, shape = place["start"], place["shape"]
        found = values[start : start + math.prod(shape)].reshape(shape)
        assert (found == one.parameters[array_name]).all(), array_name
    assert Network.from_json(network["description"]) == one.network


@pytest.mark.parametrize("name", names())
def test_the_counts_are_those_of_the_summary_in_both_languages(name):
    one = weights(name)
    counts, in_document = summarize(one.network), page_document([one])["networks"][0]["counts"]
    assert [in_document[figure] for figure in ("parameters", "connections", "macs")] == [
        counts.parameters,
        counts.connections,
        counts.macs,
    ]
    for stage, expected in zip(in_document["stages"], counts.stages, strict=True):
        assert (stage["name"], stage["parameters"], stage["macs"]) == (
            expected.name,
            expected.parameters,
            expected.macs,
        )
        assert stage["receptive_field"] == {
            "size": expected.receptive_field,
            "step": expected.jump,
            "center": expected.first_center,
        }
        formulas = [one.formula for one in derive(counts, expected.name)]
        assert [formula for _, formula in stage["derivations"]["en"]] == formulas
        assert [formula for _, formula in stage["derivations"]["zh"]] == formulas
        labels = {language: {label for label, _ in stage["derivations"][language]} for language in ("en", "zh")}
        assert "parameters" in labels["en"]
        assert "参数量" in labels["zh"]
        assert re.search("[一-鿿]", stage["description"]["zh"])
        assert stage["description"]["en"].isprintable()


def test_calibration_and_reject_class_are_those_of_the_model(two):
    shipped, plain = two["networks"]
    own = pretrained().provenance["calibration of one view"]
    assert shipped["calibration"] == {"temperature": own["temperature"], "min_confidence": own["least"]}
    assert shipped["reject_class"] == 10
    assert shipped["labels"] == list("0123456789")
    assert shipped["provenance"]["test_error"] == pretrained().provenance["metrics"]["mnist test error %"]
    assert shipped["provenance"]["data"] == "mnist"
    assert (plain["calibration"], plain["reject_class"]) == ({"temperature": 1.0, "min_confidence": 0.8}, None)
    assert set(plain["provenance"].values()) == {None}


@pytest.mark.parametrize("calibration", ["hot", [1], {"temperature": "x"}, {"temperature": 0}, {"least": 2}])
def test_a_damaged_calibration_is_one_sentence(calibration):
    with pytest.raises(WeightsError, match=r"^lenet-5: provenance\.calibration\b.* is .*expected"):
        page_document([weights(provenance={"calibration": calibration})])


def test_a_run_tells_its_data_and_its_validation_error():
    made = {"recipe": {}, "data": {"name": "fashion-mnist"}, "validation_error_rate": 8.5}
    network = page_document([weights("lenet-5-relu", made)])["networks"][0]
    assert network["labels"][:2] == ["T-shirt/top", "Trouser"]
    assert network["provenance"] == {
        "data": "fashion-mnist",
        "test_error": None,
        "validation_error": 8.5,
        "made_by": "lenet train",
    }


@pytest.mark.parametrize(
    "value",
    ["</script><b>", "a\u2028b\0\x1b[2J", "\ud800", "", "__proto__", math.nan, math.inf, 10**400, {"a": []}, None],
)
def test_whatever_the_provenance_holds_the_page_is_whole(value):
    provenance = {"data": {"name": value}, "metrics": {"mnist test error %": value}, "made by": value}
    one = weights("lenet-1", provenance | {"validation_error_rate": value})
    page = page_html(page_document([one])).encode().decode()
    assert page.count("</script>") == page_html(page_document([weights("lenet-1")])).count("</script>")
    (document,) = re.findall(r'id="document">(.*?)</script>', page)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert json.loads(document, parse_constant=refuse)["networks"][0]["title"] == "lenet-1"


def test_labels_are_numbers_where_the_data_has_another_number_of_classes():
    made = {"data": {"name": "fashion-mnist"}}
    network = page_document([weights("lenet-short", made, classes=26)])["networks"][0]
    assert network["labels"] == list(map(str, range(26)))


def test_titles_tell_networks_of_one_name_apart():
    document = page_document([weights(), weights(seed=1), weights("lenet-1"), weights(seed=2)])
    assert [one["title"] for one in document["networks"]] == ["lenet-5", "lenet-5 (2)", "lenet-1", "lenet-5 (3)"]


def test_the_network_that_knows_what_is_no_digit_reads_else_the_first_for_digits():
    assert page_document([weights(), pretrained()])["reader"] == 1
    assert page_document([weights(), weights("lenet-1")])["reader"] == 0
    fashion = weights("lenet-5-relu", {"data": {"name": "fashion-mnist"}})
    assert page_document([fashion, weights()])["reader"] == 1


def test_where_no_network_reads_digits_the_one_that_ships_is_added_for_that_alone():
    document = page_document([weights("lenet-rgb", {"data": {"name": "cifar10"}}), weights("lenet-short", classes=26)])
    assert document["reader"] == 2
    assert [one.get("hidden", False) for one in document["networks"]] == [False, False, True]
    assert document["networks"][2]["reject_class"] == 10


def test_the_codes_are_the_ten_drawn_digits(two):
    assert two["digit_codes"] == [list(CHARACTER_CODES[digit]) for digit in "0123456789"]
    assert (two["format"], two["version"]) == ("lenet-page-1", lenet.__version__)


def no_page(stages, input_shape=(1, 28, 28)):
    network = Network("strange", input_shape, stages)
    return Model(network, initial_weights(network))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: [], "a page shows 1 to 6 networks, got 0"),
        (lambda: [weights()] * 7, "a page shows 1 to 6 networks, got 7"),
        (
            lambda: [no_page((Stage("c1", Convolution(4)),))],
            "strange: its outputs are 4@24×24; a page shows networks that end in one unit for each of at least two",
        ),
        (lambda: [no_page((Stage("f", FullConnection(1)),))], "strange: its outputs are 1@1×1; a page shows"),
        (
            lambda: [no_page((Stage("f", FullConnection(3_000)),))],
            "strange has 2,355,000 parameters; a page holds 2,000,000 a network",
        ),
    ],
)
def test_what_no_page_can_show_is_one_sentence(make, sentence):
    with pytest.raises(LeNetError) as caught:
        page_document(make())
    assert str(caught.value).startswith(sentence)


class Elements(html.parser.HTMLParser):
    """The elements of a page: [(name, attributes, text)]."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append([tag, dict(attrs), ""])

    def handle_data(self, data):
        if self.found:
            self.found[-1][2] += data

    def all(self, tag, **attributes):
        return [
            (given, text) for name, given, text in self.found if name == tag and attributes.items() <= given.items()
        ]


@pytest.fixture(scope="module")
def page(two):
    return page_html(two)


def test_the_page_with_both_networks_and_the_digits_is_small_enough(page):
    assert len(page.encode()) < TWO_SHIPPED_BYTES
    assert len(page.encode()) - DIGITS_FILE.stat().st_size < TWO_SHIPPED_BYTES_BUT_DIGITS


def test_the_documentation_of_the_page_shows_the_sizes_that_the_files_have(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"^\$ lenet (explain .*)\n(.*)$", PAGE, re.MULTILINE)
    assert len(shown) >= 2
    for command, line in shown:
        assert main(command.split()) == 0
        assert capsys.readouterr().out == line + "\n"
    size = (tmp_path / "lesson.html").stat().st_size
    bar, measured = re.search(r"size of the file with two networks \| (\S+) MB \| (\S+) MB", PAGE).groups()
    assert float(bar) == TWO_SHIPPED_BYTES / 1e6
    assert measured == f"{size / 1e6:.2f}"


def test_the_same_document_gives_the_same_page(two, page):
    assert page_html(json.loads(json.dumps(two))) == page
    assert page_html(page_document([pretrained(), weights()])) == page


def test_the_page_holds_its_document(two, page):
    ((_, text),) = Elements(page).all("script", id="document")
    assert json.loads(text) == two


def test_the_page_refers_to_nothing_outside_itself(page):
    elements = Elements(page)
    for name, attributes, text in elements.found:
        for attribute in ("src", "href", "action", "data", "poster", "srcset"):
            given = attributes.get(attribute) or ""
            assert re.match(r"$|#|data:", given), (name, given)
        if name == "style":
            assert set(re.findall(r"url\(([a-z]*:?)", text)) <= {"data:"}
            assert "@import" not in text
    ((policy, _),) = elements.all("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.split(" ", 1) for rule in policy["content"].split("; "))
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules
    assert not re.search(r"https?:|\*|'self'", policy["content"])


def rules_of(page):
    ((policy, _),) = Elements(page).all("meta", **{"http-equiv": "Content-Security-Policy"})
    return dict(rule.split(" ", 1) for rule in policy["content"].split("; "))


@pytest.fixture(scope="module")
def served():
    document = page_document([pretrained(), weights()], reads_at="/digits/v1/read")
    return page_html(document, modules_at="/digits/modules/1")


def test_a_page_that_a_server_gives_out_may_ask_that_server_and_tells_where(two, page, served):
    rules = rules_of(served)
    assert [rules.pop(name) for name in ("connect-src", "script-src", "worker-src")] == ["'self'"] * 3
    assert rules == {name: value for name, value in rules_of(page).items() if name not in ("script-src", "worker-src")}
    ((_, text),) = Elements(served).all("script", id="document")
    assert json.loads(text) == two | {"reads_at": "/digits/v1/read"}
    assert two["reads_at"] is None


def test_no_script_stands_in_a_page_that_a_server_gives_out(served):
    scripts = Elements(served).all("script")
    assert [(attributes["type"], bool(text.strip())) for attributes, text in scripts] == [
        ("application/json", True),  # the document, which is no script
        ("module", False),
    ]
    assert scripts[-1][0]["src"] == "/digits/modules/1/main.js"
    assert not re.search(r"<[^>]* on\w+=|javascript:|sha256-", re.sub(r"(?s)<script.*?</script>", "", served))


def test_a_server_gives_out_modules_that_find_one_another_by_relative_addresses(served):
    modules = page_modules()
    links = [attributes["href"] for attributes, _ in Elements(served).all("link", rel="modulepreload")]
    assert links == [f"/digits/modules/1/{name}" for name in modules]
    imported = {"main.js"}
    for name, text in modules.items():
        for address in re.findall(
            r"""(?:^import |^export .*from |^import .* from |^\} from )"([^"]+)";$""", text, re.M
        ):
            assert address.startswith(("./", "../"))
            imported.add(posixpath.normpath(posixpath.join(posixpath.dirname(name), address)))
        assert not re.search('(?:from|import) "lenet/', re.sub(r"(?m)^ (?:/\*|\*).*$", "", text)), name
    assert imported <= set(modules)
    assert set(modules) - imported == {"learning/worker.js"}


def test_the_policy_comes_before_all_that_it_rules(page):
    order = [page.index(mark) for mark in ("Content-Security-Policy", "<style>", 'type="importmap"', 'type="module"')]
    assert order == sorted(order)


def test_the_title_names_the_networks_and_lang_the_language():
    document = page_document([weights("lenet-1"), weights()], language="zh")
    page = page_html(document)
    assert "<title>lenet-1 · lenet-5 | LeNet</title>" in page
    assert '<html lang="zh">' in page


@pytest.fixture
def site(tmp_path):
    """A site that is hard to write into one file."""
    files = {
        "index.html": '<!doctype html><html lang="en"><head><meta charset="utf-8"><!--policy--><title>LeNet</title>'
        "<!--style--></head><body><!--document--><!--modules--></body></html>",
        "style/tokens.css": '@font-face { font-family: "F"; src: url("../fonts/f.woff2") format("woff2"); }\n',
        "style/a.css": 'p::after { content: "</style><b>"; }\n',
        "js/main.js": 'import { text } from "lenet/deep/text.js";\nimport { loaded } from "lenet/loaded.js";\n'
        'import "lenet/other.js";\nwindow.result = { text, loaded };\n',
        "js/other.js": 'import { loaded } from "lenet/loaded.js";\nloaded.push("other");\n',
        "js/loaded.js": "export const loaded = [];\n",
        "js/deep/text.js": "export const text = `100%25 #hash?x=1&y=\\\\ '\"</script><!-- 中文 \U0001f600\n"
        "\tnext  line`; // the last line\n",
    }
    for name, text in files.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (tmp_path / "site/fonts").mkdir()
    (tmp_path / "site/fonts/f.woff2").write_bytes(bytes(range(256)))
    return tmp_path / "site"


def test_fonts_and_styles_are_inside_and_the_tokens_come_first(two, site):
    (_, style), *_ = Elements(page_html(two, site)).all("style")
    font = re.search(r"url\(data:font/woff2;base64,([^)]*)\)", style)
    assert base64.b64decode(font[1]) == bytes(range(256))
    assert style.index("@font-face") < style.index("p::after")
    assert r'"<\/style><b>"' in style


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page_holds_the_notices_of_all_typefaces_that_it_embeds(page):
    folder = Path(lenet.page.__file__).parent / "site/fonts"
    families = {path.stem.split("-")[0] for path in folder.glob("*.woff2")}
    notices = {path.name.split("-")[0]: path.read_text("utf-8") for path in folder.glob("*-OFL.txt")}
    assert families == set(notices) == {"dm", "newsreader"}
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert all(notice.strip() in style for notice in notices.values())
    assert page_style("shell.css").count("SIL OPEN FONT LICENSE") == 0
    assert page_style("tokens.css").count("SIL OPEN FONT LICENSE") == 2


def test_modules_find_one_another_by_name_once_each_and_say_what_they_said(two, site):
    playwright = pytest.importorskip("playwright.sync_api")
    expected = two | {"networks": [two["networks"][0] | {"title": "</script><script>window.broken = 1</script>"}]}
    path = site.parent / "page.html"
    path.write_text(page_html(expected, site), "utf-8")
    trouble = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(offline=True)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        wait_until_true(page, "window.result")
        found = page.evaluate("window.result")
        document = page.evaluate("JSON.parse(document.getElementById('document').textContent)")
        broken = page.evaluate("'broken' in window")
        assert not trouble
        refused = page.evaluate("fetch('data:text/plain,x').then(() => 'allowed', () => 'refused')")
        browser.close()
    assert found["text"] == "100%25 #hash?x=1&y=\\ '\"</script><!-- 中文 \U0001f600\n\tnext  line"
    assert found["loaded"] == ["other"]
    assert document == expected
    assert (broken, refused) == (False, "refused")


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new/lesson.html"
    size = write_page(path, [weights("lenet-1")])
    assert path.stat().st_size == size
    before = path.read_bytes()
    with pytest.raises(WeightsError):
        write_page(path, [no_page((Stage("c1", Convolution(4)), Stage("p", AveragePooling())))])
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(LeNetError, match=r"lesson.html: cannot be written \(no space left\)$"):
        write_page(path, [weights("lenet-5")])
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
