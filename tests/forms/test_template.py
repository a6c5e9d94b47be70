"""Templates of forms: what they hold, and errors that name line and field."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import UnknownName
from lenet.forms.template import Field, Sum, Template, TemplateError, value_of

FORM = r"""# A form
page = [297, 210]

[[field]]
name = "account"
box = [40, 120, 52, 190]
kind = "digits"
length = 10
check = "mod-97-10"

[[field]]
name = "rent"
box = [60, 120, 72, 190]
kind = "number"
pattern = '\d{1,5},\d{2}'
range = [0.01, 20000]

[[field]]
name = "total"
box = [80, 120, 92, 190]
kind = "number"

[[field]]
name = "born"
box = [100, 120, 112, 190]
kind = "date"
format = "YYYY-MM-DD"

[[field]]
name = "married"
kind = "ticks"
choices = { yes = [120, 120, 125, 125], no = [121, 140, 126, 145] }

[[sum]]
total = "total"
terms = ["rent"]
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_template_holds_what_its_file_says(encoding: str, tmp_path: Path):
    (tmp_path / "form.toml").write_text(FORM, encoding)
    form = Template.load(tmp_path / "form.toml")
    assert form.page == (297, 210)
    assert [field.name for field in form.fields] == ["account", "rent", "total", "born", "married"]
    assert form.field("account") == Field("account", "digits", (40, 120, 52, 190), length=10, check="mod-97-10")
    assert (form.field("rent").pattern, form.field("rent").limits) == (r"\d{1,5},\d{2}", (0.01, 20000))
    assert form.field("born").format == "YYYY-MM-DD"
    assert form.field("married").box == (120, 120, 126, 145)
    assert dict(form.field("married").choices)["no"] == (121, 140, 126, 145)
    assert form.sums == (Sum("total", ("rent",)),)
    with pytest.raises(UnknownName, match="unknown field 'renta'; did you mean rent"):
        form.field("renta")


@pytest.mark.parametrize("manual", ["forms.md", "forms.zh-CN.md"])
def test_the_example_of_the_manual_is_one(manual: str):
    text = (Path(__file__).parents[2] / "docs" / manual).read_text("utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    account, *others = Template.parse("page = [1188, 1144]\n" + example.partition("[[sum]]")[0]).fields
    assert len(account.cells) == 10
    assert [field.kind for field in others] == ["date", "number", "ticks"]


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("page = [297, 210]", "", 1, "no entry 'page'"),
        ("page = [297, 210]", "page = [297]", 2, "page is [297], expected a list of 2 numbers"),
        ("page = [297, 210]", "page = [0, 210]", 2, "page is not above 0"),
        ("page = [297, 210]", "pages = [297, 210]", 2, "unknown entry 'pages'; did you mean page?"),
        ('name = "account"', "", 4, "field 'number 1': no entry 'name'"),
        ('name = "account"', 'name = ""', 5, "name is '', expected a text"),
        ('name = "total"', 'name = "rent"', 19, "field 'rent': has the name of an earlier field"),
        ("box = [40, 120, 52, 190]", "box = [52, 120, 40, 190]", 6, "field 'account': box is [52, 120, 40, 190], expe"),
        ("box = [40, 120, 52, 190]", "box = [40, 120, 52, 290]", 6, "within the page of 297 by 210"),
        ("box = [40, 120, 52, 190]", 'box = "all"', 6, "field 'account': box is 'all', expected a list of 4 numbers"),
        ('kind = "digits"', 'kind = "digit"', 7, "field 'account': unknown kind 'digit'; did you mean digits?"),
        (
            'kind = "digits"',
            'kind = "date"',
            8,
            "length is of fields of kind digits or number, and this is one of date",
        ),
        ("length = 10", "length = 0", 8, "length is 0, expected a whole number of 1 to 100"),
        ("length = 10", "lenght = 10", 8, "field 'account': unknown entry 'lenght'; did you mean length?"),
        ('check = "mod-97-10"', 'check = "mod-97"', 9, "field 'account': unknown check 'mod-97'; did you mean mod-97-"),
        ('check = "mod-97-10"', 'check = "iban"', 9, "check is iban, whose texts begin with letters, and only digits"),
        (r"pattern = '\d{1,5},\d{2}'", r"pattern = '\d{5'", 15, "field 'rent': "),
        ("range = [0.01, 20000]", "range = [2, 1]", 16, "field 'rent': range is [2, 1], expected the least value bef"),
        ("range = [0.01, 20000]", "range = [nan, 1]", 16, "field 'rent': range is [nan, 1], expected a list of 2 num"),
        ('format = "YYYY-MM-DD"', 'format = "YYYY-MM"', 27, "field 'born': format is 'YYYY-MM', expected DD, MM and"),
        ("no = [121, 140, 126, 145]", "no = [1]", 32, "field 'married': choices.no is [1], expected a list of 4 numb"),
        (
            'total = "total"',
            'total = "totla"',
            35,
            "sum 1: unknown field of digits or numbers 'totla'; did you mean tot",
        ),
        ('terms = ["rent"]', 'terms = ["born"]', 36, "sum 1: unknown field of digits or numbers 'born'"),
        ('terms = ["rent"]', 'terms = ["total"]', 36, "sum 1: terms are ['total'], expected other fields than the to"),
        ('terms = ["rent"]', 'terms = "rent"', 36, "sum 1: terms is 'rent', expected a list of texts"),
    ],
)
def test_errors_name_line_and_field(before: str, after: str, line: int, message: str):
    assert before in FORM
    with pytest.raises(TemplateError) as error:
        Template.parse(FORM.replace(before, after, 1), "mine.toml")
    assert str(error.value).startswith(f"mine.toml, line {line}")
    assert message in str(error.value)


