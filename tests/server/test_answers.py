"""The server answers what the library and the command line say."""

import base64
import gzip
import io
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi import HTTPException
from PIL import Image

from lenet import summary
from lenet.cli import main
from lenet.engine import activations
from lenet.model import pretrained
from lenet.networks import describe, names, to_toml
from lenet.page import page_modules
from lenet.reading import Reader, Recognizer
from lenet.server import Limits, create_app
from lenet.server.page_route import modules_folder
from lenet.server.pictures import read_pages
from lenet.server.queries import ReadQuery
from lenet.server.readers import Readers
from tests.server.asgi import Client

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
SEVEN = (DIGITS / "seven.png").read_bytes()
POLICY = "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'"
PAGE = (
    f'<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="{POLICY}"></head>'
    "<body>LeNet, opened up</body></html>"
)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(create_app(Reader(), PAGE))


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def command_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    main(arguments)
    return json.loads(capsys.readouterr().out)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 1
    return capsys.readouterr().err.removeprefix("lenet: ").strip()


@pytest.mark.parametrize("path", sorted(DIGITS.glob("*.png")), ids=lambda path: path.stem)
def test_a_picture_in_a_form_is_answered_as_by_lenet_read_json(client, capsys, monkeypatch, path):
    monkeypatch.chdir(path.parent)
    answer = client.post("/v1/read", files={"picture": (path.name, path.read_bytes())})
    assert answer.status_code == 200
    assert [answer.json()] == command_line(capsys, "read", path.name, "--json")


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("single=true", ["--single"]),
        ("single", ["--single"]),
        ("length=1", ["--length", "1"]),
        (r"pattern=\d", ["--pattern", r"\d"]),
        ("polarity=paper-high", ["--paper-high"]),
        ("polarity=ink-high", ["--ink-high"]),
        ("max_error=0.5%25", ["--max-error", "0.5%"]),
        ("single=false&max_error=0.01", ["--max-error", "0.01"]),
    ],
)
def test_every_parameter_means_what_the_option_means(client, capsys, monkeypatch, query, options):
    monkeypatch.chdir(DIGITS)
    answer = client.post(f"/v1/read?{query}", files={"picture": ("seven.png", SEVEN)})
    assert [answer.json()] == command_line(capsys, "read", "seven.png", "--json", *options)


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "IMAGE/PNG; x=1", ""])
def test_a_raw_body_is_a_picture_under_every_type_that_can_be_one(client, kind):
    headers = {"content-type": kind} if kind else {}
    raw = client.post("/v1/read", SEVEN, headers=headers)
    form = client.post("/v1/read", files={"picture": ("seven.png", SEVEN)})
    assert raw.json() == form.json() | {"file": "picture"}


@pytest.mark.parametrize("name", ["seven.png", 'a "seven".png', "七 7.png", "100%.png"])
def test_a_file_is_called_as_it_was_sent(client, name):
    assert client.post("/v1/read", files={"picture": (name, SEVEN)}).json()["file"] == name


def test_detail_says_less_or_more(client):
    text, digits, steps = (
        client.post(f"/v1/read?detail={detail}", SEVEN).json() for detail in ("text", "digits", "steps")
    )
    assert text == {key: digits[key] for key in ("file", "page", "text", "accepted", "rejected", "remark")}
    seen = Image.open(io.BytesIO(base64.b64decode(steps["digits"][0].pop("image"))))
    assert steps == digits
    assert np.array_equal(np.asarray(seen), Reader().read(SEVEN).digits[0].image)


def test_a_picture_without_digits_is_answered_with_a_remark(client):
    answer = client.post("/v1/read", png(np.full((90, 90), 255, np.uint8)))
    assert (answer.status_code, answer.json()["text"]) == (200, "")
    assert answer.json()["remark"].startswith("no digits found")


def test_a_normalized_digit_goes_to_the_network_as_it_is(client):
    image = Reader().read(SEVEN, single=True).digits[0].image
    shares = Recognizer().probabilities(image[None])[0]
    for query, pixels in (("", image), ("&polarity=paper-high", 255 - image), ("", np.repeat(image[..., None], 3, 2))):
        answer = client.post(f"/v1/read?normalized=true{query}", png(pixels)).json()
        digit = answer["digits"][0]
        assert (answer["text"], answer["size"], digit["box"]) == ("7", [28, 28], [0, 0, 28, 28])
        probability_of = dict([[digit["label"], digit["probability"]], *digit["alternatives"]])
        assert [probability_of[str(number)] for number in range(10)] == pytest.approx(shares.tolist(), abs=6e-5)


