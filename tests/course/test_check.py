"""Every exercise of the course: a right, a wrong and an empty answer; progress; programs that go wrong."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.cli import main
from lenet.course import execution, marking
from lenet.course.exercises import QUESTIONS
from lenet.course.functions import TASKS
from lenet.course.marking import EXERCISES, LESSONS
from lenet.course.progress import progress_path
from lenet.course.texts import texts
from lenet.errors import DataError, LeNetError, UnknownName
from tests.course import solutions

SOLUTIONS = Path(solutions.__file__)
MISTAKES = [(number, name) for number, question in QUESTIONS.items() for name in question.mistakes]
WRONG_FUNCTIONS = [(number, name) for number, task in TASKS.items() for name in task.mistakes]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def written(answer):
    return ",".join(map(str, answer)) if isinstance(answer, tuple) else str(answer)


def test_there_are_ten_lessons_of_three_exercises():
    assert tuple(range(1, 11)) == LESSONS
    assert tuple(f"{lesson}.{place}" for lesson in LESSONS for place in (1, 2, 3)) == EXERCISES
    assert set(EXERCISES) == {*QUESTIONS, *TASKS}
    assert set(marking._FUNCTIONS) == set(TASKS)


@pytest.mark.parametrize("number", QUESTIONS)
def test_a_right_value_is_right_and_an_empty_one_is_refused(number, capsys):
    assert main(["check", number, "--answer", written(QUESTIONS[number].answer())]) == 0
    assert capsys.readouterr().out.startswith(f"{number}: right: ")
    assert main(["check", number, "--answer", " "]) == 1
    assert capsys.readouterr().err == "lenet: the answer is empty; expected a value, as --answer 42\n"


@pytest.mark.parametrize(("number", "name"), MISTAKES)
def test_a_value_that_a_known_mistake_gives_gets_the_hint_that_names_it(number, name):
    question = QUESTIONS[number]
    for language in ("en", "zh"):
        mark = lenet.check(number, written(question.mistakes[name]()), language=language)
        assert (mark.is_right, mark.mistake) == (False, name)
        hints = texts(language).mistakes[number]
        assert all(part in mark.text for part in hints[name].split("{answer}"))


@pytest.mark.parametrize("number", [number for number in QUESTIONS if number != "9.2"])
def test_any_other_value_gets_a_hint(number):
    answer = "7,7,7" if isinstance(QUESTIONS[number].answer(), tuple) else "7777.25"
    mark = lenet.check(number, answer)
    assert (mark.is_right, mark.mistake) == (False, None)
    assert mark.text.endswith(texts("en").hints[number])


@pytest.mark.parametrize("number", [number for number in QUESTIONS if number not in ("6.2", "9.2")])
def test_hints_do_not_give_the_solution_away(number):
    right = QUESTIONS[number].answer()
    shown = ", ".join(map(str, right)) if isinstance(right, tuple) else f"{round(right, 2):g}"
    for language in ("en", "zh"):
        sentences = [texts(language).hints[number], *texts(language).mistakes[number].values()]
        assert not any(shown in sentence.replace(",", "").split() for sentence in sentences)


@pytest.mark.parametrize("number", TASKS)
def test_a_right_function_is_right_from_a_file_and_from_python_and_an_empty_one_is_not(number, tmp_path, capsys):
    task = TASKS[number]
    assert main(["check", number, str(SOLUTIONS)]) == 0
    count = len(task.cases())
    assert capsys.readouterr().out == f"{number}: right: {task.name} gives what lenet gives, in {count} calls.\n"
    assert lenet.check(number, getattr(solutions, task.name)).is_right
    empty = tmp_path / "empty.py"
    empty.write_text("")
    assert main(["check", number, str(empty)]) == 1
    assert f"defines no function {task.name}({', '.join(task.arguments)})" in capsys.readouterr().out
    with pytest.raises(LeNetError, match=f"the answer is empty; expected a Python file that defines {task.name}"):
        lenet.check(number, "")


@pytest.mark.parametrize(("number", "name"), WRONG_FUNCTIONS)
def test_a_function_with_a_known_mistake_gets_the_hint_that_names_it(number, name):
    mark = lenet.check(number, TASKS[number].mistakes[name])
    assert (mark.is_right, mark.mistake) == (False, name)
    assert mark.text.endswith(texts("en").mistakes[number][name])


@pytest.mark.parametrize("number", EXERCISES)
def test_a_wrong_answer_is_marked_wrong_by_the_command(number, tmp_path, capsys):
    if number in TASKS:
        answer = tmp_path / "wrong.py"
        answer.write_text(f"def {TASKS[number].name}(*arguments):\n    return 0.125\n")
        arguments = [str(answer)]
    else:
        right = QUESTIONS[number].answer()
        arguments = [
            "--answer",
            "test" if isinstance(right, str) else "7,7,7" if isinstance(right, tuple) else "7777.25",
        ]
    assert main(["check", number, *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{number}: ")
    assert ": right: " not in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("number", TASKS)
def test_a_function_that_gives_something_else_is_told_which_call(number):
    mark = lenet.check(number, lambda *arguments: np.full((3, 2), 0.125))
    assert (mark.is_right, mark.mistake) == (False, None)
    assert f"{TASKS[number].name}(" in mark.text
    assert mark.text.endswith(texts("en").hints[number])


def test_a_function_that_ends_python_is_marked_and_ends_nothing():
    mark = lenet.check("9.1", lambda errors: sys.exit(3))
    assert (mark.is_right, mark.mistake) == (False, None)
    assert "best_epoch ends with SystemExit: 3" in mark.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_exercise_and_mistake_has_its_words(language):
    words = texts(language)
    assert tuple(words.tasks) == tuple(words.hints) == EXERCISES
    assert tuple(words.lessons) == LESSONS
    for number in EXERCISES:
        mistakes = QUESTIONS[number].mistakes if number in QUESTIONS else TASKS[number].mistakes
        assert list(words.mistakes[number]) == list(mistakes)
        if number in TASKS:
            assert f"`{TASKS[number].name}({', '.join(TASKS[number].arguments)})`" in words.tasks[number]
    assert set(words.words) == set(texts("en").words)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("def convolve(maps, kernels, bias:\n", "line 1: '(' was never closed"),
        ("import numpy\nx = y\n", "line 2: ends with NameError: name 'y' is not defined"),
        ("def convolve(maps):\n    return maps\n", "convolve ends with TypeError"),
        ("def convolve(maps, kernels, bias):\n    return maps[99]\n", "line 2: convolve ends with IndexError"),
        ("def convolve(maps, kernels, bias):\n    pass\n", "convolve returns nothing; is there a `return`?"),
        ("def convolve(maps, kernels, bias):\n    return 'x'\n", "convolve returns a str, expected numbers"),
        ("raise SystemExit(3)\n", "ends Python itself before its function can be called"),
        ("import os\ndef convolve(maps, kernels, bias):\n    os._exit(3)\n", "ends Python itself (exit code 3)"),
        (
            "import numpy\ndef convolve(maps, kernels, bias):\n    return numpy.ones(1 << 32)\n",
            "convolve takes more than 2 GiB of memory",
        ),
    ],
)
def test_a_program_that_goes_wrong_is_told_in_one_sentence(program, message, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(program)
    mark = lenet.check("2.1", path)
    assert not mark.is_right
    assert mark.text.startswith(f"there is nothing to mark: {path}: {message}")
    assert "\n" not in mark.text


def test_a_program_without_end_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "MAX_SECONDS", 1)
    monkeypatch.setattr(execution, "_START_SECONDS", 4)
    path, pid = tmp_path / "mine.py", tmp_path / "pid"
    path.write_text(
        "import pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    assert "takes more than 1 seconds" in lenet.check("2.1", path).text
    status = Path(f"/proc/{pid.read_text()}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_threads_that_a_program_leaves_running_are_not_waited_for(tmp_path, monkeypatch):
    ended = []
    monkeypatch.setattr(
        execution,
        "_kill_process_group",
        lambda process, end=execution._kill_process_group: (ended.append(process.poll()), end(process)),
    )
    path = tmp_path / "mine.py"
    path.write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + SOLUTIONS.read_text()
    )
    assert lenet.check("3.3", path).is_right
    assert ended == [0]  # by itself: one that had been waited for would still run


def test_what_a_program_prints_does_not_reach_json(tmp_path, capfd):
    path = tmp_path / "mine.py"
    path.write_text("print('hello')\n" + SOLUTIONS.read_text())
    assert main(["check", "3.3", str(path), "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert list(values) == ["number", "is_right", "text", "mistake", "note"]
    assert values["is_right"]


def test_progress_is_kept_and_what_was_solved_stays_solved(capsys):
    assert [main(["check", "4.2", "--answer", answer]) for answer in ("0", "32", "0")] == [1, 0, 1]
    capsys.readouterr()
    assert main(["check", "4", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert [(row["number"], row["attempts"], row["is_solved"]) for row in listing["exercises"]] == [
        ("4.1", 0, False), ("4.2", 3, True), ("4.3", 0, False)
    ]  # fmt: skip
    assert main(["check", "4", "--lang", "zh"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("第 4 课：池化与下采样\n")
    assert "4.2  已做对" in printed
    assert printed.endswith("3 题中已做对 1 题\n")
    assert len(lenet.check().exercises) == 30


@pytest.mark.parametrize(
    "damage", ["", "{", '{"format": "x"}', '{"format": "lenet-course-1", "exercises": {"4.2": 1}}']
)
def test_a_damaged_file_of_progress_is_told_and_left_as_it_is(damage):
    progress_path().parent.mkdir(parents=True)
    progress_path().write_text(damage)
    for answer in (None, "32"):
        with pytest.raises(DataError, match=r"course\.json: not the course's progress .*; delete it to begin anew"):
            lenet.check("4.2", answer)
    assert progress_path().read_text() == damage


def test_where_progress_cannot_be_kept_answers_are_marked_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    mark = lenet.check("4.2", 32)
    assert mark.is_right
    assert "This is not recorded" in mark.note


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("11",), UnknownName, "unknown lesson or exercise '11'.* known: 1 to 10, an exercise of one, as 4.2"),
        (("4", "12"), LeNetError, "an answer goes with one exercise, as 4.1; 4 is a lesson"),
        ((None, "12"), LeNetError, "an answer goes with one exercise, as 1.1; none is named"),
        (("4.2", "2,3,4"), LeNetError, "exercise 4.2 is answered by a number; got '2,3,4'"),
        (("4.2", [1, 2]), LeNetError, "exercise 4.2 is answered by a number; got '1,2'"),
        (("2.1", "7"), LeNetError, r"exercise 2.1 is answered by a function convolve\(.*; got '7'"),
        (("4.2", "twelve"), LeNetError, "exercise 4.2 is answered by a number; got 'twelve'"),
        (("4.2", "nan"), LeNetError, "exercise 4.2 is answered by a finite number; got 'nan'"),
        (("8.2", "a,b"), LeNetError, "exercise 8.2 is answered by a shape, as 2,3,4; got 'a,b'"),
        (("9.2", "all"), LeNetError, "exercise 9.2 is answered by one of validation, test, training; got 'all'"),
        (("4.2", len), LeNetError, "answered by a value, not by a function"),
        (("2.1", 7), LeNetError, r"exercise 2.1 is answered by a function convolve\(maps, kernels, bias\)"),
        (("2.1", "nothing.py"), DataError, "nothing.py: no such file; expected a Python file"),
    ],
)
def test_wrong_questions_are_one_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        lenet.check(*arguments)


@pytest.mark.parametrize(
    ("number", "answer"),
    [("5.1", "1,516"), ("5.1", "1 516"), ("5.1", "１５１６"), (5.1, 1516), ("8.2", "16×1×28×28"),
     ("8.2", np.zeros((16, 1, 28, 28)).shape), ("9.2", "验证集"), ("10.3", "90.4 %"), ("7.2", np.log(10))],
)  # fmt: skip
def test_an_answer_may_be_written_in_several_ways(number, answer):
    assert lenet.check(number, answer).is_right


def test_marks_and_lists_have_a_look_in_a_notebook():
    for shown in (lenet.check(4), lenet.check("4.2", 32)):
        assert shown._repr_html_().startswith("<pre style=")
        assert str(shown).splitlines()[0] in shown._repr_html_()


def test_listing_needs_no_numpy():
    code = "import lenet, sys; lenet.check(4); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
