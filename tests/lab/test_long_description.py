"""What package indexes show of the README: pictures and links with addresses of their own, or none."""

import re
from pathlib import Path

from readme_renderer import markdown

import lenet
from lab.reports.long_description import README_FILE, compose_long_description

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / README_FILE).read_text("utf-8")
BLOCKS = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "https://example.org/lenet/lenet"


def targets(markdown: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", BLOCKS.sub("", markdown))


def test_with_a_repository_every_picture_and_link_leads_to_a_file_of_the_version():
    described = compose_long_description(TEXT, f"{ADDRESS}/", "9.8.7")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", described)
    assert len(pictures) == len(re.findall(r"!\[", TEXT)) > 1
    assert all(picture.startswith(f"{ADDRESS}/raw/v9.8.7/docs/images/") for picture in pictures)
    for before, after in zip(targets(TEXT), targets(described), strict=True):
        assert after == before or re.fullmatch(rf"{ADDRESS}/(raw|blob)/v9\.8\.7/{re.escape(before)}", after)


def test_without_a_repository_there_is_no_picture_and_no_relative_link_and_every_other_word_stays():
    described = compose_long_description(TEXT, None, "9.8.7")
    assert [target for target in targets(described) if not target.startswith("https:")] == []
    assert "![" not in described
    assert BLOCKS.findall(described) == BLOCKS.findall(TEXT)
    kept = [line for line in TEXT.splitlines() if not re.match(r"!?\[[^\]]*\]\([^)]*\)( · |$)", line)]
    words = re.sub(r"\[([^\]]*)\]\((?!https:)[^)]*\)", r"\1", "\n".join(kept))
    assert described.split() == words.split()


def test_the_description_is_rendered_as_package_indexes_do():
    html = markdown.render(compose_long_description(TEXT, ADDRESS, lenet.__version__))
    assert html.count("<img") == 3
    assert html.count("<table") == 2