def test_a_normalized_digit_in_a_large_file_is_read_by_a_thread(client):
    image = Reader().read(SEVEN, single=True).digits[0].image
    file = io.BytesIO()
    Image.fromarray(image).save(file, "TIFF", description="x" * 5000)
    answers = [client.post("/v1/read?normalized=true", content).json() for content in (png(image), file.getvalue())]
    assert answers[0] == answers[1]


def test_a_picture_of_another_size_is_not_normalized(client):
    answer = client.post("/v1/read?normalized=true", SEVEN)
    assert answer.status_code == 422
    assert "expected a normalized digit of 28×28" in answer.json()["detail"]


@pytest.mark.parametrize("media_type", ["application/json", "application/octet-stream"])
def test_activations_are_those_of_the_engine_on_the_digit_that_is_read(client, media_type):
    answer = client.post("/v1/activations?network=lenet-5-relu", SEVEN, headers={"accept": media_type})
    image = Reader().read(SEVEN, single=True).digits[0].image
    weights = pretrained()
    expected = activations(weights.network, weights.parameters, image[None])
    assert answer.headers["content-type"] == media_type
    if media_type == "application/json":
        values = answer.json()
        result = {stage["name"]: np.asarray(stage["values"], np.float32) for stage in values["stages"]}
        assert np.array_equal(values["image"], image)
        assert values["digit"]["label"] == "7"
        assert len(values["labels"]) == weights.network.classes == expected["output"].size
        assert int(np.argmax(values["probabilities"])) == 7
        assert 0.9 < sum(values["probabilities"]) <= 1
    else:
        result = dict(np.load(io.BytesIO(answer.content)))
        assert np.array_equal(result.pop("image"), image)
    assert list(result) == list(expected)
    for name, array in expected.items():
        assert np.array_equal(result[name], array[0]), name


def test_activations_of_a_normalized_digit_are_of_its_own_pixels(client):
    image = Reader().read(SEVEN, single=True).digits[0].image
    answer = client.post("/v1/activations?normalized=true", png(image))
    assert np.array_equal(answer.json()["image"], image)


