"""Networks of one's own in TOML files: what is written is read back, and every mistake is named with its place."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lenet
from lenet.architecture import Convolution, FullConnection, Network, Stage, relu
from lenet.cli import main
from lenet.errors import ArchitectureError, LeNetError, WeightsError
from lenet.networks import describe, from_toml, names, to_toml
from tests.pytorch.test_standalone_source import CUSTOM

HEAD = 'name = "own"\ninput = [1, 28, 28]\n'


def stage(name="c1", layer="convolution", **values):
    lines = [f"name = {json.dumps(name)}", f"layer = {json.dumps(layer)}"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(["[[stage]]", *lines, ""])


@pytest.mark.parametrize("name", names())
def test_every_network_is_what_its_file_describes(name, tmp_path, capsys):
    assert main(["show", name, "--toml"]) == 0
    path = tmp_path / "copy.toml"
    path.write_text(capsys.readouterr().out, "utf-8")
    assert lenet.describe(path) == lenet.describe(str(path)) == describe(name)
    assert main(["diff", name, str(path)]) == 0
    assert "the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    "what", [what for what in CUSTOM if CUSTOM[what].source.isprintable() and CUSTOM[what].name != "own"]
)
def test_every_kind_of_stage_survives_its_file(what):
    assert from_toml(to_toml(CUSTOM[what])) == CUSTOM[what]


@given(st.text(max_size=40))
def test_any_text_of_a_description_survives_but_for_what_terminals_act_on(text):
    own = Network("own", (1, 4, 4), CUSTOM["text that could end the docstring"].stages, text, text, (text,))
    assert from_toml(to_toml(own)) == from_toml(to_toml(from_toml(to_toml(own))))
    if text.isprintable():
        assert from_toml(to_toml(own)) == own


def test_what_is_left_out_has_its_default():
    text = "input = [1, 28, 28]\n" + stage(maps=6) + stage("out", "full connection", units=10)
    assert from_toml(text, "file") == Network(
        "file", (1, 28, 28), (Stage("c1", Convolution(6)), Stage("out", FullConnection(10)))
    )


def test_names_of_layers_and_activations_are_forgiving():
    text = HEAD + stage(layer="Convolution", maps=2, activation="ReLU") + stage("p", "Max-Pooling")
    assert [one.kind for one in from_toml(text).stages] == ["convolution", "max_pooling"]
    assert from_toml(text).stages[0].activation is relu


@pytest.mark.parametrize(
    "table",
    [
        '"table I"',
        '"Table i"',
        json.dumps([list(row) for row in lenet.describe("lenet-5").stages[2].layer.table]),
        '"""\nX...XXX..XXXX.XX\nXX...XXX..XXXX.X\nXXX...XXX..X.XXX\n.XXX..XXXX..X.XX\n..XXX..XXXX.XX.X\n...XXX..XXXX.XXX\n"""',
    ],
)
def test_a_table_is_named_listed_or_drawn(table):
    text = HEAD + stage(maps=6) + '[[stage]]\nname = "c3"\nlayer = "convolution"\nmaps = 16\n' + f"table = {table}\n"
    assert from_toml(text).stages[1].layer.table == describe("lenet-5").stages[2].layer.table


def test_prototypes_are_characters_or_lists():
    f6 = HEAD + stage("f6", "full connection", units=84, activation="squash")
    network = from_toml(f6 + stage("output", "euclidean rbf", prototypes="0123456789"))
    assert network.stages[-1] == describe("lenet-5").stages[-1]
    f2 = HEAD + stage("f2", "full connection", units=2)
    assert from_toml(f2 + stage("output", "euclidean rbf", prototypes=[[1, -1], [1, 1]])).classes == 2


TEXT_WITH_A_HEADER = 'description = """\n[[stage]]\n"""\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + stage(layer="convolutoin"), r"line 3, stage 'c1': unknown layer .*; did you mean convolution\?"),
        (HEAD + stage(maps=6, activation="rleu"), r"line 3, stage 'c1': unknown activation 'rleu'; did you mean relu"),
        (HEAD + stage(maps=6) + stage("p", "max pooling", size=5), r"line 7, stage 'p': receives 6@24×24: needs rows"),
        (HEAD + TEXT_WITH_A_HEADER + stage(maps=6) + stage(), r"line 10, stage 'c1': no entry 'maps', which a conv"),
        (HEAD + stage(maps=6) + stage(maps=6), "line 7, stage 'c1': stage names must differ, but c1 stands twice"),
        (HEAD + stage(maps="6"), "line 3, stage 'c1': maps is '6', expected a whole number"),
        (HEAD + stage(maps=6, kernel="five"), "line 3, stage 'c1': kernel is 'five', expected a whole number"),
        (HEAD + stage(maps=6, kernal=5), r"line 3, stage 'c1': unknown key 'kernal'; did you mean kernel\?"),
        (HEAD + stage(maps=0), "line 3, stage 'c1': maps is 0, expected at least 1"),
        (HEAD + stage(maps=10**9), "line 3, stage 'c1': is 1000000000@24×24, expected at most"),
        (HEAD + stage(maps=16, table="table 2"), "line 3, stage 'c1': unknown connection table 'table 2';.*or a draw"),
        (HEAD + stage(maps=16, table="XX\n.O"), "line 3, stage 'c1': unknown connection table"),
        (HEAD + stage(maps=2, table="X.\nX."), "line 3, stage 'c1': connection table: column 1 has no X"),
        (HEAD + stage(maps=16, table=[[0, 1.5]]), r"line 3, stage 'c1': table\[0\] is \[0, 1.5\], expected a list of"),
        (HEAD + stage("a/b", maps=6), "line 3, stage 'a/b': the stage name 'a/b' is none that a file can have"),
        (HEAD + '[[stage]]\nlayer = "convolution"\n', "line 3, stage 1: no entry 'name'"),
        (HEAD + stage("o", "euclidean rbf", prototypes="é"), "line 3, stage 'o': prototypes has the character 'é'"),
        (HEAD + 'stage = [{ name = "a" }]', "stage 'a': no entry 'layer'"),
        (HEAD, r"has no stage, expected at least one \[\[stage\]\]"),
        ('name = "own"\n' + stage(), "no entry 'input'"),
        (HEAD.replace("[1, 28, 28]", '"28"') + stage(), "line 2: input is '28', expected a list of 3 whole numbers"),
        (HEAD.replace("28]", "0]") + stage(maps=6), "takes 1@28×0, expected at least 1 of each"),
        (HEAD + "descripton = 1\n" + stage(), r"line 3: unknown key 'descripton'; did you mean description or deviat"),
        ("input = [[\n", "not TOML: "),
        ("[" * 5000, "not TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_its_line_and_stage(text, message, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ArchitectureError, match=f"{re.escape(str(path))}: {message}") as caught:
        describe(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_description_is_read_as_editors_and_shells_of_windows_save_it_too(encoding, line_end, tmp_path):
    text = to_toml(describe("lenet-5"))
    (tmp_path / "own.toml").write_bytes(text.replace("\n", line_end).encode(encoding))
    assert describe(tmp_path / "own.toml") == describe("lenet-5")


def test_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "large.toml").write_text("#" * 2_000_000)
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    (tmp_path / "folder.toml").mkdir()
    for name, message in (
        ("large.toml", "has more than 1,048,576 bytes"),
        ("latin.toml", "byte 11 is no UTF-8"),
        ("folder.toml", "is a directory"),
        ("none.toml", "no such file; `lenet show lenet-5 --toml` prints one"),
    ):
        with pytest.raises(ArchitectureError, match=message):
            describe(tmp_path / name)


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(HEAD + stage(maps=2, activation="relu") + stage("p", "max pooling") +
                    stage("out", "full connection", units=10), "utf-8")  # fmt: skip
    return path


def test_a_file_is_taken_wherever_a_networks_name_is(own, tmp_path, capsys, mnist):
    network = describe(own)
    assert lenet.show(own).network == lenet.create(str(own)).network == network
    assert lenet.code(own) == lenet.code(network)
    assert lenet.diff(own, network).before.network == network
    run = lenet.train(own, mnist, epochs=1, out=tmp_path / "run")
    assert run.model.network == network
    assert lenet.train(own, mnist, epochs=1, out=tmp_path / "run", resume=True).model.digest == run.model.digest
    for verb in (["show"], ["code"], ["diff", "lenet-5"]):
        assert main([*verb, str(own)]) == 0
    assert "2@24×24" in capsys.readouterr().out


def test_a_file_takes_no_options_because_it_says_them(own):
    for verb in (lenet.describe, lenet.show, lenet.create, lenet.code, lenet.train):
        with pytest.raises(ArchitectureError, match=r"own\.toml describes its network whole and takes no classes"):
            verb(own, classes=3)


def test_a_file_without_weights_is_shown_untrained_and_said_to_be(own, tmp_path, capsys):
    picture = np.zeros((28, 28), np.uint8)
    from PIL import Image

    Image.fromarray(picture).save(tmp_path / "p.png")
    lenet.explain(own, tmp_path / "lesson.html")
    assert "own.toml has no weights; what is shown is the network before training" in capsys.readouterr().err
    assert '"c1"' in (tmp_path / "lesson.html").read_text("utf-8")
    assert main(["explain", str(own), "-o", str(tmp_path / "again.html")]) == 0
    assert capsys.readouterr().err.count("\n") == 1


def test_what_needs_weights_refuses_a_file_that_has_none(own):
    with pytest.raises(WeightsError, match=r"own\.toml: describes a network and holds no weights; `lenet train"):
        lenet.load(own)


def test_the_server_opens_no_file_for_a_name(own):
    with pytest.raises(LeNetError, match="unknown network"):
        lenet.networks.registered(str(own))


def test_the_example_is_lenet_5_average_but_for_140_units_in_f5():
    path = Path(__file__).parents[2] / "examples" / "lenet-5-f5-140.toml"
    shown = lenet.show(path)
    assert [one.parameters for one in shown.stages] == [156, 0, 2_416, 0, 56_140, 11_844, 850]
    assert shown.parameters == 71_406
    result = [str(line) for line in str(lenet.diff("lenet-5-average", path)).splitlines() if "units" in line]
    assert len(result) == 1


def test_files_of_version_0_1_with_a_story_and_departures_still_describe_the_same_network():
    root = Path(__file__).parents[2]
    assert lenet.describe(root / "tests/version-0.1/lenet-5-f5-140.toml") == lenet.describe(
        root / "examples/lenet-5-f5-140.toml"
    )
