"""Check digits: published examples, and the errors that each rule was made to find."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lenet.forms.check_digits import CHECKS

SIGNS = string.digits + string.ascii_uppercase
# What stands in the standards, on books, goods and cards.
PUBLISHED = {
    "luhn": ["79927398713", "4539 1488 0343 6467", "490154203237518"],
    "isbn-10": ["0-306-40615-2", "0-8044-2957-X", "3-16-148410-X"],
    "isbn-13": ["978-0-306-40615-7", "978-3-16-148410-0"],
    "ean-8": ["73513537", "9638 5074"],
    "ean-13": ["4006381333931", "5901234123457"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00", "NO93 8601 1117 947"],
    "mod-11-2": ["0000-0002-1825-0097", "0000-0002-1694-233X", "0794 0"],
    "mod-97-10": ["79444"],
    "mod-11-10": ["07945"],
    "mod-37-36": ["A1-2425G-ABC1234002-M"],
}
LENGTHS = {"isbn-10": 9, "isbn-13": 12, "ean-8": 7, "ean-13": 12}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in PUBLISHED.items() for text in texts])
def test_what_is_published_is_right(rule: str, text: str):
    assert CHECKS[rule](text)


def completed(rule: str, body: str) -> list[str]:
    """The texts with this beginning that the rule allows, with one check sign or two."""
    if rule == "iban":
        return [
            body[:2] + f"{number:02}" + body[2:]
            for number in range(98)
            if CHECKS[rule](body[:2] + f"{number:02}" + body[2:])
        ]
    signs = [f"{number:02}" for number in range(100)] if rule == "mod-97-10" else [*SIGNS, "*"]
    return [body + sign for sign in signs if CHECKS[rule](body + sign)]


def bodies(rule: str) -> st.SearchStrategy[str]:
    if rule == "iban":
        return st.tuples(
            st.text(string.ascii_uppercase, min_size=2, max_size=2), st.text(SIGNS, min_size=11, max_size=30)
        ).map("".join)
    signs = SIGNS if rule.startswith("mod-37") else string.digits
    length = LENGTHS.get(rule)
    body = st.text(signs, min_size=length or 1, max_size=length or 15)
    return body.map(lambda text: "978" + text[3:]) if rule == "isbn-13" else body


@pytest.mark.parametrize("rule", CHECKS)
@settings(deadline=None)  # the machine may be busy
@given(data=st.data())
def test_every_text_can_be_completed_in_one_way_and_no_single_wrong_sign_goes_unseen(rule: str, data):
    [text] = completed(rule, data.draw(bodies(rule)))[:1]
    assert len(completed(rule, text[: -2 if rule == "mod-97-10" else -1])) == 1 or rule in ("iban", "mod-97-10")
    place = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from(SIGNS if rule in ("iban", "mod-37-2", "mod-37-36") else string.digits))
    assume(wrong != text[place])
    changed = text[:place] + wrong + text[place + 1 :]
    assume(rule != "iban" or (wrong.isdigit() == text[place].isdigit()))
    assert not CHECKS[rule](changed)


@pytest.mark.parametrize("rule", ["isbn-10", "mod-11-2", "mod-37-2", "mod-97-10"])
@settings(deadline=None)  # the machine may be busy
@given(data=st.data())
def test_neighbors_that_have_changed_places_are_seen(rule: str, data):
    [text] = completed(rule, data.draw(bodies(rule)))[:1]
    place = data.draw(st.integers(0, len(text) - 2))
    assume(text[place] != text[place + 1])
    assert not CHECKS[rule](text[:place] + text[place + 1] + text[place] + text[place + 2 :])


@pytest.mark.parametrize("rule", CHECKS)
@settings(deadline=None)  # the machine may be busy
@given(text=st.text())
def test_anything_else_is_wrong_and_no_error(rule: str, text: str):
    assert CHECKS[rule](text) in (True, False)
    assert not CHECKS[rule](text + "!")
    assert not CHECKS[rule]("")
    assert not CHECKS[rule]("٣" * 13)