@pytest.mark.parametrize(
    ("path", "headers", "status", "words"),
    [
        ("/v1/activations?network=lenet5-relu", {}, 404, "did you mean lenet-5-relu"),
        ("/v1/activations", {"accept": "text/html"}, 406, "expected application/json or application/octet-stream"),
        ("/v1/activations?single=true", {}, 422, "unknown query parameter 'single'"),
    ],
)
def test_activations_that_cannot_be_given_are_refused(client, path, headers, status, words):
    answer = client.post(path, SEVEN, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_activations_need_a_digit(client):
    answer = client.post("/v1/activations", png(np.full((90, 90), 255, np.uint8)))
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("picture: no digit found; draw or photograph one")


def test_the_networks_are_listed_as_by_lenet_networks_json(client, capsys):
    listed = client.get("/v1/networks").json()
    with_weights = [line["name"] for line in listed if line.pop("has_weights")]
    expected = command_line(capsys, "networks", "--json")
    own = summary.summarize(pretrained().network).to_json()
    assert [line["name"] for line in listed] == names()
    for line, entry in zip(listed, expected, strict=True):
        assert line == (entry if entry["name"] not in with_weights else {key: line[key] for key in entry})
        if entry["name"] == "lenet-5-relu":
            assert line == {key: own[key] for key in entry}  # of the network that is served, which has eleven outputs


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-caffe"])
def test_a_network_is_told_as_by_lenet_show_json_with_its_description(client, capsys, name):
    answer = client.get(f"/v1/networks/{name}").json()
    assert answer.pop("network") == describe(name).to_json()
    assert (answer.pop("has_weights"), answer.pop("provenance")) == (False, None)
    assert answer == command_line(capsys, "show", name, "--json")


@pytest.mark.parametrize("value", ["</script>", "a\u2028b\0\x1b[2J", "\ud800", {"a": ["\udcff"]}])
def test_whatever_the_provenance_holds_it_is_told(value):
    own = replace(pretrained(), provenance=pretrained().provenance | {"made by": value})
    answer = Client(create_app(Reader(own), PAGE)).get("/v1/networks/lenet-5-relu")
    assert answer.json()["provenance"]["made by"] == value


def test_a_network_that_does_not_exist_is_refused_as_by_lenet_show(client, capsys):
    answer = client.get("/v1/networks/lenet-6")
    assert answer.status_code == 404
    assert answer.json()["detail"] == refusal(capsys, "show", "lenet-6")


def test_no_file_is_opened_for_the_name_of_a_network(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(to_toml(describe("lenet-1")), "utf-8")
    answer = client.get("/v1/networks/own.toml")
    assert answer.status_code == 404
    assert "unknown network 'own.toml'" in answer.json()["detail"]


def test_the_page_is_sent_whole_with_the_policy_that_it_names_and_in_no_frame(client):
    answer = client.get("/", headers={"accept-encoding": ""})
    assert answer.text == PAGE
    assert answer.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_each_module_of_the_page_is_a_file_that_a_browser_keeps_and_may_not_take_for_anything_else(client):
    for name, text in page_modules().items():
        answer = client.get(f"{modules_folder()}/{name}", headers={"accept-encoding": "gzip"})
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    for path in (f"{modules_folder()}/nothing.js", f"{modules_folder()}/../../pyproject.toml", "/modules/0/main.js"):
        assert client.get(path).status_code == 404
    assert "/modules" not in client.get("/openapi.json").text


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/healthz", "/v1/networks", "/v1/networks/lenet-5", "/v1/networks/lenet-6"]
)
def test_head_is_answered_as_get_without_the_body(client, path):
    head, whole = client.request("HEAD", path), client.get(path)
    assert (head.status_code, head.headers) == (whole.status_code, whole.headers)
    assert head.status_code == (404 if path.endswith("lenet-6") else 200)


def test_metrics_answer_head(client):
    head, whole = client.request("HEAD", "/metrics"), client.get("/metrics")
    assert (head.status_code, head.headers["content-type"]) == (200, whole.headers["content-type"])


def test_the_page_is_compressed_for_those_who_take_it_and_sent_once(client):
    first = client.get("/", headers={"accept-encoding": "gzip"})
    assert (first.headers["content-encoding"], first.text) == ("gzip", PAGE)
    again = client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = Client(create_app(Reader(), PAGE.replace("LeNet", "LeNet-5"))).get("/")
    assert other.headers["etag"] != first.headers["etag"]
    assert len(gzip.compress(PAGE.encode())) < len(PAGE)


def test_the_documentation_names_every_path_parameter_and_refusal_and_needs_nothing_else(client):
    document, page = client.get("/openapi.json").json(), client.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"<script|<link|<img|@import|src=", page.text)
    assert set(re.findall(r"url\(([a-z]*:?)", page.text)) == {"data:"}, "its fonts are in it"
    assert re.findall(r'href="(http[^"]*)', page.text) == []
    for path, item in document["paths"].items():
        assert path in page.text
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in page.text
            for status, response in operation["responses"].items():
                assert status == "200" or response["content"]["application/problem+json"]["example"]["title"]
    targets = set(re.findall(r'id="([^"]+)"', page.text))
    assert {link for link in re.findall(r'href="#([^"]+)"', page.text)} <= targets


def test_without_a_page_the_documentation_stands_at_the_root():
    client = Client(create_app(Reader()))
    assert client.get("/").text == client.get("/docs").text


def test_the_server_says_that_it_is_there(client):
    answer = client.get("/healthz").json()
    assert (answer["status"], answer["network"]) == ("ok", "lenet-5-relu")


def test_the_server_says_which_weights_it_has_by_their_file_and_digest():
    model = pretrained("lenet-5")
    answer = Client(create_app(Reader(model), file="lenet-5.safetensors")).get("/healthz").json()
    assert answer["network"] == "lenet-5"
    assert (answer["file"], answer["sha256"]) == ("lenet-5.safetensors", model.digest)


@pytest.mark.parametrize("address", ["https://digits.example.org", "http://127.0.0.1:8123", "http://[::1]:9"])
def test_the_commands_of_the_documentation_ask_the_address_that_the_reader_came_by(address):
    for root_path in ("", "/digits"):
        page = Client(create_app(Reader(), PAGE, root_path=root_path), address, root_path).get("/docs").text
        assert set(re.findall(r"https?://[^/ ]+", page.split("<main>")[1].split("<h2>Shapes")[0])) == {address}
        assert f"{address}{root_path}/v1/read" in page


def test_a_host_that_is_no_host_does_not_get_into_the_documentation(client):
    page = client.get("/docs", headers={"host": "a<b>"}).text
    assert "a<b>" not in page
    assert "http://localhost/v1/read" in page


def test_remarks_name_parameters_where_the_command_line_names_options(client, capsys, tmp_path):
    blank = png(np.full((60, 60), 255, np.uint8))
    (tmp_path / "blank.png").write_bytes(blank)
    (printed,) = command_line(capsys, "read", str(tmp_path / "blank.png"), "--json")
    assert "try --ink-high for" in printed["remark"]
    answer = client.post("/v1/read", content=blank, headers={"content-type": "image/png"}).json()
    assert answer["remark"] == printed["remark"].replace("--ink-high", "polarity=ink-high")


