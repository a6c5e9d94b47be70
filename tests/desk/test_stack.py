"""The stack of a desk: no field is leased to two people, and nothing that was typed is lost."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lenet.desk.desk import Desk
from lenet.desk.fields import Field, PageFields
from lenet.desk.stack import FILE, LEASE_SECONDS, AnsweredElsewhere, Stack, Unwritable
from lenet.errors import LeNetError
from tests.processes import wait_until

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def doubtful(name: str, bundle: str | None = None) -> Field:
    return Field(
        name, "digits", "7", 0.6, (0, 0, 20, 20), "doubtful", "not sure enough", (("1", 0.3),),
        bundle=bundle, needs_review=True,
    )  # fmt: skip


def stack_of(folder, count: int, clock=None, sure: int = 0, bundle: int = 0) -> Stack:
    """A stack of one page with so many doubtful fields, sure ones, and ones of a sum that does not hold."""
    stack = Stack(folder, clock or Clock())
    fields = [doubtful(f"f{number}") for number in range(count)]
    fields += [Field(f"s{number}", "digits", "5", 0.99, (0, 0, 9, 9)) for number in range(sure)]
    fields += [doubtful(f"t{number}", "total") for number in range(bundle)]
    file = stack.add_file("a.png", folder / "a.png")
    stack.finish_file(file, [PageFields(1, (100, 100), tuple(fields))])
    return stack


def names(fields) -> list[str]:
    return [field["name"] for field in fields]


def test_only_doubtful_fields_are_leased_in_their_order(tmp_path):
    stack = stack_of(tmp_path, 3, sure=2)
    leased = []
    while field := next(iter(stack.lease("ann")), None):
        leased.append(field["name"])
        stack.answer("ann", field["id"], "4")
    assert leased == ["f0", "f1", "f2"]
    assert (stack.counts().for_review, stack.counts().answered, stack.counts().keys) == (3, 3, 3)


def test_a_leased_field_goes_to_nobody_else_until_its_lease_is_over(tmp_path):
    clock = Clock()
    stack = stack_of(tmp_path, 3, clock)
    assert names(stack.lease("ann", 2)) == ["f0", "f1"]
    assert names(stack.lease("bob", 2)) == ["f2"]
    assert names(stack.lease("ann", 2)) == ["f0", "f1"], "a page that is loaded again gets its own again"
    clock.now += LEASE_SECONDS + 1
    assert names(stack.lease("bob", 3)) == ["f0", "f1", "f2"]
    with pytest.raises(AnsweredElsewhere, match="leased to somebody else now"):
        stack.answer("ann", 1, "4")
    stack.answer("bob", 1, "5")
    with pytest.raises(AnsweredElsewhere, match="answered by somebody else"):
        stack.answer("ann", 1, "4")
    assert stack.field(1)["answer"] == "5"


def test_an_answer_that_is_sent_again_counts_once(tmp_path):
    stack = stack_of(tmp_path, 1)
    stack.lease("ann")
    for _ in range(3):
        stack.answer("ann", 1, "4", key_presses=2)
    assert stack.counts().keys == 2


def test_a_postponed_field_comes_last_and_taking_back_an_answer_returns_it_as_a_draft(tmp_path):
    stack = stack_of(tmp_path, 3)
    assert names(stack.lease("ann")) == ["f0"]
    stack.postpone("ann", 1)
    assert names(stack.lease("ann")) == ["f1"]
    stack.answer("ann", 2, "4")
    field = stack.take_back("ann")
    assert (field["name"], field["draft"], field["answer"]) == ("f1", "4", None)
    assert stack.take_back("bob") is None
    stack.answer("ann", 2, "6")
    assert names(stack.lease("ann")) == ["f2"]
    stack.answer("ann", 3, "1")
    assert names(stack.lease("ann")) == ["f0"]
    assert stack.counts().keys == 5


def test_the_fields_of_a_sum_that_does_not_hold_come_together(tmp_path):
    stack = stack_of(tmp_path, 1, bundle=3)
    assert names(stack.lease("ann")) == ["f0"]
    assert names(stack.lease("bob")) == ["t0", "t1", "t2"]
    stack.postpone("bob", 3)
    assert names(stack.lease("cy", 9)) == ["t0", "t1", "t2"]


def test_a_sure_field_can_be_reopened_and_one_that_somebody_else_leases_cannot(tmp_path):
    stack = stack_of(tmp_path, 1, sure=1)
    stack.lease("ann")
    assert stack.reopen("bob", 2)["name"] == "s0"
    stack.answer("bob", 2, "8")
    assert stack.reopen("ann", 2)["draft"] == "8"
    with pytest.raises(AnsweredElsewhere):
        stack.reopen("bob", 1)


def test_a_file_is_put_on_the_stack_once_and_its_pages_too(tmp_path):
    stack = stack_of(tmp_path, 2)
    assert stack.add_file("a.png", tmp_path / "a.png") == 1
    stack.finish_file(1, [PageFields(1, (1, 1), (doubtful("again"),))])
    assert (stack.counts().pages, stack.counts().fields) == (1, 2)


def test_what_was_typed_is_there_when_the_stack_is_opened_again(tmp_path):
    stack = stack_of(tmp_path, 2)
    stack.lease("ann", 2)
    stack.save_draft("ann", 1, "12")
    stack.answer("ann", 2, "3")
    again = Stack(tmp_path, Clock())
    assert again.field(1)["draft"] == "12"
    assert again.field(2)["answer"] == "3"
    assert names(again.lease("ann", 2)) == ["f0"]


@pytest.mark.parametrize("content", [b"no database, but long enough to be looked at" * 40, b"\0" * 4096])
def test_a_file_that_is_no_stack_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(LeNetError, match="is no stack of a desk"):
        Stack(tmp_path)


def test_a_stack_that_cannot_be_opened_is_not_reported_as_another_file(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(LeNetError, match="cannot be opened and written"):
        Stack(tmp_path)


def test_the_stack_of_a_newer_version_is_refused(tmp_path):
    stack = stack_of(tmp_path, 1)
    stack._db.execute("PRAGMA user_version = 9")
    with pytest.raises(LeNetError, match="has version 9, expected 1"):
        Stack(tmp_path)


ACTIONS = ("lease", "answer", "postpone", "take back", "draft", "wait")


def play(stack: Stack, clock: Clock, steps, queues: dict[str, list[int]]) -> list[tuple[str, int]]:
    """Play steps of people, who act on the first field of their queue; returns who was leased which field."""
    leased: list[tuple[str, int]] = []
    for who, action in steps:
        mine = queues.setdefault(who, [])
        if action == "wait":
            clock.now += LEASE_SECONDS / 2 + 1
        elif action == "lease":
            of_others = {row["id"] for row in leases(stack, clock.now) if row["leased_by"] != who}
            for field in stack.lease(who):
                assert field["id"] not in of_others
                if field["id"] not in mine:
                    leased.append((who, field["id"]))
                    mine.append(field["id"])
        elif action == "take back":
            field = stack.take_back(who)
            if field is not None and field["id"] not in mine:
                mine.insert(0, field["id"])
        elif mine:
            field = mine[0]
            try:
                if action == "answer":
                    stack.answer(who, field, f"{who}{field}")
                elif action == "postpone":
                    stack.postpone(who, field)
                else:
                    stack.save_draft(who, field, "1")
                    continue
            except AnsweredElsewhere:
                pass
            mine.pop(0)
    return leased


def leases(stack: Stack, now: float):
    query = "SELECT id, leased_by FROM fields WHERE answer IS NULL AND leased_until > ?"
    return stack._db.execute(query, (now,)).fetchall()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(ACTIONS)), max_size=40))
def test_whatever_two_people_do_every_field_ends_with_one_answer_and_one_person(tmp_path_factory, steps):
    clock, folder = Clock(), tmp_path_factory.mktemp("stack")
    stack = stack_of(folder, 4, clock)
    play(stack, clock, steps, {})
    clock.now += LEASE_SECONDS + 1
    while fields := stack.lease("ann"):
        stack.answer("ann", fields[0]["id"], f"ann{fields[0]['id']}")
    rows = stack._db.execute("SELECT id, answer, answered_by FROM fields").fetchall()
    assert [row["answer"] for row in rows] == [f"{row['answered_by']}{row['id']}" for row in rows]
    stack.close()


def test_in_every_interleaving_of_two_peoples_steps_nobody_is_leased_what_the_other_was(tmp_path):
    actions = ["lease", "answer", "lease", "answer"]
    for number, anns_turns in enumerate(itertools.combinations(range(8), 4)):
        steps, remaining = [], {"ann": iter(actions), "bob": iter(actions)}
        for turn in range(8):
            who = "ann" if turn in anns_turns else "bob"
            steps.append((who, next(remaining[who])))
        clock = Clock()
        stack = stack_of(tmp_path / str(number), 4, clock)
        leased = play(stack, clock, steps, {})
        assert sorted(field for _, field in leased) == [1, 2, 3, 4], steps
        assert stack.counts().answered == 4
        stack.close()


def test_threads_that_lease_at_once_get_different_fields(tmp_path):
    stack, got = stack_of(tmp_path, 60), []

    def work(who: str) -> None:
        while fields := stack.lease(who):
            got.append(fields[0]["id"])
            stack.answer(who, fields[0]["id"], "1")

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 61))


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_a_process_that_is_killed_loses_no_answer_that_it_has_acknowledged(tmp_path):
    stack_of(tmp_path, 300).close()
    code = (
        "import sys; from pathlib import Path; from lenet.desk.stack import Stack\n"
        "stack = Stack(Path(sys.argv[1]))\n"
        "while fields := stack.lease('ann'):\n"
        "    stack.answer('ann', fields[0]['id'], str(fields[0]['id'] % 10)); print(fields[0]['id'], flush=True)\n"
    )
    acknowledged: list[int] = []
    for _ in range(3):
        command = [sys.executable, "-c", code, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(40):
                acknowledged.append(int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    assert len(set(acknowledged)) == len(acknowledged), "one was leased twice"
    stack = Stack(tmp_path)
    assert all(stack.field(field)["answer"] == str(field % 10) for field in acknowledged)


def test_files_that_are_read_when_the_disk_is_full_wait_and_are_read_when_there_is_room(tmp_path):
    desk, attempts = Desk(tmp_path), []
    shutil.copy(DIGITS / "pi.png", tmp_path / "wanted.png")
    desk.stack.add_file("wanted.png", tmp_path / "wanted.png")
    others = [desk.stack.add_file("full.png", tmp_path / f"{number}.png") for number in range(200)]
    [(pages,)] = desk.stack._db.execute("PRAGMA page_count")
    desk.stack._db.execute(f"PRAGMA max_page_count = {pages}")  # with more SQLite says that the disk is full

    def fill(length: int) -> None:
        while others:
            field = Field("f", "line", "1" * length, 1.0, (0, 0, 9, 9))
            desk.stack.finish_file(others[-1], [PageFields(1, (9, 9), (field,))])
            others.pop()

    for length in (2000, 1):  # until not even the shortest field has room
        with pytest.raises(Unwritable, match="is full"):
            fill(length)
    full, expected = desk.stack.counts(), desk.stack.waiting()
    desk.stack._db.set_trace_callback(attempts.append)
    desk.start()
    try:
        wait_until(lambda: any(statement.startswith("UPDATE files") for statement in attempts))
        with desk.stack._lock:  # which that attempt holds until it has failed
            assert desk.stack.waiting() == expected
            desk.stack._db.execute("PRAGMA max_page_count = 100000")
        desk._reading.wake()
        wait_until(lambda: not desk.stack.waiting())
        assert (desk.stack.counts().failed, desk.stack.counts().pages) == (len(others), full.pages + 1)
    finally:
        desk.stop()