@pytest.mark.parametrize("content", [b"page = [", b"\xff\xfe[", b"a" * (1 << 21), b"= 1", b"[[[[[", None])
def test_what_is_no_toml_is_one_sentence(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "form.toml").write_bytes(content)
    with pytest.raises(TemplateError, match=r"form\.toml: ") as error:
        Template.load(tmp_path / "form.toml")
    assert "\n" not in str(error.value)


@settings(deadline=None)  # the machine may be busy
@given(
    st.sampled_from(FORM.splitlines()),
    st.sampled_from(["{", "1", '""', "[]", "{}", "nan", "[1]", "[[1]]", "true", "'x'"]),
)
def test_any_value_in_place_of_another_is_taken_or_one_sentence(line: str, value: str):
    key, equals, _ = line.partition(" = ")
    changed = FORM.replace(line, f"{key} = {value}" if equals else value)
    message = "form.toml"
    try:
        Template.parse(changed)
    except TemplateError as error:
        message = str(error)
    assert message.startswith("form.toml")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ({"kind": "digits"}, ["", "0042", "12 34"], ["1a", "1,5"]),
        ({"kind": "digits", "length": 4}, ["0042"], ["042", ""]),
        ({"kind": "digits", "check": "luhn"}, ["79927398713"], ["79927398710"]),
        ({"kind": "digits", "limits": (10, 20)}, ["10", "020", "15"], ["9", "21", "x"]),
        ({"kind": "digits", "pattern": r"\d{3}-\d{4}"}, ["555-0142"], ["5550142"]),
        ({"kind": "number"}, ["0", "-12,50", "+3.5", "1 234"], ["", "12-", "1,2,3", "1."]),
        ({"kind": "number", "limits": (0.1, 0.3)}, ["0,1", "0.30"], ["0.31", "0.09", "-0.2"]),
        ({"kind": "date"}, ["29.02.2024", "01.12.1999"], ["29.02.2023", "1.2.2024", "2024-02-29", "00.01.2024"]),
        ({"kind": "date", "format": "MM/DD/YY"}, ["12/31/99"], ["31/12/99"]),
    ],
)
def test_a_field_says_what_cannot_stand_in_it(field, right: list[str], wrong: list[str]):
    one = Field("f", box=(0, 0, 1, 1), **field)
    assert [one.violation(text) for text in right] == [""] * len(right)
    assert all(one.violation(text) for text in wrong)


@settings(deadline=None)  # the machine may be busy
@given(st.decimals(-10_000, 10_000, places=2), st.sampled_from(",."))
def test_a_number_is_the_same_with_comma_and_point(number: Decimal, point: str):
    assert value_of(f"{number:.2f}".replace(".", point)) == number


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.decimals(0, 10_000, places=2), min_size=1, max_size=5), st.decimals(-1, 1, places=2))
def test_a_sum_holds_exactly(terms: list[Decimal], error: Decimal):
    names = tuple(f"term {number}" for number in range(len(terms)))
    values = dict(zip(names, map(str, terms), strict=True)) | {"all": str(sum(terms) + error)}
    assert Sum("all", names).holds(values) == (error == 0)
    assert not Sum("all", names).holds(values | {names[0]: "?"})
    assert not Sum("all", (*names, "missing")).holds(values)