def test_every_option_that_a_remark_may_name_is_a_parameter():
    from lenet.reading import remarks
    from lenet.server.picture_routes import with_parameters

    source = Path(remarks.__file__).read_text("utf-8")
    options = set(re.findall(r"--[a-z][a-z-]*", source))
    assert options >= {"--single", "--ink-high", "--paper-high"}
    for option in options:
        name = with_parameters(option).partition("=")[0]
        assert name in ReadQuery.model_fields, option


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/v1/reed", 404, "/v1/reed: there is nothing here; /docs lists what there is"),
        ("GET", "/../../etc/passwd", 404, "/etc/passwd: there is nothing here; /docs lists what there is"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404, None),
        ("GET", "/site/index.html", 404, None),
        ("GET", "/v1/networks/..%2f..%2fpyproject.toml", 404, None),
        ("GET", "/v1/read", 405, "/v1/read does not take GET; it takes POST"),
        ("DELETE", "/", 405, "/ does not take DELETE; it takes GET, HEAD"),
        ("PUT", "/healthz", 405, "/healthz does not take PUT; it takes GET, HEAD"),
        ("POST", "/v1/networks", 405, "/v1/networks does not take POST; it takes GET, HEAD"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(client, method, path, status, detail):
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert detail is None or answer.json()["detail"] == detail
    assert status != 405 or answer.headers["allow"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sngle=true", "unknown query parameter 'sngle'; did you mean single?"),
        ("detail=all", "detail is 'all', expected 'text', 'digits' or 'steps'"),
        ("polarity=dark", "polarity is 'dark', expected 'auto', 'ink-high' or 'paper-high'"),
        ("single=maybe", "single is 'maybe', expected true or false"),
        ("length=0", "length is '0', expected at least 1"),
        ("length=1e9", "length is '1e9', expected a whole number"),
        ("length=" + "9" * 5000, "9', expected a whole number"),
        ("length=5000", "length is '5000', expected at most 100"),
        ("max_error=7", "max_error is '7', expected a share between 0 and 1, as 0.5% or 0.005; 7 percent are '7%'"),
        ("max_error=nan", "max_error is 'nan'"),
        ("max_error=0.0000001", "no threshold was measured for an error rate of 1e-05%; the lowest is 0.1%"),
        ("single=true&length=3", "choose one of single, length and pattern"),
        ("single=true&single=true", "single is given twice"),
        ("pattern=[", "pattern '[', at its end: brackets hold digits"),
        ("pattern=" + "(" * 300, "(((', expected at most 200 characters"),
        ("normalized=true&length=3", "leave out length and pattern"),
        ("x" * 1000 + "=1", "unknown query parameter"),
        ("%ff=1", "unknown query parameter"),
    ],
)
def test_a_wrong_parameter_is_refused_in_a_sentence(client, query, words):
    answer = client.post(f"/v1/read?{query}", SEVEN)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["title"] == "Unprocessable Entity"


def test_paths_without_parameters_refuse_them(client):
    assert client.get("/v1/networks?x=1").status_code == 422


def bomb() -> bytes:
    """A PNG file that says it has 400 million pixels."""
    content = bytearray(png(np.zeros((30, 30), np.uint8)))
    content[16:24] = (20_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


BAD = {
    "empty.png": (b"", 422),
    "cut.png": (SEVEN[: len(SEVEN) // 2], 422),
    "notes.txt": (b"seven", 415),
    "page.html": (b"<html>", 415),
    "photo.heic": (b"\0\0\0\x18ftypheic" + bytes(40), None),
    "tiny.png": (png(np.zeros((3, 3), np.uint8)), 422),
    "huge.png": (bomb(), 413),
    "url.png": (b"https://example.org/seven.png", 415),
    "path.png": (str(DIGITS / "seven.png").encode(), 415),
    "form.pdf": (b"%PDF-1.7 nothing", None),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_with_the_sentence_of_the_command_line(capsys, monkeypatch, tmp_path, name):
    content, status = BAD[name]
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    sentence = refusal(capsys, "read", name)
    client = Client(create_app(Reader(), PAGE, Limits(max_pixels=100_000_000)))
    answer = client.post("/v1/read", files={"picture": (name, content)})
    assert (answer.json()["detail"], answer.headers["content-type"]) == (sentence, "application/problem+json")
    assert answer.status_code == status or (status is None and answer.status_code in (415, 422))
    raw = client.post("/v1/read", content)
    assert raw.json()["detail"] == sentence.replace(name, "picture")


def test_under_a_root_path_everything_is_where_the_proxy_shows_it():
    client = Client(create_app(Reader(), PAGE, root_path="/digits"), root_path="/digits")
    assert client.get("/digits/").text == PAGE
    assert client.get("/digits/openapi.json").json()["servers"] == [{"url": "/digits"}]
    assert 'href="/digits/openapi.json"' in client.get("/digits/docs").text
    assert client.post("/digits/v1/read", SEVEN).json()["text"] == "7"
    assert 'route="/v1/read"' in client.get("/digits/metrics").text


def test_what_happens_is_counted():
    client = Client(create_app(Reader(), PAGE))
    client.post("/v1/read", SEVEN)
    client.post("/v1/read", SEVEN)
    client.post("/v1/read?max_error=0.1%25", png(np.full((90, 90), 255, np.uint8)))
    client.post("/v1/read", b"seven")
    client.get("/v1/networks/lenet-5")
    client.get("/" + "a" * 50)
    lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line[0] != "#")
    assert lines['lenet_requests_total{method="POST",route="/v1/read",status="200"}'] == "3.0"
    assert lines['lenet_requests_total{method="POST",route="/v1/read",status="415"}'] == "1.0"
    assert lines['lenet_requests_total{method="GET",route="/v1/networks/{name}",status="200"}'] == "1.0"
    assert lines['lenet_requests_total{method="GET",route="other",status="404"}'] == "1.0"
    assert lines['lenet_request_seconds_count{route="/v1/read"}'] == "4.0"
    assert lines["lenet_digits_read_total"] == "2.0"
    assert lines['lenet_requests_refused_total{status="415"}'] == "1.0"
    assert lines["lenet_requests_in_progress"] == "1.0"


def test_a_defect_is_one_sentence_without_a_traceback(monkeypatch, capsys):
    def fails(*arguments: object, **options: object) -> None:
        raise RuntimeError("at\nthe core")

    client = Client(create_app(Reader(), PAGE))
    monkeypatch.setattr(Reader, "read", fails)
    answer = client.post("/v1/read", SEVEN)
    assert answer.status_code == 500
    expected = "a defect of lenet stopped its reading (RuntimeError: at the core); please report it"
    assert answer.json()["detail"] == f"picture: {expected}"
    monkeypatch.setattr("lenet.server.networks_route.registered", fails)
    answer = client.get("/v1/networks/lenet-4")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "Traceback" not in answer.text + capsys.readouterr().err


@pytest.mark.parametrize("kind", ["tiff", "pdf"])
def test_all_pages_are_answered_as_by_lenet_read_json_and_the_first_says_that_there_are_more(
    client, capsys, monkeypatch, tmp_path, kind
):
    if kind == "pdf":
        pytest.importorskip("pypdfium2")
    pages = [Image.open(DIGITS / f"{name}.png").convert("L") for name in ("two", "year", "seven")]
    pages[0].save(tmp_path / f"scan.{kind}", save_all=True, append_images=pages[1:])
    monkeypatch.chdir(tmp_path)
    files = {"picture": (f"scan.{kind}", (tmp_path / f"scan.{kind}").read_bytes())}
    expected = command_line(capsys, "read", f"scan.{kind}", "--json")
    assert client.post("/v1/read?pages=all", files=files).json() == expected
    first = client.post("/v1/read", files=files).json()
    assert first == expected[0] | {"remark": first["remark"]}
    assert first["remark"].startswith("the first of several pages")
    texts = client.post("/v1/read?pages=all&detail=text", files=files).json()
    assert [(page["page"], page["text"]) for page in texts] == [(1, "2"), (2, "1998"), (3, "7")]


def test_all_pages_of_a_picture_are_a_list_of_one(client):
    [answer] = client.post("/v1/read?pages=all", SEVEN, headers={"content-type": "image/png"}).json()
    assert answer == client.post("/v1/read", SEVEN, headers={"content-type": "image/png"}).json()
    refused = client.post("/v1/read?pages=all&normalized", SEVEN, headers={"content-type": "image/png"})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "a normalized picture has one page: leave out pages",
    )


def test_pages_are_not_read_on_when_the_time_of_a_request_is_over(tmp_path):
    page = Image.open(DIGITS / "seven.png").convert("L")
    page.save(tmp_path / "scan.tif", save_all=True, append_images=[page] * 3)
    content, query = (tmp_path / "scan.tif").read_bytes(), ReadQuery(pages="all")
    assert len(read_pages("scan.tif", content, query, Readers(Reader()), Limits())) == 4
    with pytest.raises(HTTPException, match="not read within 1e-06 seconds"):
        read_pages("scan.tif", content, query, Readers(Reader()), Limits(timeout=1e-6))
